"""The answer of `wireproof search` against a device whose capacity is known.

A device that forwards C frames a second behind a queue of Q frames passes C + Q / T frames a second
in a trial of T seconds without loss; that is the truth, and every search must end within 0.5 % of
it: ten capacities from 20 to 150 kpps over three frame sizes (without --all two), each with a queue
of its own. A kernel thread that takes a core for 2 ms twice a second is ordinary: the tester may
catch up BURST frames after one, whatever the device, and every queue has room for them.

And through a device with a soft knee, which loses a part of what is above its capacity: to a goal
that allows some loss, and has a truth of its own (with --all to none as well).

The device has core 0 to itself; the tester sends and receives on core 1. A search that the machine
disturbs, which the tester says of its own trials, is repeated with a device of half the capacity,
and one of a quarter.
"""

import math
import sys

import harness
from harness import Skip, Topology

SUITE = harness.Suite()

TRIAL_SECONDS = 2
TOLERANCE = 0.005
BURST = 256
GENTLER = (1, 2, 4)  # of a capacity that part, where the machine does not bear it
ALL = "--all" in sys.argv
# With --all a search begins with all that the tester can, and waits as long as by itself.
EASY = [] if ALL else ["--max-rate", "300kpps", "--waiting-time", "150ms"]
CAPACITIES = [20_000, 35_000, 50_000, 65_000, 80_000, 95_000, 110_000, 125_000, 140_000, 150_000]
SIZES = [64, 512, 1518]


def search(backend, size, device, asked=("--precision", "0.2%")):
    """The searches of one run, one for each goal, through a device with these flags."""
    with Topology() as net:
        dut = net.start("device", "dut", "--a", f"{backend}:d0", "--b", f"{backend}:d1", *device,
                        "--ring", 16384, "--core", 0, cpu=0)
        dut.wait_for("forwarding")
        done = net.run("tester", "search", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1",
                       "--size", size, "--trial-duration", f"{TRIAL_SECONDS}s",
                       "--burst", BURST, "--ring", 16384, *EASY,
                       "--tx-cores", 1, "--rx-cores", 1, *asked, "--json", timeout=180)
        dut.stop()
    assert done.code == 0, done
    return done.json["result"]["searches"]


def judge(found, truth, luck=0, tolerance=TOLERANCE):
    """`luck`: by how many frames of a trial it may find more than the truth. The frame that its
    duration rounds to comes on top."""
    if found["tester_limited"] and "tx shortfall" in found["reason"]:
        raise Skip(f"this machine is too busy to tell: {found['reason']}")
    lower, upper = found["lower_bound_fps"], found["upper_bound_fps"]
    if not found["regular"] and "passed, but offered" in found["reason"]:
        assert lower <= truth + (1 + luck) / TRIAL_SECONDS, (lower, truth)
        raise Skip(f"this machine is too busy to tell: {found['reason']}")
    assert found["regular"] and not found["tester_limited"], found
    error = lower / truth - 1
    print(f"# {found['frame_size']} bytes: truth {truth:.1f}, found {lower:.1f} ({error:+.3%}) in "
          f"{found['trials']} trials, {found['elapsed_s']:.0f} s", file=sys.stderr)
    assert lower <= truth + (1 + luck) / TRIAL_SECONDS, (lower, truth)
    # Nor does any below it fail, but for what the tester itself caught up.
    assert upper >= truth * (1 - tolerance), (upper, truth)
    assert abs(error) <= tolerance, f"{error:+.3%} off the truth of {truth:.1f}"


def hard_device(backend, capacity, queue, size):
    (found,) = search(backend, size, ["--rate", f"{capacity}pps", "--queue", queue])
    judge(found, capacity + queue / TRIAL_SECONDS)


def by_mlr(backend, capacity, queue, size):
    (found,) = search(backend, size, ["--rate", f"{capacity}pps", "--queue", queue],
                      ["--method", "mlr", "--precision", "0.2%"])
    judge(found, capacity + queue / TRIAL_SECONDS)


def soft_knee(backend, capacity, queue, part):
    """Of a load L it loses part * (L - K): none up to K, and a share G up to part * K / (part - G)."""
    goal = 0.005
    goals = (["--goal", "ndr"] if ALL else []) + ["--goal", f"loss={goal:.1%}"]
    *none, some = search(backend, 64, ["--rate", f"{capacity}pps", "--queue", queue, "--excess-loss",
                                       part], ["--precision", "0.5%", *goals])
    knee = capacity + queue / TRIAL_SECONDS
    for found in none:
        assert found["goal"]["loss_ratio"] == 0, found["goal"]
        # One in a thousand trials is that lucky.
        judge(found, knee, luck=math.log(0.001) / math.log(1 - part), tolerance=2 * TOLERANCE)
    assert some["goal"]["loss_ratio"] == goal, some["goal"]
    share = part / (part - goal)
    # Of the binomial count of those that are lost, three sigma.
    lost = goal * knee * share * TRIAL_SECONDS
    judge(some, knee * share, luck=3 * math.sqrt(lost) / part, tolerance=2 * TOLERANCE)


def or_gentler(judged, backend, capacity, *others):
    for part in GENTLER:
        try:
            return judged(backend, capacity // part, *others)
        except Skip as reason:
            print(f"# {capacity // part} frames/s: {reason}", file=sys.stderr)
            disturbed = reason
    raise disturbed


OFTEN = (20_000, 125_000)

for index, capacity_pps in enumerate(CAPACITIES):
    if not ALL and capacity_pps not in OFTEN:
        continue
    frame_size = SIZES[index % len(SIZES)]
    SUITE.add(f"within_half_a_percent_at_{capacity_pps}pps_{frame_size}_bytes", or_gentler, hard_device,
              "af_xdp", capacity_pps, 300 + index * 173 % 300, frame_size)
SUITE.add("by_mlr_within_half_a_percent_over_af_packet", or_gentler, by_mlr, "af_packet", 60_000, 350, 64)
if ALL:
    SUITE.add("within_half_a_percent_over_af_packet", or_gentler, hard_device, "af_packet", 60_000, 350,
              64)
SUITE.add("through_a_soft_knee", or_gentler, soft_knee, "af_xdp", 60_000, 400, 0.5)

if __name__ == "__main__":
    sys.exit(SUITE.main([word for word in sys.argv if word != "--all"]))
