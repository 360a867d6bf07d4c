"""`scripts/bench dpdk`: our loops over DPDK ports beside testpmd's, in turns, on the same memory."""

import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import tempfile
import time

FLOWS = 1024
RX_FLOWS = (1, 1024, 65_536, 262_144, 1_048_576)
HUGEPAGES = 512
NULL = "net_null0,size=64"
TESTPMD_SECONDS = 5  # of which the first and the last figure are left out
# The wire between two processes: memif as it is by default, a ring of 1,024.
MEMIF = "net_memif0,role={role},socket={socket},socket-abstract=no"
PRIORITY = ["nice", "-n", "-20"]


class BenchError(Exception):
    """What keeps the bench from running, as a sentence."""


class Hugepages:
    """At least HUGEPAGES of them, and a place for those with names; both as found afterwards."""

    COUNT = "/proc/sys/vm/nr_hugepages"

    def __enter__(self):
        with open(self.COUNT, encoding="ascii") as file:
            self.before = int(file.read())
        self.set(max(self.before, HUGEPAGES))
        self.mounted = None
        with open("/proc/mounts", encoding="utf-8") as mounts:
            if not any(line.split()[2] == "hugetlbfs" for line in mounts):
                self.mounted = tempfile.mkdtemp(prefix="wireproof-huge.")
                subprocess.run(["mount", "-t", "hugetlbfs", "nodev", self.mounted], check=True)
        return self

    def __exit__(self, *_):
        if self.mounted:
            subprocess.run(["umount", self.mounted], check=False)
            os.rmdir(self.mounted)
        self.set(self.before)

    def set(self, count):
        with open(self.COUNT, "w", encoding="ascii") as file:
            file.write(str(count))


