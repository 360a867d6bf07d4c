"""A cable from c0 to c1, runs of each verb over it, and what tshark reads of each run's frames at its
ends. af_packet receives at c1: it hears a frame beside the capture, where an XDP program takes it.
"""

import json
import os
import tempfile

import frames as signatures
from documents import document
from expect import INVALID
from harness import Topology
from tshark import PAYLOAD, TIME, Capture, times

VERBS = ("trial", "search", "rfc2544", "calibrate")
C0, C1 = "02:00:00:00:00:c0", "02:00:00:00:00:c1"


def words_of(verb, rate="2kpps", duration_ms=100):
    """One load for that long, which a search takes for its lowest and its highest at once; of the suite
    the trial of a reset, of which there is none; of calibrate the floor, and a ceiling that is soon found."""
    length = f"{duration_ms}ms"
    return {"trial": ["--rate", rate, "--duration", length],
            "search": ["--max-rate", rate, "--min-rate", rate, "--trial-duration", length],
            "rfc2544": ["--tests", "reset", "--throughput", rate, "--reset-duration", length, "--settle", "0",
                        "--allow-target", "0.0.0.0/0", "--allow-target", "::/0"],
            "calibrate": [*(("--rate", rate) if rate else ()), "--duration", length, "--trial-duration",
                          "10ms", "--precision", "50%"]}[verb]


def gentle(more):
    """Without a warm-up or a long wait, and what the machine holds up is caught up; unless `more` has
    the flag."""
    words = []
    for flag, value in (("--warm-up", "0"), ("--waiting-time", "20ms"), ("--burst", "1024")):
        if flag not in more:
            words += [flag, value]
    return [*more, *words, "--json"]


def offered(found, direction=0):
    """Of each trial, by the document: what was due in the last moments of one may be unsent."""
    return [trial["directions"][direction]["counts"]["offered"] for trial in found["trials"]]


def scheduled(frames, slack_ns=4_000_000):
    """When each frame was due, in ns: by its signature (docs/signature.md), the time it left less how
    late that was. The capture must bear out the time that it left: in each third of the frames there
    is one that came then, but for the slack, however busy the machine."""
    left, due = [], []
    for frame in frames:
        word = int.from_bytes(bytes.fromhex(frame[PAYLOAD].replace(":", ""))[12:18], "big")
        left.append(word >> 12)
        due.append(left[-1] - sum(signatures.lateness_range(word & 0xfff)) // 2)
    passed = [seen - at for seen, at in zip(times(frames), left)]
    third = len(passed) // 3
    least = [min(passed[:third]), min(passed[third:-third]), min(passed[-third:])]
    assert third > 20 and max(least) - min(least) < slack_ns, (third, least)
    return due


class Wire:
    """The cable of a network of its own, and a capture at each of the ends named; `count`: of so many
    frames."""

    def __init__(self, *ends, count=0):
        self.net, self._ends, self._count, self.runs = Topology(pairs=0), ends, count, []

    def __enter__(self):
        self.net.__enter__()
        try:
            self.net.ip("tester", "link", "add", "c0", "address", C0, "type", "veth", "peer", "name", "c1",
                        "address", C1)
            for name in ("c0", "c1"):
                self.net.ip("tester", "link", "set", name, "up")
            self.taps = [Capture(self.net, "tester", end, count=self._count).__enter__() for end in self._ends]
        except BaseException:
            self.net.__exit__()
            raise
        return self

    def __exit__(self, *why):
        try:
            for tap in self.taps:
                tap.__exit__(*why)
        finally:
            self.net.__exit__()

    def arrived(self):
        """Frames at c1, by the kernel's count."""
        links = json.loads(self.net.ip("tester", "-j", "-s", "link", "show", "c1"))
        return links[0]["stats64"]["rx"]["packets"]

    def command(self, verb, *flags, backend="af_packet"):
        return [verb, "--tx", f"{backend}:c0", "--rx", "af_packet:c1", *gentle(flags)]

    def run(self, verb, *flags, **keywords):
        """The document of a run that is done; see words_of for what it sends. Whether the tester can
        guarantee it, on a busy machine, is nothing to the frames that left."""
        with tempfile.TemporaryDirectory() as state:
            done = self.net.run("tester", *self.command(verb, *flags, **keywords),
                                env={**os.environ, "XDG_STATE_HOME": state})
        assert done.code in (0, INVALID), done
        self.runs.append(document(done.out))
        return self.runs[-1]

    def frames(self, *fields, end=0):
        """Of each run that had no warm-up: (its document, the frames of each of its trials that sent
        any). As many as were offered, by the capture's count."""
        trials, told = self.taps[end].trials(*fields, TIME), []
        for found in self.runs:
            sent = [count for count in offered(found, end) if count > 0]
            told.append((found, trials[:len(sent)]))
            del trials[:len(sent)]
            assert [len(frames) for frames in told[-1][1]] == sent, ([len(frames) for frames in told[-1][1]], sent)
        assert not trials, "frames of a trial that no document has"
        return told
