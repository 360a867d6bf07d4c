"""Independent witnesses: what other programs and the kernel see of the same frames.

Gaps: tcpdump, with the kernel's stamps, at the receiving end of a veth pair beside the tester's own
receiver. A native XDP program would take the frames before any tap sees them, so the receiving end
is of af_packet, and there is none. The capture's gaps must be the pacer's gaps.

Round trips: ping and irtt over the same device as a trial whose port receives what it sent itself,
bounced at the far end by tc.
"""

import collections
import os
import re
import shutil
import statistics
import struct
import sys
import tempfile
import time

import frames
from cable import cable
from frame_log import percentile, read_frame_log
from harness import PREFIX, Process, Skip, Suite, Topology, check, run

SUITE = Suite()
SECONDS = 10
ATTEMPTS = 4
# Our stamp is read before the frame is given to the kernel, tcpdump's is taken where the other end of
# the pair hands it to the taps: a system call and a soft interrupt later, some microseconds. A gap is
# the difference of two such ways, and so is off by what the way varies between two frames.
GAP_NS = 5_000
BAND_NS = 10_000  # about the target: both programs must see the same share of gaps in it ...
BAND_SHARE = 0.03  # ... to three points of a hundred
QUANTILES = [n / 10 for n in range(1, 10)]
RTT_RATIO = 0.20


def need(program):
    if shutil.which(program) is None:
        raise Skip(f"{program} is not installed")


def read_capture(path):
    """(ns, frame) of a pcap file with nanosecond stamps, as tcpdump writes it on this machine."""
    with open(path, "rb") as file:
        data = file.read()
    magic, = struct.unpack_from("=I", data)
    assert magic == 0xA1B23C4D, f"not a capture with nanosecond stamps: {magic:#x}"
    at = 24
    while at + 16 <= len(data):
        seconds, nanoseconds, length, _ = struct.unpack_from("=IIII", data, at)
        if at + 16 + length > len(data):
            return  # the last one, torn
        yield seconds * 1_000_000_000 + nanoseconds, data[at + 16:at + 16 + length]
        at += 16 + length


def captured(path):
    """Stamps of the trial's frames by (space, number): of the trial that most frames are of."""
    found = collections.defaultdict(dict)
    for stamp, frame in read_capture(path):
        sign = frames.read_signature(frame)
        if sign:
            found[sign[0]].setdefault(sign[1:], stamp)
    assert found, "tcpdump saw no frame of a trial"
    return max(found.values(), key=len)


def gaps_of(stamps):
    return [after - before for before, after in zip(stamps, stamps[1:])]


def one_capture(backend, rate_pps):
    """(our gaps, tcpdump's, direction document) of one trial."""
    with tempfile.TemporaryDirectory() as folder, Topology(pairs=1) as net:
        cable(net)
        pcap, log = os.path.join(folder, "c1.pcap"), os.path.join(folder, "frames.csv")
        tap = net.start_command("tester", "tcpdump", "-i", "c1", "-n", "-s", "128", "-B", "16384",
                                "-Q", "in", "--time-stamp-precision=nano", "-w", pcap, "udp", ahead=True)
        tap.wait_for("listening on")
        done = net.run("tester", "trial", "--tx", f"{backend}:c0", "--rx", "af_packet:c1",
                       "--rate", f"{rate_pps}pps", "--duration", f"{SECONDS}s",
                       "--pacing", "precise", "--frame-log", log, "--json", timeout=SECONDS + 20)
        time.sleep(1.2)  # the tap hands blocks over at the latest after a second
        ended = tap.stop()
        assert done.code in (0, 6), done
        dropped = re.search(r"(\d+) packets? dropped by kernel", ended.err)
        assert dropped and int(dropped.group(1)) == 0, ended
        stamps = captured(pcap)
        rows = {(row.space, row.sequence): row for row in read_frame_log(log)}
        direction = done.json["trials"][0]["directions"][0]
    assert set(stamps) == set(rows), (
        f"tcpdump saw {len(stamps)} frames, the trial {len(rows)}")
    order = sorted(rows, key=lambda key: rows[key].sent_ns)
    return (gaps_of([rows[key].sent_ns for key in order]), gaps_of([stamps[key] for key in order]),
            direction)