class Testpmd:
    """One copy, printing its rate every second until it is ended."""

    def __init__(self, lcores, vdev, mode):
        name = f"wpbench{os.getpid()}{lcores[-1]}{vdev[4]}"
        self.runtime = f"/var/run/dpdk/{name}"
        memory = ["--huge-unlink=always"] if "memif" in vdev else ["--in-memory"]
        words = [*PRIORITY, "dpdk-testpmd", "--lcores", lcores, "-n", "1", "--no-pci", *memory,
                 f"--file-prefix={name}", "--no-telemetry", f"--vdev={vdev}", "--",
                 f"--forward-mode={mode}", "--txpkts=64", "--burst=64", "--stats-period", "1",
                 "--total-num-mbufs=8192"]
        self.command = " ".join(words[3:])
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.DEVNULL, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        """Whatever happened, no copy keeps spinning."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        shutil.rmtree(self.runtime, ignore_errors=True)

    def end(self, direction):
        """The median of its figures, in frames a second."""
        self.process.send_signal(signal.SIGINT)
        try:
            out = self.process.communicate(timeout=10)[0]
        except subprocess.TimeoutExpired as error:
            raise BenchError(f"testpmd did not end: {self.command}") from error
        figures = [int(text) for text in re.findall(direction + r"-pps:\s+(\d+)", out)]
        figures = [figure for figure in figures[1:-1] if figure > 0]
        if not figures:
            raise BenchError(f"testpmd measured nothing: {self.command}")
        return statistics.median(figures)


def testpmd_null(mode, direction="Tx"):
    with Testpmd("0@1,1@1", NULL, mode) as copy:  # its main thread sleeps between two reports
        time.sleep(TESTPMD_SECONDS)
        return copy.end(direction)


def testpmd_two_copies():
    with Testpmd("0@0,1@0", NULL, "txonly") as one, Testpmd("0@1,1@1", NULL, "txonly") as two:
        time.sleep(TESTPMD_SECONDS)
        return one.end("Tx") + two.end("Tx")


def testpmd_memif(socket):
    with Testpmd("0@0,1@0", MEMIF.format(role="server", socket=socket), "txonly"):
        time.sleep(1.5)
        with Testpmd("0@1,1@1", MEMIF.format(role="client", socket=socket), "rxonly") as client:
            time.sleep(TESTPMD_SECONDS + 1)
            return client.end("Rx")


def run_json(words, what):
    done = subprocess.run([*PRIORITY, *words], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode != 0:
        raise BenchError(f"{what}: {done.stderr.strip()[-300:]}")
    return json.loads(done.stdout)


def ours_null(build, cores):
    sent = run_json([f"{build}/tests/bench/dpdk_send", NULL, str(FLOWS), "2", cores], "dpdk_send")
    if sent["wrong"] or sent["checked"] < sent["frames"] / 2100:
        raise BenchError(f"frames were not right: {sent}")
    return sent["frames"] / sent["seconds"]


def ours_memif(build, socket):
    """Two processes. Returns (frames a second, what the receiver found)."""
    epoch = str(time.monotonic_ns() + 3_000_000_000)
    words = [*PRIORITY, f"{build}/tests/bench/dpdk_wire"]
    tail = [str(FLOWS), "2"]
    sender = subprocess.Popen([*words, "send", MEMIF.format(role="server", socket=socket), *tail,
                               "0", epoch], stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(1)
        found = run_json([*words[3:], "receive", MEMIF.format(role="client", socket=socket), *tail,
                          "1", epoch], "dpdk_wire")
        sent = json.loads(sender.communicate(timeout=20)[0])
    finally:
        if sender.poll() is None:
            sender.kill()
            sender.wait()
    bad = {key: found[key] for key in ("gaps", "duplicate", "reordered", "corrupt", "foreign",
                                       "stale", "misdirected", "negative") if found[key]}
    if bad or not found["unique"] == found["delays"] == sent["offered"]:
        raise BenchError(f"memif: {sent} sent, {found} found")
    return sent["offered"] / sent["seconds"], found


def ours_rx(build):
    words = ["taskset", "-c", "1", f"{build}/tests/bench/rx_analysis", *map(str, RX_FLOWS)]
    done = subprocess.run([*PRIORITY, *words], capture_output=True, text=True, timeout=60,
                          check=False)
    if done.returncode != 0:
        raise BenchError(f"rx_analysis: {done.stderr.strip()[-300:]}")
    rows = (line.split() for line in done.stdout.splitlines())
    return {int(flows): (float(metrics) * 1e6, float(counters) * 1e6)
            for flows, metrics, counters in rows}


def measure(build, rounds):
    """All rounds, in turns. Rows of figures by name."""
    rows = {}

    def note(name, figure):
        rows.setdefault(name, []).append(figure)

    with tempfile.TemporaryDirectory(prefix="wireproof-bench.") as folder:
        for turn in range(rounds):
            note("null: testpmd txonly", testpmd_null("txonly"))
            note("null: wireproof", ours_null(build, "1"))
            note("null: testpmd flowgen", testpmd_null("flowgen"))
            note("null, two cores: wireproof", ours_null(build, "0,1"))
            note("null, two cores: testpmd", testpmd_two_copies())
            note("memif: testpmd", testpmd_memif(f"{folder}/t{turn}"))
            rate, found = ours_memif(build, f"{folder}/w{turn}")
            note("memif: wireproof", rate)
            note("rx: testpmd rxonly", testpmd_null("rxonly", "Rx"))
            for flows, (metrics, counters) in ours_rx(build).items():
                note(f"rx: every metric, {flows} flows", metrics)
                note(f"rx: counters alone, {flows} flows", counters)
    return rows, found


def judge(median):
    one, two = median["null: wireproof"], median["null, two cores: wireproof"]
    their_one, their_two = median["null: testpmd txonly"], median["null, two cores: testpmd"]
    near = [median[f"rx: every metric, {flows} flows"] for flows in RX_FLOWS if flows <= 65_536]
    counters = median[f"rx: counters alone, {FLOWS} flows"]
    # What is said of one core, or of the share of rxonly where the machine is slower that day.
    rx_share = max(counters / 37.2e6, counters / median["rx: testpmd rxonly"] / 0.14)
    # 25 Mpps where the counters alone do 37.2.
    metrics = median[f"rx: every metric, {FLOWS} flows"] / 25e6 / min(1, counters / 37.2e6)
    return [(name, ratio, least) for name, ratio, least in (
        ("null: wireproof to flowgen", one / median["null: testpmd flowgen"], 1.5),
        ("null: wireproof to txonly", one / their_one, 0.85),
        ("two cores: our scaling to testpmd's", (two / one) / (their_two / their_one), 0.95),
        ("memif: wireproof to testpmd", median["memif: wireproof"] / median["memif: testpmd"], 0.7),
        ("rx: counters, to 37.2 Mpps or 0.14 of rxonly", rx_share, 1.0),
        ("rx: every metric, to 25 Mpps", metrics, 1.0),
        ("rx: slowest to fastest of 1 to 65,536 flows", min(near) / max(near), 1 / 1.5))]


def dpdk(options):
    if os.geteuid() != 0:
        raise BenchError("needs root: hugepages")
    if not {0, 1} <= os.sched_getaffinity(0):
        raise BenchError("needs CPUs 0 and 1")
    if not shutil.which("dpdk-testpmd"):
        raise BenchError("dpdk-testpmd is missing: it is in the package dpdk-dev")
    if not os.access(f"{options.build}/tests/bench/dpdk_send", os.X_OK):
        raise BenchError(f"{options.build} has no tests/bench/dpdk_send: build it with libdpdk")
    with Hugepages():
        rows, found = measure(options.build, options.rounds)
    median = {name: statistics.median(figures) for name, figures in rows.items()}
    print(f"64-byte frames, {FLOWS:,} flows in permuted order, hugepages; {options.rounds} rounds "
          "in turns")
    print(f"  {'':<32}{'median':>9}{'min':>9}{'max':>9}  (Mpps)")
    for name, figures in rows.items():
        print(f"  {name:<32}{median[name] / 1e6:>9.2f}{min(figures) / 1e6:>9.2f}"
              f"{max(figures) / 1e6:>9.2f}")
    print(f"  memif, the last round: {found['unique']:,} frames, none lost, every delay recorded: "
          f"{found['delay_ns']} ns")
    bars = judge(median)
    for name, ratio, least in bars:
        print(f"  {name}: {ratio:.2f}, bar {least:.2f}: "
              f"{'reached' if ratio >= least else 'NOT reached'}")
    return {"rounds": options.rounds, "rows": rows, "median": median, "memif": found,
            "bars": [{"name": n, "ratio": r, "least": l} for n, r, l in bars],
            "reached": all(ratio >= least for _, ratio, least in bars)}
