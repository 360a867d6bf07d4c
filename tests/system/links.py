"""A port whose link goes, whose interface goes, on which others have traffic, filters and programs of
their own: what the tester's own port did is never the device's loss. The kernel's counters judge.
"""

import signal
import sys
import tempfile
import time

from cable import amid, cable
from expect import INVALID, PRECONDITION, document, sentence
from harness import SLOW, Skip, Suite, Topology, check, run

SUITE = Suite()
BACKENDS = ("af_packet", "af_xdp")
GENTLE = ["--rate", "2kpps", "--burst", "1024", "--warm-up", "0", "--waiting-time", "200ms", "--json"]
# LLDP (IEEE 802.1AB), which nobody in these namespaces listens for.
LLDP = """
import socket, sys, time
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind((sys.argv[1], 0))
frame = bytes.fromhex("0180c200000e 020000000101 88cc".replace(" ", "")) + bytes(46)
while True:
    out.send(frame)
    time.sleep(0.005)
"""
# Programs of others, without a header: XDP_DROP is 1, TC_ACT_SHOT is 2.
XDP_DROP = '__attribute__((section("xdp"), used)) int taker(void *ctx) { (void)ctx; return 1; }'
TC_DROP = '__attribute__((section("tc"), used)) int taker(void *ctx) { (void)ctx; return 2; }'


def kernel(net, where, interface, name):
    """A counter of an interface, from the kernel of that namespace."""
    return int(check(*net.inside(where, "cat", f"/sys/class/net/{interface}/{name}")))


def between(net, backend, *more):
    """The arguments of a trial through the device."""
    return ["trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1", *GENTLE, *more]


def device(net, *flags):
    dut = net.start("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", *flags)
    dut.wait_for("forwarding")
    return dut


def only_trial(done):
    trial = document(done.out)["trials"][0]
    return trial, trial["directions"][0]


def nobody_blamed(done, word="link"):
    trial, found = only_trial(done)
    assert done.code == INVALID and trial["verdict"] == "invalid", done
    assert word in trial["reason"], trial["reason"]
    counts, where = found["counts"], found["attribution"]
    assert where["dut"] == 0, where
    explained = sum(where.get(name, 0) for name in
                    ("tx_ring", "rx_ring", "rx_nic", "late", "not_attributable"))
    assert counts["lost"] == explained, (counts, where)
    return trial, found


def router(net):
    """The device's own kernel, which keeps no frame for a link that is away. Returns the flags."""
    for n in range(2):
        net.ip("device", "addr", "add", f"10.{n + 1}.0.1/24", "dev", f"d{n}")
    net.ip("device", "neigh", "add", "10.2.0.2", "lladdr", "02:00:00:00:00:01", "dev", "d1")
    check(*net.inside("device", "sysctl", "-qw", "net.ipv4.ip_forward=1"))
    return ["--src-ip", "10.1.0.2", "--dst-ip", "10.2.0.2", "--dst-mac", "02:00:00:00:01:00"]


def sent_meanwhile(net, process, more):
    """Waits until the tester's first port has sent so many more, however late the sender is, or until
    the trial is over. Says how many it were."""
    begun = kernel(net, "tester", "t0", "statistics/tx_packets")
    while process.running() and kernel(net, "tester", "t0", "statistics/tx_packets") < begun + more:
        time.sleep(0.002)
    return kernel(net, "tester", "t0", "statistics/tx_packets") - begun


def flap(backend, where, interface):
    """30 ms without a carrier and some frames long, amid a trial."""
    with Topology() as net:
        process = net.start("tester", *between(net, backend, "--duration", "2s", *router(net)))
        before = kernel(net, "tester", "t1", "carrier_down_count")
        sent = kernel(net, "tester", "t0", "statistics/tx_packets")
        while kernel(net, "tester", "t0", "statistics/tx_packets") < sent + 200:
            assert process.running(), process.wait(1)
        net.ip(where, "link", "set", interface, "down")
        time.sleep(0.03)
        sent_into_it = sent_meanwhile(net, process, 20)
        net.ip(where, "link", "set", interface, "up")
        done = process.wait()
        gone = kernel(net, "tester", "t1", "carrier_down_count") - before
        trial, found = nobody_blamed(done)
        assert gone == 1 and "t1" in trial["reason"], (gone, trial["reason"])
        assert found["counts"]["lost"] >= sent_into_it, (found["counts"], sent_into_it)


