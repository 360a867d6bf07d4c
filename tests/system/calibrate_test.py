"""`wireproof calibrate`: what it finds of ports back to back is kept, and shown beside later results under
the same conditions and no others.
"""

import json
import os
import signal
import stat
import sys
import tempfile
import time

from cable import cable
from documents import valid
from expect import INVALID, OUTPUT, document, refusal
from harness import WIREPROOF, Process, Suite, Topology, wireproof

SUITE = Suite()
MEMORY = ["--tx", "loopback:a", "--rx", "loopback:b"]
# 12,000 frames: a p99.9 has twelve beyond it. The search is as short as it can be.
QUICK = ["--duration", "1200ms", "--precision", "20%", "--trial-duration", "50ms", "--waiting-time", "50ms",
         "--warm-up", "20ms"]


class State:
    """A state folder of its own, and the runs that use it."""

    def __init__(self):
        self._folder = tempfile.TemporaryDirectory()
        self.folder = os.path.join(self._folder.name, "state")
        self.file = os.path.join(self.folder, "wireproof", "calibration.json")
        self.env = {**os.environ, "XDG_STATE_HOME": self.folder}

    def run(self, *arguments, **keywords):
        return wireproof(*arguments, env=self.env, timeout=120, **keywords)

    def entries(self):
        with open(self.file, encoding="utf-8") as file:
            return valid(json.load(file))["entries"]


def calibrated(done, sizes):
    """The entries of a calibration that was done and told."""
    assert done.code == 0, done
    found = document(done.out)
    assert found["kind"] == "calibration" and found["status"] == "ok", found["status"]
    entries = found["result"]["calibrations"]
    assert [entry["key"]["size"] for entry in entries] == sizes, entries
    for entry in entries:
        floor = entry["floor"]
        assert floor["samples"] > 9_000 and floor["min_ns"] <= floor["p50_ns"] <= floor["p99_9_ns"], floor
        assert entry["ceiling"]["lossless_fps"] > 1_000, entry["ceiling"]
    return entries


def direction_of(done):
    assert done.code in (0, INVALID), done  # a busy machine: the floor stands beside all the same
    found = document(done.out)
    return found["trials"][0]["directions"][0], found


def beside(direction, entry):
    latency, floor = direction["latency"], entry["floor"]
    assert latency["floor_ns"] == {"p50": floor["p50_ns"], "p99_9": floor["p99_9_ns"]}, latency
    assert latency["calibrated_at"] == entry["calibrated_at"], latency
    assert direction["ceiling_fps"] == entry["ceiling"]["lossless_fps"], direction


def nothing_beside(direction):
    assert "floor_ns" not in direction["latency"] and "ceiling_fps" not in direction, direction


@SUITE.case
def memory_is_calibrated_and_shown():
    state = State()
    entries = calibrated(state.run("calibrate", *MEMORY, "--size", "64,512", *QUICK, "--json"),
                         ["64", "512"])
    assert state.entries() == entries
    assert stat.S_IMODE(os.stat(os.path.dirname(state.file)).st_mode) == 0o700
    trial = ["trial", *MEMORY, "--rate", "5kpps", "--duration", "300ms", "--json"]
    for size, entry in zip(("64", "512"), entries):
        beside(direction_of(state.run(*trial, "--size", size))[0], entry)
    for other in (["--size", "128"], ["--pacing", "precise"], ["--tx-stamp", "frame"],
                  ["--bidirectional"], ["--no-calibration"]):
        nothing_beside(direction_of(state.run(*trial, *other))[0])
    text = state.run("trial", *MEMORY, "--rate", "5kpps", "--duration", "300ms")
    assert "back-to-back baseline of the tester" in text.out, text
    assert all(len(line) <= 80 for line in text.out.splitlines()), text


@SUITE.case
def searches_show_it_too():
    state = State()
    entries = calibrated(state.run("calibrate", *MEMORY, *QUICK, "--json"), ["64"])
    done = state.run("search", *MEMORY, "--max-rate", "5kpps", "--trial-duration", "100ms", "--json")
    assert done.code in (0, INVALID), done
    trials = document(done.out)["trials"]
    assert trials, done
    for trial in trials:
        if trial["directions"][0]["latency"]["samples"]:
            assert trial["directions"][0]["ceiling_fps"] == entries[0]["ceiling"]["lossless_fps"]


