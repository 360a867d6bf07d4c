"""`scripts/bench pacing`: how evenly frames leave, judged by who receives them.

memif   one process, one core that sends and one that receives; every arrival is in the frame log. A
        gap counts as kept when it is within 256 ns of the target. Gaps beside a pre-emption that
        either loop logged (its own clock stood still) are counted apart: nothing of ours ran.
spin    a loop that only reads the clock, on the sending core, in the same round: what the machine
        leaves of the best that there could be.
veth    our pacer, trafgen and mausezahn in turns, judged by one tcpdump with the kernel's stamps at
        the other end: the standard deviation of the gaps, of all and of the hundredth part less
        that is furthest from the median: a machine that stands still for 4 ms once decides the first.
"""

import bisect
import json
import math
import os
import shutil
import signal
import statistics
import struct
import subprocess
import tempfile
import time

from bench_dpdk import BenchError, Hugepages

SENDING_CPU, RECEIVING_CPU = 1, 0
NEAR_NS = 256
MEMIF_RATES = (100_000, 500_000)
MEMIF_SECONDS = 2
SPIN_SECONDS = 3
HICCUP_NS = 10_000
LEAST_KEPT = 0.95
VETH_PPS = 1000  # mausezahn's delay ends at some microseconds; this is a rate that all three keep
VETH_SECONDS = 6
PREFIX = f"wp{os.getpid()}"
MACS = "02:00:00:00:77:01", "02:00:00:00:77:02"  # nobody's: the far end's stack looks away
TRAFGEN_FRAME = (f"{{ eth(da={MACS[1]}, sa={MACS[0]}) ipv4(saddr=198.18.0.1, daddr=198.19.0.1) "
                 "udp(sp=49152, dp=9) fill(0, 18) }")


def ahead():
    """In the child: a session of its own that goes ahead of other people's work (man 7 sched)."""
    os.setsid()
    try:
        os.nice(-20)
        with open("/proc/self/autogroup", "w", encoding="ascii") as group:
            group.write("-20")
    except OSError:
        pass


def run(words, seconds=60):
    done = subprocess.run(words, capture_output=True, text=True, timeout=seconds, check=False,
                          preexec_fn=ahead)
    return done


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def read_arrivals(path):
    """Arrival times in ns from the start of the counted traffic, in order."""
    with open(path, encoding="ascii") as file:
        column = file.readline().rstrip("\n").split(",").index("arrived_ns")
        return [int(line.split(",")[column]) for line in file]


def shadows(direction, gap_ns):
    """Intervals in which a loop stood still or caught up, (begin, end), sorted, disjoint; and the
    time up to which they are all known: a log keeps the first some thousand. Catching up takes less
    than the standstill did.
    """
    found, known_until = [], math.inf
    for who in ("pacing", "receiver"):
        pauses = direction[who]["preemptions"]
        if pauses["count"] > len(pauses["log"]):
            known_until = min(known_until, pauses["log"][-1]["at_ns"])
        found += [(pause["at_ns"] - gap_ns, pause["at_ns"] + 2 * pause["length_ns"] + gap_ns)
                  for pause in pauses["log"]]
    merged = []
    for begin, end in sorted(found):
        if merged and begin <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((begin, end))
    return merged, known_until


def judge_gaps(arrivals, target, dark):
    """Of the gaps between arrivals: how many were kept, in all and outside the shadows."""
    begins = [begin for begin, _ in dark]
    kept = lit = lit_kept = 0
    squares = lit_squares = 0.0
    for before, after in zip(arrivals, arrivals[1:]):
        off = after - before - target
        near = abs(off) <= NEAR_NS
        kept += near
        squares += off * off
        # The last shadow that begins before the gap ends is the only one that can touch it.
        at = bisect.bisect_right(begins, after) - 1
        if at >= 0 and dark[at][1] >= before:
            continue
        lit += 1
        lit_kept += near
        lit_squares += off * off
    total = len(arrivals) - 1
    return {"gaps": total, "kept": kept / total, "stdev_ns": math.sqrt(squares / total),
            "outside": lit, "outside_share": lit / total,
            "outside_kept": lit_kept / lit if lit else 0.0,
            "outside_stdev_ns": math.sqrt(lit_squares / lit) if lit else 0.0}


