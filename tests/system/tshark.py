"""Captures of tcpdump, read by tshark: which frames passed an interface, by decoders that are not ours.

    with Capture(net, "tester", "c1") as tap:
        net.run("tester", "trial", ...)
    for frame in tap.decode("ip.ttl", "udp.srcport"):
        assert frame["ip.ttl"] == "64"
"""

import collections
import os
import re
import shutil
import tempfile
import time

from harness import Skip, run

# What a decoder is told: to look no name up, and to check the sums.
OPTIONS = ("-n", "-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE")
TIME = "frame.time_epoch"  # with nanoseconds
PAYLOAD = "udp.payload"
GOOD = "1"  # of ip.checksum.status and udp.checksum.status


class Capture:
    """What an interface of a namespace receives while the `with` block runs, or what passes it either
    way (`both`); `count`: the first so many frames of it."""

    def __init__(self, net, where, interface, expression="udp", both=False, count=0):
        for program in ("tcpdump", "tshark"):
            if shutil.which(program) is None:
                raise Skip(f"{program} is not installed")
        self._folder = tempfile.TemporaryDirectory()
        self.folder = self._folder.name
        self._file = os.path.join(self.folder, "capture.pcap")
        self._process, self._count, self._loop = None, count, interface == "lo"
        self._start = lambda: net.start_command(
            where, "tcpdump", "-i", interface, "-n", "-U", "--immediate-mode", "-B", "131072", "-s",
            "2048", "-Q", "inout" if both else "in", "--time-stamp-precision=nano", "-w", self._file,
            *(("-c", count) if count else ()), expression, ahead=True)

    def __enter__(self):
        self._process = self._start()
        self._process.wait_for("listening on")
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            self._end()

    def _end(self):
        """Once all that was seen is written: a capture that misses a frame is no witness."""
        if self._count:
            self._process.wait()
            return
        size, deadline = -1, time.monotonic() + 10
        while size != os.path.getsize(self._file) and time.monotonic() < deadline:
            size = os.path.getsize(self._file)
            time.sleep(0.15)
        done = self._process.stop()
        told = {words: int(count) for count, words in
                re.findall(r"(\d+) packets? (captured|received by filter|dropped by kernel)", done.err)}
        passed = told["captured"] * (2 if self._loop else 1)  # on lo each frame is seen going and coming
        assert passed == told["received by filter"], done
        assert told["dropped by kernel"] == 0, done

    def decode(self, *fields, only=""):
        """Of each frame, in order, what tshark says of these fields: texts, empty where it has none.
        `only`: a display filter."""
        wanted = [word for field in fields for word in ("-e", field)]
        done = run("tshark", "-r", self._file, *OPTIONS, "-T", "fields", "-E", "separator=/t", "-E",
                   "occurrence=f", *wanted, *(("-Y", only) if only else ()),
                   env={**os.environ, "WIRESHARK_CONFIG_DIR": self.folder})
        assert done.code == 0, done
        return [dict(zip(fields, line.split("\t"))) for line in done.out.splitlines()]

    def trials(self, *fields):
        """The frames of each trial and of each warm-up, in order: bytes 2 and 3 of what they carry are
        its id (docs/signature.md)."""
        frames, found, last = self.decode(*fields, PAYLOAD), [], None
        for frame in frames:
            trial = frame[PAYLOAD].replace(":", "")[4:8]
            if trial != last:
                found.append([])
            found[-1].append(frame)
            last = trial
        return found


def values(frames, *fields):
    """How many frames have each combination of values of these fields."""
    return collections.Counter(tuple(frame[field] for field in fields) for frame in frames)


def times(frames):
    """Nanoseconds, of frames that were decoded with their TIME."""
    stamps = [frame[TIME].split(".") for frame in frames]
    return [int(seconds) * 1_000_000_000 + int(part.ljust(9, "0")) for seconds, part in stamps]
