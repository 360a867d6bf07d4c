"""How much is sent, and when: rates, durations, schedules and bursts, as a capture has them."""

import os
import signal
import statistics
import sys
import tempfile
import time

from documents import document
from expect import INVALID
from harness import Suite, Topology
from tshark import PAYLOAD, TIME, Capture, times
from wire import VERBS, Wire, gentle, offered, scheduled, words_of

SUITE = Suite()
# --rate, other flags, and frames a second by the arithmetic of the manual: at layer 1 a frame has 20
# bytes more, at layer 2 its own, at layer 3 18 less, and 4 for a tag.
RATES = [
    ("2500pps", [], 2500),
    ("2.6kpps", [], 2600),
    ("0.0027Mpps", [], 2700),
    ("1680000bps", [], 1_680_000 / 8 / 84),
    ("1750kbps", [], 1_750_000 / 8 / 84),
    ("1.8Mbps", [], 1_800_000 / 8 / 84),
    ("0.0019Gbps", [], 1_900_000 / 8 / 84),
    ("1%", ["--line-rate", "170Mbps"], 1_700_000 / 8 / 84),
    ("10Mbps", ["--rate-layer", "l1", "--size", "512"], 10_000_000 / 8 / 532),
    ("10Mbps", ["--rate-layer", "l2", "--size", "512"], 10_000_000 / 8 / 512),
    ("10Mbps", ["--rate-layer", "l3", "--size", "512"], 10_000_000 / 8 / 494),
    ("10Mbps", ["--rate-layer", "l3", "--size", "512", "--vlan", "5"], 10_000_000 / 8 / 490),
    ("6Mbps", ["--rate-layer", "l2", "--size", "imix"], 6_000_000 / 8 / ((7 * 64 + 4 * 570 + 1518) / 12)),
]


def at_rate(found, trial, frames, fps, seconds):
    """As many frames were meant to be sent as that makes, and those that were left at that rate."""
    counts = found["trials"][trial]["directions"][0]["counts"]
    assert abs(counts["intended"] - fps * seconds) <= 1, (counts, fps * seconds)
    assert len(frames) + counts["unsent"] == counts["intended"], (len(frames), counts)
    due = scheduled(frames)
    mean = (due[-1] - due[0]) / (len(due) - 1)
    assert abs(mean * fps / 1e9 - 1) <= 0.002, (1e9 / mean, fps)


@SUITE.case
def rates_in_every_unit_and_layer():
    with Wire("c1") as wire:
        for rate, more, _ in RATES:
            wire.run("trial", *words_of("trial", rate, 300), *more)
    for (rate, more, fps), (found, (frames,)) in zip(RATES, wire.frames()):
        at_rate(found, 0, frames, fps, 0.3)


@SUITE.case
def searches_and_calibrations_send_what_they_say():
    """A calibration's rate is in frames a second, or a share of the line's: it has no layer."""
    with Wire("c1") as wire:
        wire.run("search", *words_of("search", "1%", 300), "--line-rate", "168Mbps")
        wire.run("search", *words_of("search", "1.28Mbps", 300), "--rate-layer", "l2")
        wire.run("calibrate", *words_of("calibrate", "2500pps", 300))
        wire.run("calibrate", *words_of("calibrate", None, 300), "--line-rate", "168Mbps")
    for found, trials in wire.frames(PAYLOAD):
        at_rate(found, 0, trials[0], 2500, 0.3)


@SUITE.case
def durations_as_asked():
    """Of a trial, of the trials of a search and of the one that confirms, and of calibrations: the
    frames, by the capture's count, are the rate times the time."""
    with Wire("c1") as wire:
        wire.run("trial", *words_of("trial", "1kpps", 400))
        wire.run("search", *words_of("search", "1kpps", 200), "--final-duration", "500ms")
        wire.run("calibrate", "--rate", "1kpps", "--duration", "300ms", "--trial-duration", "20ms",
                 "--precision", "50%")
    runs = wire.frames(PAYLOAD)
    lasts = [[trial["duration_s"] for trial in found["trials"]] for found, _ in runs]
    assert lasts[0] == [0.4] and set(lasts[1]) == {0.2, 0.5} and lasts[1][-1] == 0.5, lasts
    assert lasts[2][0] == 0.3 and lasts[2][-1] == 0.02 and set(lasts[2]) == {0.3, 0.02}, lasts
    for found, trials in runs[:2]:
        for n, frames in enumerate(trials):
            at_rate(found, n, frames, 1000, found["trials"][n]["duration_s"])