def share_within(gaps, target):
    return sum(abs(gap - target) <= BAND_NS for gap in gaps) / len(gaps)


def differences(ours, theirs, target):
    wrong = []
    for share in QUANTILES:
        here, there = percentile(ours, share), percentile(theirs, share)
        if abs(here - there) > GAP_NS:
            wrong.append(f"p{share * 100:.0f} of the gaps {here} ns, by tcpdump {there} ns")
    here, there = share_within(ours, target), share_within(theirs, target)
    if abs(here - there) > BAND_SHARE:
        wrong.append(f"{here:.4f} of our gaps within {BAND_NS} ns of {target:.0f}, "
                     f"{there:.4f} of tcpdump's")
    print(f"gaps: p10 {percentile(ours, .1)} / {percentile(theirs, .1)}, p50 {percentile(ours, .5)} / "
          f"{percentile(theirs, .5)}, p90 {percentile(ours, .9)} / {percentile(theirs, .9)} ns; within "
          f"{BAND_NS} ns of {target:.0f}: {here:.4f} / {there:.4f} (ours / tcpdump)",
          file=sys.stderr, flush=True)
    return wrong


def gaps(backend, rate_pps):
    need("tcpdump")
    why = []
    for _ in range(ATTEMPTS):
        ours, theirs, direction = one_capture(backend, rate_pps)
        pacing = direction["pacing"]
        # What the document says is what the log says: whatever the machine did meanwhile.
        assert pacing["gap_ns"]["samples"] == len(ours), (pacing["gap_ns"], len(ours))
        assert (pacing["gap_ns"]["min_ns"], pacing["gap_ns"]["max_ns"]) == (min(ours), max(ours))
        assert abs(pacing["gap_ns"]["p50_ns"] - percentile(ours, 0.5)) <= 0.001 * max(ours[0], 1e6)
        why = differences(ours, theirs, pacing["gap_target_ns"])
        if not why:
            return
        quiet = pacing["preemptions"]["total_ns"] < 0.01 * SECONDS * 1_000_000_000
        assert not quiet, "; ".join(why)
    raise Skip(f"no quiet run in {ATTEMPTS}: {'; '.join(why)}")


for name in ("af_packet", "af_xdp"):
    for rate in (1000, 5000):
        SUITE.add(f"gaps_{name}_{rate}pps", gaps, name, rate)


FAR = f"{PREFIX}f"
NEAR_IP, FAR_IP, FAR_MAC = "198.18.0.10", "198.18.0.20", "02:00:00:00:00:01"


