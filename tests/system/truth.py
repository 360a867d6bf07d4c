"""The truth test: through a device that logs what it does to every frame, the tester's counts must
equal those that derive_truth.py, which shares nothing with it, derives from that log.

Every row: one kind of harm (or all at once), some flows, one backend of the tester. Meanwhile
frames that are none of the trial's are sent to the tester's receiving port, a known number of each
kind: they must be in their own counters and nowhere else.

    truth.py [--frames N] [--quick] [--all] [--attempts N] [CASE...]

Without --all it is every harm at once: one at a time they are in simulated time as well.

A run in which a ring of the tester or of the device itself ran over (both say so), or in which the
tester offered less than 90 % of the load, says nothing of the counts: it is repeated at a lower
rate, at most --attempts times in all, and every repetition is reported on stderr. A contradiction
between two counts, or in the log, is never repeated.
"""

import argparse
import os
import sys
import tempfile
import time

import frames
from derive_truth import LogError, derive
from harness import Skip, Suite, Topology

SUITE = Suite()
HARM = {
    "loss": ["--loss", "0.1%"],
    "duplicate": ["--duplicate", "0.1%"],
    "reorder": ["--reorder", "0.5%"],
    "corrupt": ["--corrupt", "0.1%"],
}
HARM["all"] = [word for flags in HARM.values() for word in flags]
FLOWS = (1, 16, 1024)
BACKENDS = ("af_xdp", "af_packet")
RATES_PPS = (150_000, 80_000, 50_000)  # of the first attempt, the second ...
RING = "16384"  # 130 ms: a busy machine takes a core away for 20 ms now and then
DEVICE_CPU, TESTER_CPU = 0, 1
BURST = 512  # 4 ms: no rate is asked of the device, so a stall may be caught up
FOREIGN, STALE, MISDIRECTED, OTHERS = 300, 400, 500, 200
OPTIONS = argparse.Namespace(frames=1_000_000, attempts=3)
COMPARED = ("offered", "received", "unique", "lost", "duplicate", "reordered", "corrupt", "stale",
            "foreign", "misdirected", "late", "unclassified", "rx_dropped")


def hold_back(flows):
    """By how many frames, for a frame to be overtaken by three of its own flow."""
    return 3 * flows


def harm_flags(harm, flows):
    held_back = "--reorder" in HARM[harm]
    return HARM[harm] + (["--reorder-by", str(hold_back(flows))] if held_back else [])


class NotClean(Exception):
    """The run says nothing: the text says why."""


class Trials:
    """Reads the trial id off the wire, at the device's first port. (A tap does not see what a
    native XDP program takes, so the device opens that port with af_packet.)"""

    def __init__(self, net):
        self._net = net

    def now(self, timeout):
        with frames.raw_socket(self._net.names["device"], "d0", receive=True) as tap:
            tap.settimeout(timeout)
            deadline = time.monotonic() + timeout
            while time.monotonic() < deadline:
                found = frames.read_signature(tap.recv(2048))
                if found:
                    return found[0]
        raise AssertionError(f"no frame of a trial within {timeout} s")

    def counted(self):
        """Waits for the warm-up and then for the trial behind it; returns the trial's id."""
        warm_up = self.now(timeout=10)
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            trial = self.now(timeout=5)
            if trial != warm_up:
                return trial
            time.sleep(0.01)
        raise AssertionError("the warm-up did not end")


