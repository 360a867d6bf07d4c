"""Where frames arrive: over several receive queues of one interface, and at another address."""

import os
import sys

from expect import INVALID, USAGE, document, sentence
from harness import Skip, Suite, Topology, check

SUITE = Suite()
GENTLE = ("--rate", "10kpps", "--burst", "256", "--duration", "1s", "--warm-up", "200ms", "--json")


def wide_cable(net, queues=4):
    """A veth pair in the tester, each end with that many queues, over which frames are spread."""
    several = ["numrxqueues", queues, "numtxqueues", queues]
    net.ip("tester", "link", "add", "w0", *several, "type", "veth", "peer", "name", "w1", *several)
    for name in ("w0", "w1"):
        net.ip("tester", "link", "set", name, "up")


def sound(done):
    """The only direction of a trial in which what was sent came, and is nobody's loss. Other work may
    keep a sender from its turns; the trial says so then, and what was sent has to come all the same."""
    trial = document(done.out)["trials"][0]
    wanted = (INVALID, "invalid") if trial["reason"].startswith("tx shortfall") else (0, "pass")
    assert (done.code, trial["verdict"]) == wanted, trial["reason"]
    found = trial["directions"][0]
    assert found["counts"]["offered"] == found["counts"]["received"] > 5_000, found["counts"]
    assert found["counts"]["reordered"] == 0, found["counts"]
    return found


@SUITE.case_for_each(["af_packet", "af_xdp"])
def more_flows_than_spaces_over_two_queues(backend):
    with Topology(pairs=0) as net:
        wide_cable(net, 2)
        found = sound(net.run("tester", "trial", "--tx", f"{backend}:w0", "--rx", f"{backend}:w1",
                              "--flows", "8192", "--queues", "2", *GENTLE))
    assert found["sequence_scope"] == "flow", found["sequence_scope"]
    assert found["sequence_spaces"] == 8192, found["sequence_spaces"]
    assert found["loss_bursts"]["count"] == 0, found["loss_bursts"]


# Virtual Ethernet puts what af_packet sends on the queue of the sender's CPU: not the first here.
OFF_QUEUE_0 = ("--tx-cores", "1", "--rx-cores", "0")


def two_cpus():
    if not {0, 1} <= os.sched_getaffinity(0):
        raise Skip("needs CPUs 0 and 1")


@SUITE.case_for_each(["af_packet", "af_xdp"])
def one_queue_asked_for_of_four(backend):
    two_cpus()
    with Topology(pairs=0) as net:
        wide_cable(net)
        sound(net.run("tester", "trial", "--tx", "af_packet:w0", "--rx", f"{backend}:w1", *GENTLE,
                      *OFF_QUEUE_0))


@SUITE.case_for_each(["af_packet", "af_xdp"])
def a_device_on_interfaces_of_four_queues(backend):
    two_cpus()
    with Topology(queues=4) as net:
        device = net.start("device", "dut", "--a", f"{backend}:d0", "--b", f"{backend}:d1")
        device.wait_for("dut: forwarding")
        sound(net.run("tester", "trial", "--tx", "af_packet:t0", "--rx", f"{backend}:t1", *GENTLE,
                      *OFF_QUEUE_0))
        device.stop()


@SUITE.case
def more_flows_than_several_queues_can_keep_apart():
    with Topology(pairs=0) as net:
        wide_cable(net, 2)
        done = net.run("tester", "trial", "--tx", "af_packet:w0", "--rx", "af_packet:w1",
                       "--flows", "65537", "--queues", "2", *GENTLE[:-1])
    assert done.code == USAGE, done
    sentence(done, ["--flows 65537 --queues 2", "--flows 65536 or fewer", "--queues 1"])


FRAMES = 600
SENT_LEAST = FRAMES * 9 // 10  # by a sender that other work keeps from its last turns
BRIEF = ("--rate", "2kpps", "--burst", "256", "--duration", "300ms", "--warm-up", "50ms", "--waiting-time",
         "200ms", "--json")
# What the path does, the family, and where the frames come out.
REWRITES = (("dnat to 10.2.0.77", 4, "10.2.0.77:9"), ("dnat to 10.2.0.2:77", 4, "10.2.0.2:77"),
            ("dnat to fd02::77", 6, "[fd02::77]:9"))


def router(net):
    """Between d0 (10.1.0.1) and d1 (10.2.0.1), with neighbours that answer to nobody."""
    for n in (0, 1):
        at, station = f"d{n}", f"02:00:00:00:00:0{n}"
        net.ip("device", "address", "add", f"10.{n + 1}.0.1/24", "dev", at)
        net.ip("device", "address", "add", f"fd0{n + 1}::1/64", "dev", at, "nodad")
        for host in ("2", "77"):
            for ip in (f"10.{n + 1}.0.{host}", f"fd0{n + 1}::{host}"):
                net.ip("device", "neighbour", "add", ip, "lladdr", station, "dev", at)
    check(*net.inside("device", "sysctl", "-qw", "net.ipv4.ip_forward=1",
                      "net.ipv6.conf.all.forwarding=1"))


def rewritten(net, backend, host, what, family, hook="prerouting", nat="dstnat"):
    """The only direction of a trial from that host through a router that does this to its datagrams.
    A host of its own each time: the kernel remembers what it did to a flow.
    """
    table = "ip" if family == 4 else "ip6"
    check(*net.inside("device", "nft", f"flush ruleset; add table {table} t; add chain {table} t c "
                      f"{{ type nat hook {hook} priority {nat}; }}; "
                      f"add rule {table} t c meta l4proto udp {what}"))
    of, to = ((f"10.1.0.{host}", "10.2.0.2") if family == 4 else
              (f"fd01::{host}", "fd02::2"))
    done = net.run("tester", "trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1",
                   *(("--ipv6",) if family == 6 else ()), "--size", "100", "--src-ip", of,
                   "--dst-ip", to, "--dst-mac", "02:00:00:00:01:00", "--flows", "3", *BRIEF)
    trial = document(done.out)["trials"][0]
    return done, trial, trial["directions"][0]


@SUITE.case_for_each(["af_packet", "af_xdp"])
def an_address_rewritten_on_the_way(backend):
    with Topology(ipv6=True) as net:
        router(net)
        for number, (what, family, out) in enumerate(REWRITES):
            done, trial, found = rewritten(net, backend, 10 + number * 10, what, family)
            assert done.code == INVALID, (what, done.code, trial["reason"])
            assert trial["reason"].startswith("readdressed") and out in trial["reason"], trial["reason"]
            counts, where = found["counts"], found["attribution"]
            assert counts["lost"] == counts["readdressed"] == counts["offered"] >= SENT_LEAST, counts
            assert where["dut"] == 0 and where["readdressed"] == counts["lost"], where
            assert found["readdressed_to"] == out, found["readdressed_to"]
        # Who sent a frame is nothing to the count.
        done, trial, found = rewritten(net, backend, 80, "snat to 10.2.0.9", 4, "postrouting",
                                       "srcnat")
        assert done.code == 0 and trial["verdict"] == "pass", trial["reason"]
        assert found["counts"]["received"] == found["counts"]["offered"] >= SENT_LEAST, found["counts"]


if __name__ == "__main__":
    sys.exit(SUITE.main())
