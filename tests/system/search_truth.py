"""The answer of `wireproof search` against a device whose capacity is known.

A device that forwards C frames a second behind a queue of Q frames passes C + Q / T frames a second
in a trial of T seconds without loss; that is the truth, and every search must end within 0.5 % of
it: ten capacities from 20 to 150 kpps over three frame sizes (without --all three). The queue is below 0.1 % of a trial's
frames: 4 ms of them, and two thirds of that is what the tester may catch up after a stall. A kernel
thread that takes a core for 2 ms twice a second is ordinary; with a shorter burst every trial of a
fast device would be a shortfall.

The device has core 0 to itself; the tester sends and receives on core 1.
"""

import sys

import harness
from harness import Skip, Topology

SUITE = harness.Suite()

TRIAL_SECONDS = 4
TOLERANCE = 0.005
CAPACITIES = [20_000, 35_000, 50_000, 65_000, 80_000, 95_000, 110_000, 125_000, 140_000, 150_000]
SIZES = [64, 512, 1518]


def queue_for(capacity):
    """Below 0.1 % of a trial's frames."""
    return capacity * TRIAL_SECONDS // 1000 - 1


def search(backend, capacity, size):
    queue = queue_for(capacity)
    truth = capacity + queue / TRIAL_SECONDS
    with Topology() as net:
        dut = net.start("device", "dut", "--a", f"{backend}:d0", "--b", f"{backend}:d1",
                        "--rate", f"{capacity}pps", "--queue", queue, "--ring", 16384, "--core", 0,
                        cpu=0)
        dut.wait_for("forwarding")
        done = net.run("tester", "search", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1",
                       "--size", size, "--trial-duration", f"{TRIAL_SECONDS}s",
                       "--precision", "0.2%", "--burst", queue * 2 // 3, "--ring", 16384,
                       "--tx-cores", 1, "--rx-cores", 1, "--json", timeout=180)
        dut.stop()
    assert done.code == 0, done
    found = done.json["result"]["searches"][0]
    if found["tester_limited"] and "tx shortfall" in found["reason"]:
        raise Skip(f"this machine is too busy to tell: {found['reason']}")
    assert found["regular"] and not found["tester_limited"], (found, done.err)
    lower, upper = found["lower_bound_fps"], found["upper_bound_fps"]
    # No trial above the truth passes but by the frame that its duration rounds to.
    assert lower <= truth + 1 / TRIAL_SECONDS, (lower, truth)
    # Nor does any below it fail, but for what the tester itself caught up.
    assert upper >= truth * (1 - TOLERANCE), (upper, truth)
    error = lower / truth - 1
    print(f"# {size} bytes, {capacity} pps behind {queue} frames: truth {truth:.1f}, found "
          f"{found['lower_bound_fps']:.1f} ({error:+.3%}) in {found['trials']} trials, "
          f"{found['elapsed_s']:.0f} s", file=sys.stderr)
    assert abs(error) <= TOLERANCE, f"{error:+.3%} off the truth of {truth:.1f}"


OFTEN = (20_000, 95_000, 125_000)  # one of each size
ALL = "--all" in sys.argv

for index, capacity_pps in enumerate(CAPACITIES):
    if not ALL and capacity_pps not in OFTEN:
        continue
    frame_size = SIZES[index % len(SIZES)]
    SUITE.add(f"within_half_a_percent_at_{capacity_pps}pps_{frame_size}_bytes", search, "af_xdp",
              capacity_pps, frame_size)
SUITE.add("within_half_a_percent_over_af_packet", search, "af_packet", 60_000, 64)

if __name__ == "__main__":
    sys.exit(SUITE.main([word for word in sys.argv if word != "--all"]))