for name in BACKENDS:
    SUITE.add(f"flap_at_the_devices_end_{name}", flap, name, "device", "d1")
    SUITE.add(f"flap_at_our_own_end_{name}", flap, name, "tester", "t1")


@SUITE.case
def flap_of_an_interface_without_a_carrier():
    """A macvlan has none to lose; that it was down for 30 ms is told all the same."""
    with Topology(pairs=0) as net:
        cable(net)
        for n in range(2):
            net.ip("tester", "link", "add", "link", f"c{n}", "name", f"m{n}", "type", "macvlan",
                   "mode", "passthru")
            net.ip("tester", "link", "set", f"m{n}", "up")
        process = amid(net, ["trial", "--tx", "af_packet:m0", "--rx", "af_packet:m1", "--duration",
                             "1s", *GENTLE])
        check(*net.inside("tester", "sh", "-c", "ip link set m1 down; sleep 0.03; ip link set m1 up"))
        nobody_blamed(process.wait())


@SUITE.case
def flap_under_sockets():
    """A socket does not notice; the interface that has its address does."""
    with Topology(pairs=0) as net:
        process = net.start("tester", "trial", "--tx", "io_uring:127.0.0.1:7801", "--rx",
                            "io_uring:127.0.0.1:7802", "--duration", "1s", *GENTLE)
        before = kernel(net, "tester", "lo", "statistics/tx_packets")
        while kernel(net, "tester", "lo", "statistics/tx_packets") < before + 200:
            assert process.running(), process.wait(1)
        check(*net.inside("tester", "sh", "-c", "ip link set lo down; sleep 0.03; ip link set lo up"))
        nobody_blamed(process.wait())


@SUITE.case
def address_taken_away_from_sockets():
    with Topology(pairs=0) as net:
        net.ip("tester", "addr", "add", "198.18.0.5/32", "dev", "lo")
        process = net.start("tester", "trial", "--tx", "io_uring:198.18.0.5:7801", "--rx",
                            "io_uring:198.18.0.5:7802", "--duration", "30s", *GENTLE)
        before = kernel(net, "tester", "lo", "statistics/tx_packets")
        while kernel(net, "tester", "lo", "statistics/tx_packets") < before + 200:
            assert process.running(), process.wait(1)
        net.ip("tester", "addr", "del", "198.18.0.5/32", "dev", "lo")
        done = process.wait()
        assert done.code == PRECONDITION, done
        sentence(done, ["198.18.0.5", "gone"])


@SUITE.case_for_each(BACKENDS)
def frames_that_nobody_listens_for(backend):
    """The kernel counts them as dropped: they are neither ours nor lost."""
    with Topology() as net:
        dut = device(net, "--loss", "5%", "--only", "a-to-b", "--seed", "3")
        net.start_command("device", sys.executable, "-c", LLDP, "d1")
        before = kernel(net, "tester", "t1", "statistics/rx_dropped")
        done = net.run("tester", *between(net, backend, "--duration", "1s"))
        dropped = kernel(net, "tester", "t1", "statistics/rx_dropped") - before
        trial, found = only_trial(done)
        counts, where = found["counts"], found["attribution"]
        assert dropped >= 20 and counts["lost"] >= 40, (dropped, counts)
        assert where["dut"] == counts["lost"], (counts, where)
        assert trial["verdict"] == "fail", trial["reason"]
        dut.stop()


def compiled(folder, source):
    """p.o in that folder."""
    with open(f"{folder}/p.c", "w", encoding="ascii") as file:
        file.write(source + '\nchar licence[] __attribute__((section("license"), used)) = "GPL";\n')
    done = run("clang", "-O2", "-target", "bpf", "-c", f"{folder}/p.c", "-o", f"{folder}/p.o")
    if done.code != 0:
        raise Skip(f"needs clang for a program of others: {done.err.strip()}")


