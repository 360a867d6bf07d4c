"""What the tester's own bursts lose is never the policer's; what the policer cannot pass is."""

import os
import sys

import harness
from harness import Skip, Suite, Topology
from policer import CAPACITY, dropped, hogs, police, through

SUITE = Suite()
BACKENDS = ["af_packet", "af_xdp"]


def trial(net, backend, fps, seconds=2):
    before = dropped(net)
    done = net.run("tester", "trial", *through(backend), "--rate", f"{fps}pps", "--warm-up", "0",
                   "--duration", f"{seconds}s")
    found = done.json["trials"][0]
    direction = found["directions"][0]
    if direction["attribution"].get("rx_ring", 0) == 0 and not direction["attribution"]["tx_ring"]:
        assert direction["counts"]["lost"] == dropped(net) - before, (done, dropped(net) - before)
    return found, direction


@SUITE.case_for_each(BACKENDS)
def a_burst_of_ours_is_not_charged_to_it(backend):
    if len(os.sched_getaffinity(0)) < 2:
        raise Skip("needs two cores")
    bursts = 0
    with Topology() as net:
        police(net)
        hogs(net)
        for fps in (1_000, 12_000, 19_000):
            found, direction = trial(net, backend, fps)
            assert found["verdict"] != "fail", (fps, found["reason"], direction["attribution"])
            assert direction["attribution"]["dut"] == 0, (fps, direction["attribution"])
            pacing = direction["pacing"]
            assert pacing["lost_behind_burst"] <= pacing["caught_up"], pacing
            bursts += direction["counts"]["lost"]
            if found["verdict"] == "pass":
                assert direction["counts"]["lost"] == 0, direction["counts"]
    print(f"# {bursts} frames were lost behind our own bursts", file=sys.stderr)


@SUITE.case_for_each(BACKENDS)
def an_overload_is_charged_to_it(backend):
    with Topology() as net:
        police(net)
        hogs(net)
        found, direction = trial(net, backend, 2 * CAPACITY)
        counts, where = direction["counts"], direction["attribution"]
        # Half of what left at its time, and of the rest nothing is said.
        certain = (counts["offered"] - direction["pacing"]["caught_up"]) / 2
        assert where["dut"] >= 0.9 * certain, (where, direction["pacing"])
        assert where["dut"] <= counts["offered"] / 2 + 5, (where, counts)
        assert found["verdict"] != "pass", found["reason"]


if __name__ == "__main__":
    sys.exit(SUITE.main())