@SUITE.case_for_each(("af_packet", "af_xdp"))
def cable_of_the_kernel(backend):
    state = State()
    with Topology(pairs=1) as net:
        cable(net)
        ports = ["--tx", f"{backend}:c0", "--rx", f"{backend}:c1"]
        entry, = calibrated(net.run("tester", "calibrate", *ports, *QUICK, "--json", env=state.env,
                                    timeout=120), ["64"])
        assert entry["key"]["tx_driver"] == "veth" and entry["key"]["rx_backend"] == backend, entry
        trial = net.run("tester", "trial", *ports, "--rate", "5kpps", "--duration", "300ms",
                        "--json", env=state.env)
        beside(direction_of(trial)[0], entry)


@SUITE.case
def damaged_store_ends_no_trial():
    state = State()
    calibrated(state.run("calibrate", *MEMORY, *QUICK, "--json"), ["64"])
    with open(state.file, encoding="utf-8") as file:
        whole = file.read()
    newer = whole.replace('"schema_version": "1.0"', '"schema_version": "7.0"')
    assert newer != whole
    trial = ["trial", *MEMORY, "--rate", "1kpps", "--duration", "100ms", "--json"]
    for text in ("", whole[:200], newer, "[" * 50_000):
        with open(state.file, "w", encoding="utf-8") as file:
            file.write(text)
        direction, found = direction_of(state.run(*trial))
        nothing_beside(direction)
        assert any("is ignored" in note and state.file in note for note in found["notes"]), found["notes"]
        _, found = direction_of(state.run(*trial, "--no-calibration"))
        assert not any("is ignored" in note for note in found["notes"]), found["notes"]
    again = state.run("calibrate", *MEMORY, *QUICK, "--json")
    calibrated(again, ["64"])
    assert len(state.entries()) == 1 and os.path.exists(state.file + ".unreadable")
    assert any(".unreadable" in note for note in again.json["notes"]), again.json["notes"]


@SUITE.case
def device_in_between_is_no_cable():
    """What loses frames at a gentle rate is refused, and nothing is kept of it."""
    state = State()
    done = state.run("calibrate", "--tx", "loopback:a,loss=5%", "--rx", "loopback:b", *QUICK, "--json")
    assert done.code == INVALID, done
    assert "not back to back" in document(done.out)["error"]["message"], done
    assert not os.path.exists(state.file)


@SUITE.case
def what_cannot_be_kept_is_refused_first():
    for env, word in (({"HOME": "", "XDG_STATE_HOME": ""}, "HOME"),
                      ({"XDG_STATE_HOME": "/proc/self/nothing"}, "/proc/self")):
        refusal(lambda *arguments, env=env: wireproof(*arguments, env={**os.environ, **env}),
                ["calibrate", *MEMORY], OUTPUT, word)


@SUITE.case
def wrong_words_are_refused():
    for flags, word in ((["--rate", "50%"], "1pps"), (["--rate", "1Gbps"], "1pps"),
                        (["--precision", "0"], "precision"), (["--precision", "60%"], "precision"),
                        (["--trial-duration", "1ms"], "trial-duration"),
                        (["--duration", "10ms"], "duration"), (["--size", "10"], "10")):
        refusal(wireproof, ["calibrate", *MEMORY, *flags], 2, word)
    refusal(wireproof, ["calibrate", "--tx", "loopback:a", "--rx", "none"], 2, "receiving port")


@SUITE.case
def dry_run_sends_and_keeps_nothing():
    state = State()
    done = state.run("calibrate", *MEMORY, "--dry-run")
    assert done.code == 0 and "baseline delay at" in done.out and "nothing was sent" in done.out, done
    assert not os.path.exists(state.folder)


@SUITE.case
def interrupted_keeps_what_there_was():
    state = State()
    quiet = state.run("calibrate", *MEMORY, *QUICK, "--quiet")
    assert quiet.code == 0 and quiet.out == "" and quiet.err == "", quiet
    before = state.entries()
    process = Process([WIREPROOF, "calibrate", *MEMORY, "--duration", "60s", "--json"], env=state.env)
    try:
        deadline = time.monotonic() + 10
        while len(os.listdir(f"/proc/{process.pid}/task")) < 2:  # until it measures
            assert time.monotonic() < deadline and process.running(), process.output()
            time.sleep(0.02)
        ended = process.stop(signal.SIGINT)
    finally:
        process.kill()
    assert ended.code == 130 and document(ended.out)["status"] == "aborted", ended
    assert state.entries() == before


if __name__ == "__main__":
    sys.exit(SUITE.main())