@SUITE.case
def as_many_frames_as_asked():
    """By the capture's count: with a rate, and back to back; behind whichever headers."""
    asked = [("1kpps", 300, []), ("max", 500, []), ("max", 1, []), ("1kpps", 300, ["--ipv6", "--size", "84"]),
             ("max", 200, ["--vlan", "5", "--size", "68"])]
    with Wire("c1") as wire:
        for rate, frames, more in asked:
            wire.run("trial", "--rate", rate, "--frames", frames, *more)
    for (rate, wanted, _), (found, (frames,)) in zip(asked, wire.frames()):
        trial = found["trials"][0]
        counts = trial["directions"][0]["counts"]
        unsent = counts["unsent"] if rate != "max" else 0  # a host that kept the sender from its turns
        assert counts["intended"] == wanted == len(frames) + unsent, (wanted, len(frames), counts)
        assert trial["duration_s"] == 0.3 if rate != "max" else trial["duration_s"] < 5, trial["duration_s"]


@SUITE.case
def sockets_send_as_many_and_change_their_rate():
    """By the capture of the datagrams, over loopback in a namespace of its own."""
    ports = ["--tx", "io_uring:127.0.0.1:9000", "--rx", "io_uring:127.0.0.1:9001", *gentle(["--warm-up", "0"])]
    sent = []
    with Topology(pairs=0) as net:
        with Capture(net, "tester", "lo", "udp port 9001") as tap:
            for words in (["--rate", "1kpps", "--frames", "150"], ["--rate", "max", "--frames", "70"],
                          ["--rate", "1kpps", "--duration", "300ms", "--step", "200pps@100ms"]):
                done = net.run("tester", "trial", *ports, *words)
                assert done.code in (0, INVALID), done
                counts = done.json["trials"][0]["directions"][0]["counts"]
                wanted = {"150": 150, "70": 70}.get(words[-1], 100 + 40)
                assert counts["intended"] == wanted == counts["offered"] + counts["unsent"], (words, counts)
                sent.append(counts["offered"])
        seen = len(tap.decode("udp.length"))
    assert seen == sum(sent), (seen, sent)


@SUITE.case
def a_step_is_another_rate_from_then_on():
    with Wire("c1") as wire:
        wire.run("trial", *words_of("trial", "2kpps", 600), "--step", "500pps@200ms")
    ((found, (frames,)),) = wire.frames()
    counts = found["trials"][0]["directions"][0]["counts"]
    assert counts["intended"] == 400 + 200 == len(frames) + counts["unsent"], (len(frames), counts)
    due = scheduled(frames)
    gaps = [after - before for before, after in zip(due, due[1:])]
    # The first at the new rate is due where the next at the old one would have been.
    quick = [gap for gap in gaps if gap < 1_000_000]
    assert 400 - counts["unsent"] <= len(quick) <= 400, (len(quick), counts)
    at = 1 + max(n for n, gap in enumerate(gaps) if gap < 1_000_000)
    assert min(gaps[at:]) > 1_900_000, gaps[at:]  # a lateness is told to some per cent
    assert abs(due[at] - due[0] - 200e6) < 1e6 or counts["unsent"] > 0, due[at] - due[0]


@SUITE.case
def max_is_what_the_tester_can():
    with Wire() as wire:
        before = wire.arrived()
        found = wire.run("trial", "--rate", "max", "--duration", "20ms")
        counts = found["trials"][0]["directions"][0]["counts"]
        assert counts["offered"] == wire.arrived() - before > 1000, (counts, wire.arrived() - before)
        assert counts["intended"] == counts["offered"], counts


# What a capture of a bursty schedule must show: 64 frames leave at once under one reading of the
# clock, or each under its own.
STAMPS = [("trial", [], 1), ("trial", ["--tx-stamp", "burst"], 1), ("trial", ["--tx-stamp", "frame"], 64),
          ("trial", ["--pacing", "burst"], 1), ("trial", ["--pacing", "precise"], 64),
          ("search", ["--tx-stamp", "frame"], 64), ("search", ["--pacing", "precise"], 64),
          ("calibrate", ["--tx-stamp", "frame"], 64), ("calibrate", ["--pacing", "precise"], 64)]


def transmit_times(frames):
    """The 36 bits of time in each frame's signature (docs/signature.md)."""
    return {int.from_bytes(bytes.fromhex(frame[PAYLOAD].replace(":", ""))[12:18], "big") >> 12
            for frame in frames}


