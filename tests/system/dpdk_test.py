"""DPDK's virtual devices end to end, and what stays behind.

Real NIC drivers are tests/pci's.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

from cable import amid, cable
from dpdk import LOAD, memif, needs_module, passes
from expect import INVALID, PRECONDITION, USAGE, document, refused, sentence
from harness import WIREPROOF, Process, Skip, Suite, Topology, check, run, wireproof

SUITE = Suite()
# At the end of a program LeakSanitizer stops all threads and reads their memory, and fell over one of
# DPDK's that was just giving it back. The driver's leaks are the conformance suite's to find.
os.environ.setdefault("ASAN_OPTIONS", "detect_leaks=0")


@SUITE.case
def memif_both_ways():
    needs_module()
    name = f"wp{os.getpid()}a"
    found = passes(wireproof, "--tx", memif(0, "server", name), "--rx", memif(1, "client", name),
                   "--bidirectional", "--flows", "100")
    assert len(found["trials"][0]["directions"]) == 2
    assert {nic["driver"] for nic in found["environment"]["nic"]} == {"net_memif"}


@SUITE.case
def memif_two_queues_count_exactly():
    needs_module()
    name = f"wp{os.getpid()}b"
    found = passes(wireproof, "--tx", memif(0, "server", name), "--rx", memif(1, "client", name),
                   "--queues", "2", "--flows", "4096")
    direction = found["trials"][0]["directions"][0]
    assert direction["flows_sent"] == 4096, direction["flows_sent"]


def listening(process, *names, timeout=20):
    """Until the process listens at these abstract addresses."""
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        assert process.running(), process.wait(1)
        with open(f"/proc/{process.pid}/net/unix", encoding="utf-8") as file:
            bound = {line.split()[-1] for line in file}
        if {f"@{name}" for name in names} <= bound:
            return
        time.sleep(0.02)
    raise AssertionError(f"nobody listens at {names}: {process.output()}")


@SUITE.case
def a_device_between_memifs_forwards_the_longest_tagged_frame():
    needs_module()
    near, far = f"wp{os.getpid()}e", f"wp{os.getpid()}f"
    dut = Process([WIREPROOF, "dut", "--a", memif(0, "server", near), "--b",
                   memif(1, "server", far)])
    try:
        listening(dut, near, far)  # then it waits six seconds for the other ends
        passes(wireproof, "--tx", memif(2, "client", near), "--rx", memif(3, "client", far),
               "--vlan", "5", "--size", "1522")
    finally:
        dut.kill()


@SUITE.case
def ring_loops_to_itself():
    needs_module()
    passes(wireproof, "--tx", "dpdk:net_ring0", "--rx", "dpdk:net_ring0")


@SUITE.case
def vhost_to_virtio_user():
    """Where no hugepages are free: with them DPDK 22.11 brings up no link between the two in one
    process (docs/manual.md).
    """
    needs_module()
    if free_hugepages() > 0:
        raise Skip("hugepages are free: net_vhost and net_virtio_user get no link in one process")
    with tempfile.TemporaryDirectory() as folder:
        left_socket(f"{folder}/s").close()  # as a killed run leaves it
        passes(wireproof, "--tx", f"dpdk:net_vhost0,iface={folder}/s,queues=1", "--rx",
               f"dpdk:net_virtio_user0,path={folder}/s,queues=1")


@SUITE.case
def null_sends_and_nothing_comes():
    needs_module()
    done = wireproof("trial", "--tx", "dpdk:net_null0", "--rx", "none", "--dst-mac",
                     "02:00:00:00:00:09", *LOAD, "--json")
    counts = document(done.out)["trials"][0]["directions"][0]["counts"]
    assert counts["intended"] == 10_000 == counts["offered"] + counts["unsent"], counts
    assert counts["offered"] > 1000 and "received" not in counts, counts


@SUITE.case_for_each(("net_af_packet", "net_pcap"))
def over_a_cable(driver):
    needs_module()
    with Topology(pairs=0) as net:
        cable(net)
        passes(lambda *words: net.run("tester", *words), "--tx", f"dpdk:{driver}0,iface=c0", "--rx",
               f"dpdk:{driver}1,iface=c1")


def known_loss(tx, rx, blamed):
    """Through a device that says what it lost: every loss is in the total, and blamed on the device
    only where the receiving port shows its own drops."""
    needs_module()
    with Topology() as net:
        dut = net.start("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", "--loss", "2%",
                        "--only", "a-to-b", "--json")
        dut.wait_for("dut: forwarding")
        done = net.run("tester", "trial", "--tx", f"{tx}t0", "--rx", f"{rx}t1", "--rate", "5kpps",
                       *LOAD[2:], "--json")
        there = dut.stop().json["result"]["directions"][0]["counts"]
    trial = document(done.out)["trials"][0]
    counts, where = trial["directions"][0]["counts"], trial["directions"][0]["attribution"]
    before, behind = counts["offered"] - there["arrived"], there["forwarded"] - counts["unique"]
    assert there["dropped"] > 20 and before >= 0 and behind >= 0, (there, counts)
    assert counts["lost"] == before + there["dropped"] + behind, (there, counts)
    if blamed == "dut":
        assert where["dut"] == before + there["dropped"] and where["rx_ring"] == behind, (where, there)
    else:
        assert where["dut"] == 0 and where[blamed] == counts["lost"], (where, there)
    if counts["unsent"] <= 64 and behind == 0:
        words = "not attributable: " if blamed != "dut" else ""
        assert trial["reason"].startswith(f"{words}{counts['lost']} "), trial["reason"]
        assert trial["verdict"] == ("fail" if blamed == "dut" else "invalid"), trial["verdict"]


for number, (sender, receiver, culprit) in enumerate((
        ("dpdk:net_af_packet0,iface=", "dpdk:net_af_packet1,iface=", "not_attributable"),
        ("dpdk:net_af_packet0,iface=", "af_packet:", "dut"),
        ("af_packet:", "dpdk:net_af_packet1,iface=", "not_attributable"),
        ("dpdk:net_pcap0,iface=", "dpdk:net_pcap1,iface=", "not_attributable"))):
    SUITE.add(f"known_loss_{number}", known_loss, sender, receiver, culprit)


@SUITE.case
def tap_sends():
    needs_module()
    with Topology(pairs=0) as net:
        done = net.run("tester", "trial", "--tx", "dpdk:net_tap0,iface=wptap", "--rx", "none",
                       "--dst-mac", "02:00:00:00:00:09", *LOAD, "--json")
        counts = document(done.out)["trials"][0]["directions"][0]["counts"]
        assert counts["offered"] > 0 and done.code in (0, 6), done


@SUITE.case
def hidden_drops_are_not_the_devices():
    """net_af_packet at the receiving end does not read the kernel's drop counters: what a flood
    loses there may not be called the device's."""
    needs_module()
    with Topology(pairs=0) as net:
        cable(net)
        done = net.run("tester", "trial", "--tx", "af_packet:c0", "--rx",
                       "dpdk:net_af_packet1,iface=c1,framecnt=16,blocksz=4096", "--rate", "max",
                       "--duration", "500ms", "--warm-up", "0", "--json")
        found = document(done.out)
        direction = found["trials"][0]["directions"][0]
        assert direction["counts"]["lost"] > 0, direction["counts"]
        assert direction["attribution"]["dut"] == 0, direction["attribution"]
        assert direction["attribution"]["not_attributable"] > 0, direction["attribution"]
        assert found["trials"][0]["verdict"] == "invalid", found["trials"][0]
        assert any("does not report its own drops" in note for note in found["notes"]), found["notes"]