def strangers(trial):
    """The frames of every kind, mixed."""
    bear = frames.signature
    made = [frames.udp(bear(trial, n % 3, n, magic=0x5751 + n)) for n in range(FOREIGN)]
    # Of the warm-up (the trial before), and of any other.
    made += [frames.udp(bear((trial - 1 - n % 3 * 999) % 65536, 0, n)) for n in range(STALE)]
    # The other direction's, another stream's, and of a space that this trial does not have.
    spaces = (0x800000, 0x010000, 4096)
    made += [frames.udp(bear(trial, spaces[n % 3], n)) for n in range(MISDIRECTED)]
    tcp = bytearray(frames.udp(bear(trial, 0, 3)))
    tcp[23] = 6
    another = (trial + 1) % 65536  # one of this trial at another address would spoil it
    kinds = (frames.udp(bear(another, 0, 1), dst_port=10),
             frames.udp(bear(another, 0, 2), dst_ip="198.20.0.1"),
             bytes.fromhex("ffffffffffff02000000010108060001080006040001") + bytes(38),  # ARP
             bytes(tcp))
    made += [kinds[n % len(kinds)] for n in range(OTHERS)]
    stride = 11  # has no divisor in common with their number
    assert len(made) % stride
    return [made[n * stride % len(made)] for n in range(len(made))]


def measure(net, backend, harm, flows, rate_pps, log):
    """One trial through one device; returns (trial document, device document, trial id)."""
    device = net.start("device", "dut", "--a", "af_packet:d0", "--b", f"{backend}:d1",
                       *harm_flags(harm, flows), "--only", "a-to-b", "--seed", str(flows),
                       "--ring", RING, "--log", log, "--log-frames", str(int(OPTIONS.frames * 1.1) + 50_000), "--json",
                       cpu=DEVICE_CPU)
    device.wait_for("dut: forwarding")
    tester = net.start("tester", "trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1",
                       "--size", "64", "--rate", f"{rate_pps}pps",
                       "--duration", f"{OPTIONS.frames * 1000 // rate_pps}ms",
                       "--flows", str(flows), "--ring", RING,
                       "--burst", str(BURST), "--tx-cores", str(TESTER_CPU),
                       "--rx-cores", str(TESTER_CPU), "--json")
    cpus = os.sched_getaffinity(0)
    # Beside the tester, which says what it cannot send; a device kept from its core loses frames.
    os.sched_setaffinity(0, {TESTER_CPU})
    trial = Trials(net).counted()
    with frames.raw_socket(net.names["device"], "d1") as stranger:
        frames.send(stranger, strangers(trial), per_second=20_000)
    os.sched_setaffinity(0, cpus)
    done = tester.wait(OPTIONS.frames / rate_pps + 30)
    assert done.code in (0, 6), done
    ended = device.stop()
    assert ended.code == 0, ended
    return done.json, ended.json, trial


def check_clean(told, document):
    """Raises NotClean where tester or device lost frames of their own."""
    counts, attribution = told["counts"], told["attribution"]
    if counts["offered"] < 0.9 * OPTIONS.frames:
        raise NotClean(f"the tester offered {counts['offered']} of {OPTIONS.frames} frames")
    for name in ("tx_ring", "rx_ring", "rx_socket", "rx_nic"):
        if attribution.get(name):
            raise NotClean(f"the tester's own {name} lost {attribution[name]}")
    if counts["rx_dropped"]:
        raise NotClean(f"the tester's own ring lost {counts['rx_dropped']}")
    for port in document["result"]["ports"]:
        for name in ("tx_dropped", "rx_ring_dropped", "rx_nic_dropped"):
            if port.get(name):
                raise NotClean(f"the device's {name} at {port['port']} is {port[name]}")
    for direction in document["result"]["directions"]:
        if direction["counts"]["pool_dropped"]:
            raise NotClean(f"the device had no buffer for {direction['counts']['pool_dropped']}")


def compare(told, truth):
    """The tester's counts against the truth; they must be equal, one and all."""
    truth = dict(truth, foreign=FOREIGN, stale=truth["stale"] + STALE, misdirected=MISDIRECTED,
                 late=0, unclassified=0, rx_dropped=0)
    wrong = {name: (told["counts"][name], truth[name]) for name in COMPARED
             if told["counts"][name] != truth[name]}
    assert not wrong, f"told and true differ: {wrong}"
    assert told["attribution"]["dut"] == truth["lost"], told["attribution"]


