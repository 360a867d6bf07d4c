"""What the suite of RFC 2544 finds of a device that is known to the frame: capacity, queue, recovery.

    suite_truth.py [--all]   one frame size; all: three, in less than three minutes

Tolerances, as docs/manual.md tells them: a throughput lies between the capacity less the precision and
the capacity plus what the queue takes in a trial; a buffer is the queue, to the step of the bursts and
the frame that is being served; a recovery is the time that the device is blocked, to two frames.
"""

import sys

from documents import document
from harness import Suite, Topology

SUITE = Suite()
CAPACITY, QUEUE, BLOCKED = 20_000, 200, 0.2
PRECISION = 0.005
LINE_BPS = 100e6


def throughput_is_the_capacity(size):
    most = CAPACITY + QUEUE + 1  # a trial of a second
    assert CAPACITY * (1 - PRECISION) - 1 <= size["throughput_fps"] <= most, size["throughput_fps"]


def loss_is_what_is_too_much(size):
    """A device that is blocked by an overload passes little of it; below the capacity all passes."""
    for step in size["frame_loss"]["steps"]:
        if "loss_ratio" not in step:
            continue
        if step["load_fps"] < CAPACITY:
            assert step["loss_ratio"] == 0, step
        if step["load_fps"] > (CAPACITY + 2 * QUEUE) * 1.02:  # trials of half a second
            assert step["loss_ratio"] > 1 - CAPACITY / step["load_fps"] - 0.02, step
    assert size["frame_loss"]["complete"], size["frame_loss"]
    line = LINE_BPS / 8 / (size["frame_size"] + 20)
    first = size["frame_loss"]["steps"][0]
    assert first["percent"] == 100 and abs(first["load_fps"] / line - 1) < 1e-9, first


def bursts_tell_the_queue(size):
    found = size["back_to_back"]
    assert found["applicable"] and len(found["bursts"]) == 3, found
    step = found["step_frames"]
    for burst in found["bursts"]:
        assert abs(burst["frames"] * (1 - CAPACITY / burst["fps"]) - QUEUE) <= 0.03 * QUEUE + step + 1, found
    assert abs(found["buffer_frames"] - QUEUE) <= 0.03 * QUEUE + step + 1, found


def recovery_is_the_time_that_it_is_blocked(size):
    found = size["recovery"]
    assert abs(found["times_ns"][0] - BLOCKED * 1e9) <= 2e9 / found["then_fps"] + 1e6, found
    assert abs(found["overload_fps"] / size["throughput_fps"] - 1.1) < 1e-6, found


@SUITE.case
def finds_what_the_device_is():
    sizes = "64,128,256" if "--all" in sys.argv else "64"
    with Topology() as net:
        net.start("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", "--rate", f"{CAPACITY}pps",
                  "--queue", QUEUE, "--blocked", f"{BLOCKED}s", "--only", "a-to-b").wait_for("forwarding", 10)
        done = net.run("tester", "rfc2544", "--tx", "af_packet:t0", "--rx", "af_packet:t1", "--quick",
                       "--tests", "throughput,latency,loss,back-to-back,recovery", "--size", sizes,
                       "--line-rate", f"{LINE_BPS:.0f}bps", "--json", timeout=400)
    found = document(done.out)
    assert done.code == 0, done
    assert done.seconds < 180, f"{done.seconds:.0f} s for {sizes}"
    for size in found["result"]["sizes"]:
        throughput_is_the_capacity(size)
        loss_is_what_is_too_much(size)
        bursts_tell_the_queue(size)
        recovery_is_the_time_that_it_is_blocked(size)
        assert size["latency"]["lost"] == 0 and size["latency"]["directions"], size["latency"]
    print(f"# {done.seconds:.0f} s for {sizes}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(SUITE.main([word for word in sys.argv if word != "--all"]))