@SUITE.case
def a_router_that_asks_is_answered():
    """The kernel at the cable's other end asks for the receiving port's test address by ARP, while
    the trial runs, and learns that port's MAC."""
    needs_module()
    with Topology(pairs=0) as net:
        cable(net)
        net.ip("tester", "addr", "add", "198.19.0.254/16", "dev", "c0")
        trial = net.start("tester", "trial", "--tx", "dpdk:net_af_packet0,iface=c0", "--rx",
                          "dpdk:net_af_packet1,iface=c1", "--rate", "1kpps", "--duration", "5s",
                          "--warm-up", "0")
        mac = json.loads(net.ip("tester", "-j", "link", "show", "c1"))[0]["address"]
        deadline, state = time.monotonic() + 5, ""
        while mac not in state and time.monotonic() < deadline:
            run(*net.inside("tester", "bash", "-c", "echo > /dev/udp/198.19.0.1/7"))
            time.sleep(0.1)
            state = net.ip("tester", "neigh", "show", "198.19.0.1")
        trial.stop()
        assert mac in state, f"{mac} is not what was learnt: {state}"


def over_interfaces(driver):
    """Two ports of the driver on a cable, a gentle load, and a burst of 100 ms."""
    return ["--tx", f"dpdk:{driver}0,iface=c0", "--rx", f"dpdk:{driver}1,iface=c1", "--rate",
            "5kpps", "--burst", "512", "--warm-up", "0", "--json"]


