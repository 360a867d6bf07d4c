"""Delay and its variation against a device that is known to the nanosecond.

`wireproof dut` delays every frame by a constant and by a draw that its seed determines
(docs/dut.md), and logs when each frame came and when it left (docs/dut-log.md). From that alone, and
from the trial's own --frame-log, everything the tester says of delay is computed again:

- p50 within 50 us, plus the floor of the tester alone that `wireproof calibrate` found, of what the
  frames really spent inside the device;
- PDV and IPDV percentiles within 5 % of those of the law's own draws;
- the jitter of RFC 3550, and what else the frame log determines, to the nanosecond.

A run that misses while somebody else had the cores says nothing: the device's log and the tester's
own pre-emptions prove it, and it is repeated.
"""

import os
import statistics
import sys
import tempfile

from cable import cable
from derive_truth import signed
from dut_law import due_times, read_timed_log
from frame_log import delays, ipdv, pdv, percentile, read_frame_log, rfc3550
from harness import Skip, Suite, Topology

SUITE = Suite()
BACKENDS = ("af_packet", "af_xdp")
MS = 1_000_000
JITTER_MS, SEED, FLOWS = 5, 20, 4
SECONDS = 12
ATTEMPTS = 4
P50_SLACK_NS = 50_000
RATIO = 0.05
# Evidence that a run was disturbed: the device let frames wait, or a loop of the tester stood still,
# for more than a tenth of what 5 % of the jitter is.
LATE_NS = RATIO * JITTER_MS * MS / 2


