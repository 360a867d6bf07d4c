"""What the tests of DPDK's ports share."""

import glob
import os

from expect import document
from harness import BUILD, Skip

MODULE = os.path.join(BUILD, "drivers/dpdk/wireproof-dpdk.so")
PMDS = glob.glob("/usr/lib/*/dpdk/pmds-*/librte_net_memif.so*")
# Slow enough that a busy machine sends it all: a burst covers 25 ms. Where it does not, gentler.
LOAD = ["--rate", "20kpps", "--duration", "500ms", "--warm-up", "0", "--burst", "512"]
GENTLER = ("20kpps", "5kpps", "2kpps")


def needs_module():
    if not os.path.exists(MODULE):
        raise Skip("this build has no DPDK module")


def memif(number, role, socket, *more):
    return ",".join([f"dpdk:net_memif{number}", f"role={role}", f"socket={socket}", *more])


def passes(runner, *arguments):
    """The trial's result: everything sent and everything back, at least once in a few attempts. What
    a driver loses and hides is never the device's."""
    for rate in GENTLER:
        done = runner("trial", *arguments, "--rate", rate, *LOAD[2:], "--json")
        found = document(done.out)
        assert found["trials"], found["error"]
        trial = found["trials"][0]
        for direction in trial["directions"]:
            counts, where = direction["counts"], direction["attribution"]
            assert counts["unique"] > 0, counts
            assert where["dut"] == 0 and counts["lost"] == where.get("not_attributable", 0), where
            assert counts["corrupt"] == counts["foreign"] == counts["misdirected"] == 0, counts
        if trial["verdict"] == "pass":
            return found
        assert trial["reason"].startswith(("tx shortfall", "not attributable")), trial["reason"]
    raise Skip(f"the tester could not guarantee it, {len(GENTLER)} times: {trial['reason']}")