@SUITE.case_for_each(("net_af_packet", "net_pcap"))
def link_that_goes_is_not_the_devices(driver):
    """The kernel counts the carrier's loss, however short; DPDK says that the link is up."""
    needs_module()
    with Topology(pairs=0) as net:
        cable(net)
        trial = amid(net, ["trial", *over_interfaces(driver), "--duration", "1500ms"])
        net.ip("tester", "link", "set", "c1", "down")
        net.ip("tester", "link", "set", "c1", "up")
        done = trial.wait(20)
        assert done.code == INVALID, done
        found = document(done.out)["trials"][0]
        assert found["reason"].startswith("link: "), found["reason"]
        assert found["directions"][0]["attribution"]["dut"] == 0, found["directions"][0]


@SUITE.case
def what_our_own_kernel_does_not_send_is_ours():
    """A filter on our own port drops frames that DPDK takes for sent."""
    needs_module()
    with Topology(pairs=0) as net:
        cable(net)
        # What others send over the port would hide as many of ours.
        check(*net.inside("tester", "sysctl", "-qw", "net.ipv6.conf.c0.disable_ipv6=1"))
        for words in ("add table netdev t",
                      "add chain netdev t c { type filter hook egress device c0 priority 0 ; }",
                      "add rule netdev t c numgen inc mod 2 0 drop"):
            check(*net.inside("tester", "nft", words))
        done = net.run("tester", "trial", "--tx", "dpdk:net_af_packet0,iface=c0", "--rx",
                       "af_packet:c1", *LOAD, "--json")
        assert done.code == INVALID, done
        found = document(done.out)["trials"][0]["directions"][0]
        where, counts = found["attribution"], found["counts"]
        assert counts["lost"] > 0, counts  # the kernel offers most of them again
        assert where["dut"] == 0 and where["tx_ring"] == counts["lost"], (where, counts)


@SUITE.case
def interface_deleted_ends_a_search():
    needs_module()
    with Topology(pairs=0) as net:
        cable(net)
        search = amid(net, ["search", *over_interfaces("net_af_packet")[:4], "--max-rate", "20kpps",
                            "--trial-duration", "2s", "--warm-up", "0", "--json"])
        net.ip("tester", "link", "del", "c0")
        done = search.wait(20)
        assert done.code == PRECONDITION, done
        sentence(done, ["c0", "gone"])
        found = document(done.out)
        assert found["status"] == "error" and "c0" in found["error"]["message"], found["error"]


@SUITE.case
def tap_deleted_ends_the_trial():
    needs_module()
    with Topology(pairs=0) as net:
        trial = net.start("tester", "trial", "--tx", "dpdk:net_tap0,iface=wptap", "--rx", "none",
                          "--dst-mac", "02:00:00:00:00:09", "--rate", "1kpps", "--duration", "20s",
                          "--warm-up", "0", "--json")
        deadline = time.monotonic() + 10
        while "wptap" not in net.ip("tester", "link", "show") and time.monotonic() < deadline:
            time.sleep(0.05)
        again = net.run("tester", "trial", "--tx", "dpdk:net_tap0,iface=wptap", "--rx", "none",
                        "--dst-mac", "02:00:00:00:00:09", *LOAD)
        assert again.code == PRECONDITION, again  # the kernel would share the frames out
        sentence(again, ["wptap", "another process"])
        net.ip("tester", "link", "del", "wptap")
        done = trial.wait(20)
        assert done.code == PRECONDITION, done
        assert document(done.out)["status"] == "error", done


