"""What a run tells people and scripts: verdict words, criteria, `-v`, refusals that are the same with
and without --dry-run, and names that a user may choose.
"""

import sys

from expect import document
from harness import Suite, Topology, wireproof

SUITE = Suite()
MEMORY = ("trial", "--tx", "loopback:a", "--rx", "loopback:b", "--burst", "1024", "--drain", "50ms")


@SUITE.case
def an_interface_may_be_named_none():
    """Half of the frames die in a device in front of it, and are missed."""
    with Topology() as net:
        net.ip("tester", "link", "set", "t1", "down")
        net.ip("tester", "link", "set", "t1", "name", "none", "up")
        device = net.start("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", "--loss", "50%")
        device.wait_for("forwarding")
        done = net.run("tester", "trial", "--tx", "af_packet:t0", "--rx", "af_packet:none", "--rate", "1kpps",
                       "--duration", "500ms", "--burst", "1024", "--json")
        found = document(done.out)
        counts = found["trials"][0]["directions"][0]["counts"]
        assert counts["offered"] > 100 and 0 < counts["unique"] < counts["offered"], counts
        assert counts["lost"] == counts["offered"] - counts["unique"], counts
        assert "lost" in found["trials"][0]["reason"], found["trials"][0]["reason"]
        device.stop()


if __name__ == "__main__":
    sys.exit(SUITE.main())