def program_that_takes_frames(mode):
    with Topology(pairs=0) as net, tempfile.TemporaryDirectory() as folder:
        cable(net)
        compiled(folder, XDP_DROP)
        net.ip("tester", "link", "set", "dev", "c1", mode, "obj", f"{folder}/p.o", "sec", "xdp")
        done = net.run("tester", "trial", "--tx", "af_packet:c0", "--rx", "af_packet:c1",
                       "--duration", "250ms", *GENTLE)
        trial, found = nobody_blamed(done, "XDP program")
        # They did reach the port, each of them.
        counts, reached = found["counts"], kernel(net, "tester", "c1", "statistics/rx_packets")
        assert reached >= counts["lost"] == counts["offered"] > 100, (reached, counts)
        assert any("XDP program" in note for note in document(done.out)["notes"] + trial["notes"]), done


for name in ("xdpgeneric", "xdpdrv"):
    SUITE.add(f"{name}_program_that_takes_frames", program_that_takes_frames, name)


def own_filter(backend, *commands):
    """A filter on our own port, before the wire or behind what we see: never the device's."""
    with Topology(pairs=0) as net, tempfile.TemporaryDirectory() as folder:
        cable(net)
        compiled(folder, TC_DROP)
        for command in commands:
            done = run(*net.inside("tester", "sh", "-c", f"cd {folder} && {command}"))
            if done.code != 0:
                raise Skip(f"{command}: {done.err.strip()}")
        done = net.run("tester", "trial", "--tx", f"{backend}:c0", "--rx", f"{backend}:c1",
                       "--duration", "250ms", *GENTLE)
        _, found = only_trial(done)
        assert found["attribution"]["dut"] == 0, found["attribution"]


for name in BACKENDS:
    SUITE.add(f"own_filters_{name}", own_filter, name, "tc qdisc add dev c0 clsact",
              "tc filter add dev c0 egress bpf da obj p.o sec tc", "tc qdisc add dev c1 clsact",
              "tc filter add dev c1 ingress bpf da obj p.o sec tc",
              "nft 'add table netdev w; add chain netdev w o { type filter hook egress device c0 "
              "priority 0; }; add rule netdev w o numgen random mod 10 < 3 drop'")


@SUITE.case_for_each(BACKENDS)
def device_whose_interface_is_deleted(backend):
    """The end of `dut`: an error, with what was counted until then."""
    with Topology() as net:
        dut = net.start("device", "dut", "--a", f"{backend}:d0", "--b", f"{backend}:d1", "--json")
        dut.wait_for("forwarding")
        net.run("tester", *between(net, "af_packet", "--duration", "250ms"))
        net.ip("device", "link", "del", "d1")
        asked = time.monotonic()
        done = dut.wait(timeout=10)
        assert time.monotonic() - asked < 5 * SLOW, time.monotonic() - asked
        assert done.code == PRECONDITION, done
        found = document(done.out)
        assert found["status"] == "error" and "d1" in found["error"]["message"], found["error"]
        assert found["result"]["directions"][0]["counts"]["forwarded"] > 300, found["result"]


@SUITE.case
def device_whose_link_comes_back():
    """A link that goes for a second is no end."""
    with Topology() as net:
        dut = device(net)
        net.ip("tester", "link", "set", "t1", "down")
        time.sleep(0.5)
        assert dut.running(), dut.wait(1)
        net.ip("tester", "link", "set", "t1", "up")
        done = dut.stop(signal.SIGTERM)
        assert done.code == 0, done


@SUITE.case
def search_whose_interface_is_deleted():
    with Topology(pairs=0) as net:
        cable(net)
        process = amid(net, ["search", "--tx", "af_packet:c0", "--rx", "af_packet:c1", "--max-rate",
                             "2kpps", "--trial-duration", "2s", "--json"])
        net.ip("tester", "link", "del", "c1")
        done = process.wait(timeout=15)
        assert done.code == PRECONDITION, done
        sentence(done, ["gone"])
        assert document(done.out)["status"] == "error", done


if __name__ == "__main__":
    sys.exit(SUITE.main())
