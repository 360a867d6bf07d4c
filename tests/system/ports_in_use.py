"""A port that one run of the program has open is refused to any other, whichever backends, in
whichever order and by whichever verb; the lock ends with its holder.
"""

import os
import signal
import sys

from cable import amid, cable
from expect import PRECONDITION, document, refusal
from harness import BUILD, Suite, Topology

SUITE = Suite()
WAYS = ["af_packet", "af_xdp"]
if os.path.exists(os.path.join(BUILD, "drivers/dpdk/wireproof-dpdk.so")):
    WAYS.append("dpdk")
GENTLE = ("--rate", "2kpps", "--burst", "1024", "--warm-up", "0")


def port(way, n):
    return f"dpdk:net_af_packet{n},iface=c{n}" if way == "dpdk" else f"{way}:c{n}"


def trial(way, duration, *more):
    return ("trial", "--tx", port(way, 0), "--rx", port(way, 1), *GENTLE, "--duration", duration, *more)


@SUITE.case_for_each(WAYS)
def others_are_refused_beside(holder):
    with Topology(pairs=0) as net:
        cable(net)

        def tester(*arguments):
            return net.run("tester", *arguments)

        held = amid(net, trial(holder, "60s", "--json"))
        for way in WAYS:
            refusal(tester, trial(way, "100ms"), PRECONDITION, "c0 is in use", f"pid {held.pid}")
        for verb in (("search", "--tx", "af_packet:c1", "--rx", "af_packet:c0"),
                     ("calibrate", "--tx", "af_packet:c1", "--rx", "af_packet:c0"),
                     ("dut", "--a", "af_packet:c1", "--b", "af_packet:c0")):
            done = tester(*verb)
            assert done.code == PRECONDITION and "c1 is in use" in done.err, done
        # No attempt cost the first a frame.
        found = document(held.stop(signal.SIGINT).out)["trials"][0]["directions"][0]
        # A busy machine may fill the ring of the first; nothing of it is the device's.
        counts, where = found["counts"], found["attribution"]
        assert where["dut"] == 0 and counts["offered"] >= 300, (counts, where)


@SUITE.case_for_each(WAYS)
def a_killed_holder_holds_nothing(holder):
    with Topology(pairs=0) as net:
        cable(net)
        amid(net, trial(holder, "60s")).stop(signal.SIGKILL)
        done = net.run("tester", *trial("af_packet", "100ms", "--waiting-time", "100ms"))
        assert "in use" not in done.err, done
        net.run("tester", "cleanup")


if __name__ == "__main__":
    sys.exit(SUITE.main())
