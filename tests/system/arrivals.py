"""Where frames arrive: over several receive queues of one interface."""

import os
import sys

from expect import USAGE, document, sentence
from harness import Skip, Suite, Topology

SUITE = Suite()
GENTLE = ("--rate", "10kpps", "--burst", "256", "--duration", "1s", "--warm-up", "200ms", "--json")


def wide_cable(net, queues=4):
    """A veth pair in the tester, each end with that many queues, over which frames are spread."""
    several = ["numrxqueues", queues, "numtxqueues", queues]
    net.ip("tester", "link", "add", "w0", *several, "type", "veth", "peer", "name", "w1", *several)
    for name in ("w0", "w1"):
        net.ip("tester", "link", "set", name, "up")


def sound(done):
    """The only direction of a trial that nothing spoiled: what was sent came, and is nobody's loss."""
    trial = document(done.out)["trials"][0]
    assert done.code == 0 and trial["verdict"] == "pass", trial["reason"]
    found = trial["directions"][0]
    assert found["counts"]["offered"] == found["counts"]["received"] > 9_000, found["counts"]
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


if __name__ == "__main__":
    sys.exit(SUITE.main())