def memif_round(build, folder, rate, turn):
    socket = os.path.join(folder, f"s{rate}-{turn}")
    log = os.path.join(folder, "frames.csv")
    wire = "dpdk:net_memif{n},role={role},socket=" + socket + ",socket-abstract=no"
    done = run([f"{build}/tools/wireproof", "trial", "--tx", wire.format(n=0, role="server"),
                "--rx", wire.format(n=1, role="client"), "--rate", f"{rate}pps",
                "--duration", f"{MEMIF_SECONDS}s", "--pacing", "precise", "--idle", "spin",
                "--tx-cores", str(SENDING_CPU), "--rx-cores", str(RECEIVING_CPU),
                "--frame-log", log, "--frame-log-frames", str(2 * rate * MEMIF_SECONDS),
                "--no-calibration", "--json"])
    if done.returncode not in (0, 6):
        raise BenchError(f"memif at {rate} pps: {done.stderr.strip()[-300:]}")
    trial = json.loads(done.stdout)["trials"][0]
    direction = trial["directions"][0]
    target = direction["pacing"]["gap_target_ns"]
    arrivals = read_arrivals(log)
    if len(arrivals) < rate * MEMIF_SECONDS / 2:
        raise BenchError(f"memif at {rate} pps: {len(arrivals)} frames came: {trial['reason']}")
    dark, known_until = shadows(direction, target)
    found = judge_gaps([at for at in arrivals if at <= known_until], target, dark)
    found["verdict"] = trial["verdict"]
    for who, name in (("pacing", "tx"), ("receiver", "rx")):
        pauses = direction[who]["preemptions"]
        found[f"{name}_preemptions"] = pauses["count"]
        found[f"{name}_preempted_ms"] = pauses["total_ns"] / 1e6
    return found