class RoundTrip:
    """tester t0 - d0 [dut] d1 - t1, t1 in a third namespace that answers ping and irtt itself and
    sends back every frame to UDP port 9, which is the trial's, as it came.
    """

    def __init__(self, delay_ms):
        self._delay_ms = delay_ms

    def __enter__(self):
        self.net = Topology()
        self.net.__enter__()
        try:
            self._make()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(self, *_):
        self.net.__exit__(None, None, None)
        run("ip", "netns", "del", FAR)

    def _make(self):
        net = self.net
        check("ip", "netns", "add", FAR)
        net.ip("tester", "link", "set", "t1", "netns", FAR)
        check("ip", "-n", FAR, "link", "set", "lo", "up")
        check("ip", "-n", FAR, "link", "set", "t1", "up")
        check("ip", "-n", FAR, "addr", "add", f"{FAR_IP}/24", "dev", "t1")
        net.ip("tester", "addr", "add", f"{NEAR_IP}/24", "dev", "t0")
        # The device forwards frames as they are, and a veth leaves the checksum to whoever needs it.
        check(*net.inside("tester", "ethtool", "-K", "t0", "tx", "off"))
        check("ip", "netns", "exec", FAR, "ethtool", "-K", "t1", "tx", "off")
        tc = ("ip", "netns", "exec", FAR, "tc")
        check(*tc, "qdisc", "add", "dev", "t1", "clsact")
        check(*tc, "filter", "add", "dev", "t1", "ingress", "protocol", "ip", "u32",
              "match", "ip", "protocol", "17", "0xff", "match", "ip", "dport", "9", "0xffff",
              "action", "mirred", "egress", "redirect", "dev", "t1")
        self.dut = net.start("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1",
                             "--delay", f"{self._delay_ms}ms", "--idle", "spin", "--core", "0")
        self.dut.wait_for("dut: forwarding")

    def ours_ns(self):
        done = self.net.run("tester", "trial", "--tx", "af_packet:t0", "--rx", "af_packet:t0",
                            "--dst-mac", FAR_MAC, "--rate", "50pps", "--duration", "5s",
                            "--flows", "4", "--tx-cores", "1", "--rx-cores", "1", "--json")
        assert done.code in (0, 6), done
        direction = done.json["trials"][0]["directions"][0]
        assert direction["counts"]["unique"] == direction["counts"]["offered"] > 200, direction["counts"]
        assert direction["latency"]["metric"] == "round_trip", direction["latency"]
        return direction["latency"]["p50_ns"]

    def ping_ns(self):
        done = run(*self.net.inside("tester", "ping", "-n", "-c", "250", "-i", "0.02", FAR_IP),
                   timeout=30, cpu=1, ahead=True)
        times = [float(text) * 1e6 for text in re.findall(r"time=([0-9.]+) ms", done.out)]
        assert len(times) >= 240, done
        return statistics.median(times)

    def irtt_ns(self):
        server = Process(["ip", "netns", "exec", FAR, "irtt", "server", "-b", f"{FAR_IP}:2112"],
                         cpu=1, ahead=True)
        try:
            server.wait_for("starting")
            done = run(*self.net.inside("tester", "irtt", "client", "-i", "20ms", "-d", "5s", "-Q",
                                        "-o", "-", f"{FAR_IP}:2112"), timeout=30, cpu=1, ahead=True)
        finally:
            server.kill()
        assert done.code == 0, done
        rtt = done.json["stats"]["rtt"]
        assert rtt["n"] >= 240, rtt
        return rtt["median"]


def round_trip(program):
    need("ethtool")
    need(program)
    with RoundTrip(0) as path:
        without = getattr(path, f"{program}_ns")(), path.ours_ns()
    with RoundTrip(10) as path:
        theirs, ours = getattr(path, f"{program}_ns")(), path.ours_ns()
    print(f"round trip, median: {program} {theirs / 1e6:.3f} ms, ours {ours / 1e6:.3f} ms; without "
          f"delay {program} {without[0] / 1e6:.3f} ms, ours {without[1] / 1e6:.3f} ms",
          file=sys.stderr, flush=True)
    assert 20e6 <= ours, f"the device holds a frame for 20 ms in all, and we say {ours} ns"
    assert abs(ours - theirs) <= RTT_RATIO * theirs, f"{program} {theirs} ns, ours {ours} ns"


for name in ("ping", "irtt"):
    SUITE.add(f"round_trip_{name}", round_trip, name)


@SUITE.case
def port_named_twice_needs_somebody_who_sends_back():
    with Topology(pairs=1) as net:
        flags = ["trial", "--tx", "af_packet:t0", "--rx", "af_packet:t0", "--rate", "100pps"]
        done = net.run("tester", *flags)
        assert done.code == 2 and "--dst-mac" in done.err, done
        done = net.run("tester", *flags, "--dst-mac", FAR_MAC, "--bidirectional")
        assert done.code == 2 and "--bidirectional" in done.err, done


if __name__ == "__main__":
    sys.exit(SUITE.main())