def left_socket(path):
    """A socket file as a listening process has it; closed, as a killed one leaves it."""
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(path)
    listening.listen()
    return listening


@SUITE.case
def a_socket_in_use_is_left_alone():
    needs_module()
    with tempfile.TemporaryDirectory() as folder, left_socket(f"{folder}/s") as listening:
        done = wireproof("trial", "--tx", f"dpdk:net_vhost0,iface={folder}/s", "--rx", "none",
                         "--dst-mac", "02:00:00:00:00:09", *LOAD)
        assert done.code == PRECONDITION, done
        sentence(done, [f"{folder}/s", "another process"])
        assert os.path.exists(f"{folder}/s")
        listening.settimeout(0)
        try:
            listening.accept()
            raise AssertionError("it knocked at another's door")
        except BlockingIOError:
            pass


@SUITE.case
def what_a_device_swallows_is_not_anothers():
    """net_null swallows and net_ring comes back to itself: nothing gets from them to another."""
    needs_module()
    refused("trial", "--tx", "dpdk:net_ring0", "--rx", "dpdk:net_ring1", *LOAD, USAGE,
            ["net_ring0", "net_ring1"])
    refused("trial", "--tx", "dpdk:net_ring0", "--rx", "dpdk:net_null0", *LOAD, USAGE,
            ["net_ring0", "net_null0"])
    for one, other in (("dpdk:net_af_packet0,iface=c0", "af_packet:c0"),
                       ("af_xdp:c0", "dpdk:net_pcap0,rx_iface=c0"),
                       ("dpdk:net_af_packet0,iface=c0", "dpdk:net_af_packet1,iface=c0")):
        refused("trial", "--tx", one, "--rx", other, *LOAD, USAGE, ["same interface", "c0"])


def free_hugepages():
    with open("/proc/meminfo", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("HugePages_Free"))


@SUITE.case
def killed_it_leaves_no_hugepage():
    needs_module()
    if os.geteuid() != 0:
        raise Skip("needs root: hugepages")
    with open("/proc/sys/vm/nr_hugepages", encoding="ascii") as file:
        had = file.read()
    try:
        with open("/proc/sys/vm/nr_hugepages", "w", encoding="ascii") as file:
            file.write("256")
        before = free_hugepages()
        if before < 64:
            raise Skip("this kernel gives no hugepages")
        trial = subprocess.Popen([WIREPROOF, "trial", "--tx", "dpdk:net_null0", "--rx", "none",
                                  "--dst-mac", "02:00:00:00:00:09", "--rate", "1kpps",
                                  "--duration", "20s"], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 10
        while free_hugepages() == before and time.monotonic() < deadline:
            time.sleep(0.05)
        used = before - free_hugepages()
        trial.send_signal(signal.SIGKILL)
        trial.wait(10)
        assert used > 0, "it used none"
        while free_hugepages() < before and time.monotonic() < deadline + 5:
            time.sleep(0.05)
        assert free_hugepages() == before, (before, free_hugepages())
    finally:
        with open("/proc/sys/vm/nr_hugepages", "w", encoding="ascii") as file:
            file.write(had)


@SUITE.case
def nothing_of_dpdk_on_stdout():
    needs_module()
    name = f"wp{os.getpid()}d"
    done = wireproof("trial", "--tx", memif(0, "server", name), "--rx", memif(1, "client", name),
                     *LOAD, "--json")
    document(done.out)
    assert "EAL:" not in done.out + done.err, done  # three letters may be in a histogram as base64


if __name__ == "__main__":
    sys.exit(SUITE.main())