def spin_round(build, rate):
    done = run([f"{build}/tests/bench/spin_hiccups", str(SENDING_CPU), str(SPIN_SECONDS),
                str(1_000_000_000 // rate), str(HICCUP_NS)])
    if done.returncode != 0:
        raise BenchError(f"spin_hiccups: {done.stderr.strip()[-300:]}")
    found = json.loads(done.stdout)
    return {"kept": found["near"] / found["gaps"], "stdev_ns": found["stdev_ns"],
            "hiccups": found["hiccups"], "hiccups_ms": found["total_ns"] / 1e6,
            "hiccup_max_us": found["max_ns"] / 1e3}


class Wire:
    """A veth pair between two namespaces, and the sending end's name."""

    def __init__(self):
        self.near, self.far = f"{PREFIX}n", f"{PREFIX}f"

    def __enter__(self):
        try:
            for name in (self.near, self.far):
                self._ip("netns", "add", name)
                subprocess.run(["ip", "netns", "exec", name, "sysctl", "-qw",
                                "net.ipv6.conf.all.disable_ipv6=1",
                                "net.ipv6.conf.default.disable_ipv6=1"], check=True)
            self._ip("-n", self.near, "link", "add", "w0", "type", "veth",
                     "peer", "name", "w1", "netns", self.far)
            self._ip("-n", self.near, "link", "set", "w0", "up")
            self._ip("-n", self.far, "link", "set", "w1", "up")
            time.sleep(0.3)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in (self.near, self.far):
            subprocess.run(["ip", "netns", "del", name], check=False, stderr=subprocess.DEVNULL)

    @staticmethod
    def _ip(*words):
        done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise BenchError(f"ip {' '.join(words)}: {done.stderr.strip()}")


def read_stamps(path):
    """Kernel stamps in ns of a capture with nanoseconds, UDP frames only."""
    with open(path, "rb") as file:
        data = file.read()
    if len(data) < 24 or struct.unpack_from("=I", data)[0] != 0xA1B23C4D:
        raise BenchError(f"{path} is no capture with nanosecond stamps")
    at, stamps = 24, []
    while at + 16 <= len(data):
        seconds, nanoseconds, length, _ = struct.unpack_from("=IIII", data, at)
        stamps.append(seconds * 1_000_000_000 + nanoseconds)
        at += 16 + length
    return stamps


def veth_round(words):
    """The gaps of one sender, as tcpdump saw them; the first and the last tenth are left out."""
    with Wire() as wire, tempfile.TemporaryDirectory() as folder:
        pcap, told = os.path.join(folder, "w1.pcap"), os.path.join(folder, "told")
        with open(told, "w+", encoding="utf-8") as err:
            tap = subprocess.Popen(["ip", "netns", "exec", wire.far, "tcpdump", "-i", "w1", "-n",
                                    "-s", "64", "-B", "16384", "-Q", "in",
                                    "--time-stamp-precision=nano", "-w", pcap, "udp"], stderr=err,
                                   preexec_fn=ahead)
            try:
                give_up = time.monotonic() + 10
                while "listening on" not in open(told, encoding="utf-8").read():
                    if time.monotonic() > give_up or tap.poll() is not None:
                        raise BenchError("tcpdump did not start")
                    time.sleep(0.05)
                done = run(["ip", "netns", "exec", wire.near, "taskset", "-c",
                            f"{RECEIVING_CPU},{SENDING_CPU}", *words])
                time.sleep(1.2)  # the kernel hands captured blocks over after a second at the latest
                tap.send_signal(signal.SIGINT)
                tap.wait(10)
            finally:
                if tap.poll() is None:
                    tap.kill()
                    tap.wait()
        stamps = read_stamps(pcap)
    cut = len(stamps) // 10
    stamps = stamps[cut:len(stamps) - cut]
    if len(stamps) < VETH_PPS * VETH_SECONDS // 4:
        raise BenchError(f"{words[0]}: only {len(stamps)} frames came: {done.stderr.strip()[-200:]}")
    gaps = [after - before for before, after in zip(stamps, stamps[1:])]
    target, middle = 1e9 / VETH_PPS, statistics.median(gaps)
    calm = sorted(gaps, key=lambda gap: abs(gap - middle))[:len(gaps) * 99 // 100]
    return {"mean_ns": statistics.fmean(gaps), "stdev_ns": statistics.pstdev(gaps),
            "calm_stdev_ns": statistics.pstdev(calm),
            "within_10us": sum(abs(gap - target) <= 10_000 for gap in gaps) / len(gaps)}


def veth_senders(build):
    frames = str(VETH_PPS * VETH_SECONDS)
    ours = [f"{build}/tools/wireproof", "trial", "--rx", "none", "--dst-mac", MACS[1],
            "--rate", f"{VETH_PPS}pps", "--duration", f"{VETH_SECONDS}s", "--pacing", "precise",
            "--warm-up", "0", "--tx-cores", str(SENDING_CPU), "-q"]
    return {
        "wireproof af_packet": [*ours, "--tx", "af_packet:w0"],
        "wireproof af_xdp": [*ours, "--tx", "af_xdp:w0"],
        "trafgen": ["trafgen", "--dev", "w0", "--cpus", "1", "--no-sock-mem", "-n", frames,
                    "--gap", f"{1_000_000 // VETH_PPS}us", TRAFGEN_FRAME],
        "mausezahn": ["mausezahn", "w0", "-q", "-c", frames, "-d", f"{1_000_000 // VETH_PPS}usec",
                      "-a", MACS[0], "-b", MACS[1], "-A", "198.18.0.1", "-B", "198.19.0.1",
                      "-t", "udp", "sp=49152,dp=9", "-p", "18"],
    }


def measure(options):
    rows, left_out = {}, {}

    def note(name, figures):
        for key, value in figures.items():
            if not isinstance(value, str):
                rows.setdefault(name, {}).setdefault(key, []).append(value)

    senders = {}
    for name, words in veth_senders(options.build).items():
        if shutil.which(words[0]) and shutil.which("tcpdump"):
            senders[name] = words
        else:
            left_out[name] = f"{words[0] if shutil.which('tcpdump') else 'tcpdump'} is missing"
    with tempfile.TemporaryDirectory(prefix="wireproof-bench.") as folder:
        for turn in range(options.rounds):
            for rate in MEMIF_RATES:
                note(f"spin {rate // 1000} kpps", spin_round(options.build, rate))
                note(f"memif {rate // 1000} kpps", memif_round(options.build, folder, rate, turn))
            names = list(senders)
            for name in names[turn % len(names):] + names[:turn % len(names)]:
                note(f"veth {name}", veth_round(senders[name]))
    return rows, left_out


def bars_of(rows):
    bars = []
    for rate in MEMIF_RATES:
        figures = rows[f"memif {rate // 1000} kpps"]
        bars.append((f"memif {rate // 1000} kpps: gaps within {NEAR_NS} ns outside pre-emptions",
                     statistics.median(figures["outside_kept"]), LEAST_KEPT))
    for peer in (name for name in ("veth trafgen", "veth mausezahn") if name in rows):
        for key, what in (("stdev_ns", "standard deviation"),
                          ("calm_stdev_ns", "standard deviation of the best 99 %")):
            ours = [statistics.median(figures[key]) for name, figures in rows.items()
                    if name.startswith("veth wireproof")]
            ratio = statistics.median(rows[peer][key]) / max(ours)
            bars.append((f"{peer}: its {what} to the worse of ours", ratio, 1.0))
    return bars


def show(rows):
    percent = {"kept", "outside_kept", "outside_share", "within_10us"}
    for name, figures in rows.items():
        print(f"  {name}")
        for key, values in figures.items():
            scale, unit = (100, " %") if key in percent else (1, "")
            of = spread(values)
            print(f"    {key:<20}{of['median'] * scale:>14,.2f}{of['min'] * scale:>14,.2f}"
                  f"{of['max'] * scale:>14,.2f}{unit}")


def pacing(options):
    if os.geteuid() != 0:
        raise BenchError("needs root: hugepages and network namespaces")
    if not {SENDING_CPU, RECEIVING_CPU} <= os.sched_getaffinity(0):
        raise BenchError(f"needs CPUs {SENDING_CPU} and {RECEIVING_CPU}")
    for needed in ("tests/bench/spin_hiccups", "tools/wireproof"):
        if not os.access(f"{options.build}/{needed}", os.X_OK):
            raise BenchError(f"{options.build} has no {needed}: build it first")
    with Hugepages():
        rows, left_out = measure(options)
    print(f"gaps between frames as received, {options.rounds} rounds in turns: median, min, max")
    show(rows)
    for name, why in left_out.items():
        print(f"  {name} left out: {why}")
    bars = bars_of(rows)
    for name, figure, least in bars:
        print(f"  {name}: {figure:.3f}, bar {least:.2f}: "
              f"{'reached' if figure >= least else 'NOT reached'}")
    return {"rounds": options.rounds, "rows": rows, "left_out": left_out,
            "bars": [{"name": n, "figure": f, "least": l} for n, f, l in bars],
            "reached": all(figure >= least for _, figure, least in bars)}