class Run:
    """One trial through one device, and everything that is known of it from outside."""

    def __init__(self, backend, delay_ms, rate_pps):
        self.delay_ns = delay_ms * MS
        with tempfile.TemporaryDirectory() as folder, Topology() as net:
            self.env = {**os.environ, "XDG_STATE_HOME": folder}
            self._calibrate(net, backend)
            log, frame_log = os.path.join(folder, "dut.csv"), os.path.join(folder, "frames.csv")
            device = net.start("device", "dut", "--a", f"{backend}:d0", "--b", f"{backend}:d1",
                               "--delay", f"{delay_ms}ms", "--jitter", f"{JITTER_MS}ms",
                               "--seed", str(SEED), "--only", "a-to-b", "--core", "0",
                               "--log", log, "--log-frames", "100k", "--json")
            device.wait_for("dut: forwarding")
            done = net.run("tester", "trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1",
                           "--rate", f"{rate_pps}pps", "--duration", f"{SECONDS}s",
                           "--flows", str(FLOWS), "--pacing", "precise", "--frame-log", frame_log,
                           "--json", env=self.env, timeout=SECONDS + 20)
            ended = device.stop()
            assert done.code in (0, 6) and ended.code == 0, (str(done), str(ended))
            self.trial = done.json["trials"][0]
            self.direction = self.trial["directions"][0]
            self.rows = read_frame_log(frame_log)
            self._device_truth(read_timed_log(log))

    def _calibrate(self, net, backend):
        cable(net)
        done = net.run("tester", "calibrate", "--tx", f"{backend}:c0", "--rx", f"{backend}:c1",
                       "--flows", str(FLOWS), "--pacing", "precise", "--duration", "2s",
                       "--precision", "50%", "--trial-duration", "50ms", "--waiting-time", "100ms",
                       "-q", env=self.env)
        assert done.code == 0, done

    def _device_truth(self, lines):
        """What each frame of the trial spent inside, by (space, number): by the law, and really."""
        drawn = [line for line in lines if line.fate not in ("pool_full", "oversize")]
        due = due_times([line.arrived_ns for line in drawn], self.delay_ns, JITTER_MS * MS, SEED)
        signs = {record[0]: record[1:] for record in signed((n, line.payload)
                                                            for n, line in enumerate(drawn))}
        trials = [sign[0] for sign in signs.values()]
        counted = max(set(trials), key=trials.count)
        self.law, self.inside, self.behind = {}, {}, []
        for n, (trial, space, number) in signs.items():
            if trial != counted or drawn[n].departed_ns is None:
                continue
            key = int(space, 16), number
            self.law[key] = due[n] - drawn[n].arrived_ns
            self.inside[key] = drawn[n].departed_ns - drawn[n].arrived_ns
            self.behind.append(drawn[n].departed_ns - due[n])

    def disturbances(self):
        """Sentences that prove that somebody else had the cores; empty: nobody had."""
        found = []
        if self.trial["verdict"] != "pass":
            found.append(self.trial["reason"])
        behind = sorted(self.behind)
        if behind[-len(behind) // 500 - 10] > LATE_NS:
            found.append(f"the device was up to {behind[-1] / 1000:.0f} us behind")
        for who in ("pacing", "receiver"):
            preemptions = self.direction.get(who, {}).get("preemptions", {})
            if preemptions.get("max_ns", 0) > LATE_NS:
                found.append(f"{who}: a loop was pre-empted for {preemptions['max_ns'] / 1000:.0f} us")
        return found


def same(what, ours, exact):
    assert ours == exact, f"{what}: {ours} in the result, {exact} from the frame log"


def check_against_the_frame_log(run):
    """What needs no tolerance: the same delays, folded by another program."""
    latency, jitter = run.direction["latency"], run.direction["jitter"]
    ours = delays(run.rows)
    same("samples", latency["samples"], len(ours))
    same("min", latency["min_ns"], min(ours))
    same("max", latency["max_ns"], max(ours))
    same("mean", latency["mean_ns"], round(statistics.fmean(ours)))
    by_space = rfc3550(run.rows)
    same("spaces", jitter["rfc3550_spaces"], len(by_space))
    assert len(by_space) == FLOWS, by_space
    same("rfc3550", jitter["rfc3550_ns"], round(sum(by_space.values()) / len(by_space)))
    same("rfc3550_max", jitter["rfc3550_max_ns"], round(max(by_space.values())))
    differences = ipdv(run.rows)
    same("ipdv_pairs", jitter["ipdv_pairs"], len(differences))
    same("ipdv_min", jitter["ipdv_min_ns"], min(differences))
    same("ipdv_max", jitter["ipdv_max_ns"], max(differences))
    same("ipdv_mean_abs", jitter["ipdv_mean_abs_ns"],
         round(statistics.fmean(abs(one) for one in differences)))
    same("pdv_max", jitter["pdv_max_ns"], max(pdv(ours)))  # of the direction as one stream


def wrong_median(run):
    """Ours less the device's own: two hops of the tester's, whose floor was calibrated."""
    latency = run.direction["latency"]
    floor = latency["floor_ns"]["p50"]
    inside = percentile(run.inside.values(), 0.5)
    over = latency["p50_ns"] - inside
    print(f"p50 {latency['p50_ns']} ns, inside the device {inside} ns, over {over} ns, "
          f"floor {floor} ns", file=sys.stderr, flush=True)
    # The histogram's step is 0.1 % of the value: at 100 ms more than the slack.
    step = latency["p50_ns"] * latency["percentile_resolution"]
    if -step <= over <= P50_SLACK_NS + floor + step:
        return []
    return [f"p50 {latency['p50_ns']} ns where frames spent {inside} ns in the device: {over} ns "
            f"over, floor {floor} ns"]


def neighbours(spent):
    """IPDV of delays by (space, number)."""
    return [spent[space, number] - spent[space, number - 1]
            for space, number in sorted(spent) if (space, number - 1) in spent]


def percentiles_of(run, spent):
    """(name, ours, the one of the delays `spent`, allowed) of every percentile that both have."""
    jitter = run.direction["jitter"]
    spread, differences = pdv(spent.values()), neighbours(spent)
    typical = statistics.fmean(abs(one) for one in differences)
    for name, values, share in (("pdv_p50_ns", spread, 0.5), ("pdv_p99_ns", spread, 0.99),
                                ("pdv_p99_9_ns", spread, 0.999),
                                ("ipdv_p0_1_ns", differences, 0.001),
                                ("ipdv_p50_ns", differences, 0.5),
                                ("ipdv_p99_9_ns", differences, 0.999)):
        true = percentile(values, share)
        if true is None or name not in jitter:
            continue
        # A median difference is near zero by nature: 5 % of what a difference typically is.
        yield name, jitter[name], true, RATIO * max(abs(true), typical)
    yield "ipdv_mean_abs_ns", jitter["ipdv_mean_abs_ns"], typical, RATIO * typical


def wrong_percentiles(run, spent, whose):
    wrong, seen = [], 0
    for name, ours, true, allowed in percentiles_of(run, spent):
        seen += 1
        print(f"{name} {ours} ns, {whose} {true:.0f} ns ({(ours - true) / 1000:+.1f} us)",
              file=sys.stderr, flush=True)
        if abs(ours - true) > allowed:
            wrong.append(f"{name} is {ours} ns, {whose} {true:.0f} ns")
    assert seen >= 4, f"only {seen} percentiles"
    return wrong


def truth(backend, delay_ms, rate_pps):
    why = ""
    for attempt in range(1, ATTEMPTS + 1):
        run = Run(backend, delay_ms, rate_pps)
        check_against_the_frame_log(run)  # true of every run, disturbed or not
        wrong = wrong_median(run) + wrong_percentiles(run, run.law, "the law's")
        if not wrong:
            return
        disturbed = run.disturbances()
        assert disturbed, "; ".join(wrong)
        # A device that was late itself delayed frames by more than the law: it logged by how much.
        if not wrong_median(run) + wrong_percentiles(run, run.inside, "as the device logged"):
            return
        why = "; ".join(disturbed + wrong)
        print(f"note: {backend} {delay_ms} ms, run {attempt} of {ATTEMPTS} says nothing: {why}",
              file=sys.stderr, flush=True)
    raise Skip(f"no quiet run in {ATTEMPTS}: {why}")


for name in BACKENDS:
    for delay in (0, 1, 10, 100):
        # Further apart than the jitter is wide: independent, uniform draws.
        SUITE.add(f"delay_{name}_{delay}ms", truth, name, delay, 160)
    # Closer: frames are held up behind each other, and there are enough of them for a p99.9.
    SUITE.add(f"variation_{name}", truth, name, 1, 1000)


if __name__ == "__main__":
    sys.exit(SUITE.main())