@SUITE.case
def bursts_leave_at_once():
    """64 frames every 100 ms, for each verb; the time that they bear is the burst's, or their own."""
    with Wire("c1") as wire:
        for verb, more, _ in STAMPS:
            wire.run(verb, *words_of(verb, "640pps", 300), "--schedule", "bursty", "--burst-size", "64", *more)
    apart = 0
    for (verb, more, stamps), (_, trials) in zip(STAMPS, wire.frames(PAYLOAD)):
        frames = trials[0]
        due = scheduled(frames, 50_000_000)
        due = [round((at - due[0]) / 1e8) for at in due]
        assert due == [n // 64 for n in range(len(frames))], (verb, due)
        # By the capture: a burst takes a millisecond. Where the machine held one up, the next joined it,
        # and what was not sent when the time was over stayed so.
        seen = times(frames)
        begins = [n for n in range(1, len(seen)) if seen[n] - seen[n - 1] > 50_000_000]
        assert not any(n % 64 for n in begins), (verb, begins)
        apart += begins == [64, 128]
        bears = len(transmit_times(frames))
        assert bears >= len(frames) - 2 if stamps == 64 else bears <= 6, (verb, more, bears)
    assert apart > len(STAMPS) / 2, f"only {apart} of {len(STAMPS)} runs sent three bursts apart"


@SUITE.case
def poisson_gaps_are_exponential_and_always_the_same():
    """Of an exponential distribution 39 % lie below half of its mean and 14 % above twice of it; the
    bounds are three deviations off. Constant gaps are all the same."""
    with Wire("c1") as wire:
        for schedule in ("poisson", "poisson", "constant"):
            wire.run("trial", *words_of("trial", "500pps", 1000), "--schedule", schedule)
    gaps = []
    for _, (frames,) in wire.frames(PAYLOAD):
        due = scheduled(frames)
        assert 400 < len(frames) < 570, len(frames)
        gaps.append([after - before for before, after in zip(due, due[1:])])
    mean = sum(gaps[0]) / len(gaps[0])
    short = sum(gap < mean / 2 for gap in gaps[0]) / len(gaps[0])
    long = sum(gap > mean * 2 for gap in gaps[0]) / len(gaps[0])
    assert 0.32 < short < 0.46 and 0.09 < long < 0.18, (short, long)
    apart = statistics.median(abs(one - other) for one, other in zip(*gaps[:2]))
    assert apart < 0.02 * mean, (apart, mean)
    even = sum(1_900_000 < gap < 2_100_000 for gap in gaps[2])
    assert even > 0.9 * len(gaps[2]), (even, len(gaps[2]))


@SUITE.case
def warm_up_is_traffic_under_an_id_of_its_own():
    """150 frames of the one, then those of the trial."""
    for verb in VERBS:
        with Wire("c1", count=260) as wire:
            found = wire.run(verb, *words_of(verb, "1kpps", 200), "--warm-up", "150ms")
        warm_up, counted = [len(frames) for frames in wire.taps[0].trials(TIME)]
        assert 100 <= warm_up <= 151 and warm_up + counted == 260, (verb, warm_up, counted)
        assert counted <= offered(found)[0], (verb, counted, offered(found))


def stopped_amid(wire, verb, burst):
    """The document of a run that was stopped for 60 ms amid its frames, and how many came of it."""
    before = wire.arrived()
    with tempfile.TemporaryDirectory() as state:
        process = wire.net.start("tester", *wire.command(verb, *words_of(verb, "4kpps", 600), *burst),
                                 env={**os.environ, "XDG_STATE_HOME": state})
        while wire.arrived() < before + 300:
            assert process.running(), process.wait(1)
        process.send(signal.SIGSTOP)
        time.sleep(0.06)
        process.send(signal.SIGCONT)
        done = process.wait()
    found = document(done.out)["trials"][0]
    return found["verdict"], found["directions"][0]["counts"], wire.arrived() - before


@SUITE.case
def as_many_are_caught_up_as_the_burst_says():
    """240 frames are due after the stop: all of them leave, or one, and the others are unsent."""
    with Wire() as wire:
        verdict, counts, came = stopped_amid(wire, "trial", ["--burst", "1024"])
        assert verdict == "pass" and counts["unsent"] < 150 and came == counts["offered"], (counts, came)
        for verb in VERBS:
            verdict, counts, came = stopped_amid(wire, verb, ["--burst", "1"])
            assert verdict == "invalid", counts
            assert 150 < counts["unsent"] and counts["offered"] + counts["unsent"] == 2400, counts
            assert verb != "trial" or came == counts["offered"], (came, counts)


if __name__ == "__main__":
    sys.exit(SUITE.main())