def check_verdict(trial, truth):
    """A loss fails the trial, with its number, and nothing else does; a shortfall makes it invalid."""
    verdict, reason, counts = trial["verdict"], trial["reason"], trial["directions"][0]["counts"]
    if verdict == "invalid":
        assert reason.startswith("tx shortfall: "), reason
        assert counts["unsent"] > max(BURST, counts["intended"] // 1000), counts
    elif truth["lost"] > 0:
        assert verdict == "fail", (verdict, reason)
        assert f"{truth['lost']:,} of {truth['offered']:,} offered frames were lost" in reason, reason
    else:
        assert (verdict, reason) == ("pass", ""), (verdict, reason)


def check_harm(harm, truth):
    """The device did what it was asked to do, about as often as it was asked to."""
    wanted = {"loss": {"lost": 0.001}, "duplicate": {"duplicate": 0.001},
              "reorder": {"reordered": 0.005}, "corrupt": {"lost": 0.001, "corrupt": 0.001},
              "all": {"lost": 0.002, "duplicate": 0.001, "corrupt": 0.001, "reordered": 0.005},
              }[harm]
    for name in ("lost", "duplicate", "corrupt", "reordered"):
        mean = wanted.get(name, 0) * truth["offered"]
        # Six sigma; and what was held back when the trial ended did not come in time.
        slack = 6 * mean ** 0.5 + 4 + hold_back(len(truth["spaces"])) // 50
        assert mean - slack <= truth[name] <= mean + slack, (name, truth[name], mean)


def attempt(backend, harm, flows, rate_pps):
    with tempfile.TemporaryDirectory() as folder, Topology() as net:
        log = os.path.join(folder, "log.csv")
        trial_document, device_document, trial = measure(net, backend, harm, flows, rate_pps,
                                                          log)
        assert trial_document["trials"], trial_document["error"]
        told = trial_document["trials"][0]["directions"][0]
        check_clean(told, device_document)
        try:
            truth = derive(log, trial=trial)
        except LogError as error:
            raise AssertionError(f"no ring ran over, and the log contradicts itself: {error}") from error
        compare(told, truth)
        check_verdict(trial_document["trials"][0], truth)
        assert len(truth["spaces"]) == told["sequence_spaces"] == flows, told["sequence_spaces"]
        check_harm(harm, truth)


def row(backend, harm, flows):
    for number in range(1, OPTIONS.attempts + 1):
        try:
            return attempt(backend, harm, flows, RATES_PPS[min(number, len(RATES_PPS)) - 1])
        except NotClean as why:
            print(f"truth: {backend} {harm} {flows} flows, run {number} of {OPTIONS.attempts} says "
                  f"nothing: {why}", file=sys.stderr, flush=True)
    raise Skip(f"no clean run in {OPTIONS.attempts}: this machine is too busy to tell")


def prefer_us():
    """Before other work on the machine, where the scheduler groups by session."""
    try:
        with open("/proc/self/autogroup", "w", encoding="ascii") as group:
            group.write("-15")
    except OSError:
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--frames", type=int, default=OPTIONS.frames)
    parser.add_argument("--attempts", type=int, default=OPTIONS.attempts)
    parser.add_argument("--quick", action="store_true", help="200,000 frames, three rows a backend")
    parser.add_argument("--all", action="store_true", help="each harm by itself as well")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    OPTIONS.frames, OPTIONS.attempts = options.frames, options.attempts
    rows = [(harm, flows) for harm in HARM for flows in FLOWS if options.all or harm == "all"]
    if options.quick:
        OPTIONS.frames = 200_000
        rows = [("loss", 1), ("all", 16), ("all", 1024)]
    for backend in BACKENDS:
        for harm, flows in rows:
            SUITE.add(f"truth_{backend}_{harm}_{flows}", row, backend, harm, flows)
    if not {DEVICE_CPU, TESTER_CPU} <= os.sched_getaffinity(0):
        print("skip truth: needs CPUs 0 and 1")
        return 77
    prefer_us()
    return SUITE.main([sys.argv[0], *options.cases])


if __name__ == "__main__":
    sys.exit(main())
