"""What a run says of the frames, where the truth is known: by a router of the kernel that drops every
n-th frame and counts them, by the kernel's counters of interfaces, and by arithmetic."""

import json
import os
import re
import signal
import sys
import tempfile

from documents import document
from expect import INVALID
from frame_log import last_gaps, read_frame_log
from harness import ROOT, SLOW, Suite, Topology, check, wireproof
from wire import Wire, gentle, offered, words_of

SUITE = Suite()
MEMORY = ["--tx", "loopback:a", "--rx", "loopback:b"]
PAIRS = ["--tx", "af_packet:t0", "--rx", "af_packet:t1"]
BRIDGE = ["dut", "--a", "af_packet:d0", "--b", "af_packet:d1"]
FAULTS = "loopback:a,loss=20%,duplicate=20%,reorder=20%,delay=5ms,jitter=5ms"
# Over a wire with these faults: a limit that the measured is above of, and one that it is below of. Of
# the highest percentiles there are too few samples: they fail whatever the limit.
CRITERIA = {
    "loss": ("10%", "35%"), "duplicates": ("7%", "35%"), "reordering": ("2%", "70%"),
    "delay_min": ("4.9ms", "500ms"), "delay_mean": ("6ms", "1s"), "delay_p50": ("6ms", "1s"),
    "delay_p90": ("7ms", "5s"), "delay_p99": ("8ms", "5s"), "delay_p99_9": ("1h", None),
    "delay_p99_99": ("1h", None), "delay_p99_999": ("1h", None), "delay_max": ("9ms", "5s"),
    "jitter": ("5us", "1s"), "jitter_max": ("50us", "1s"), "ipdv_mean_abs": ("5us", "1s"),
    "ipdv_p99_9": ("1h", None), "ipdv_max": ("500us", "5s"), "pdv_p50": ("100us", "1s"),
    "pdv_p99": ("1ms", "5s"), "pdv_p99_9": ("1h", None), "pdv_max": ("1ms", "5s"),
}


def direction_of(done):
    """The first of the first trial."""
    return document(done.out)["trials"][0]["directions"][0]


def dropping(net, every):
    """Makes the topology's device a router that drops every so-manieth datagram of ours."""
    for n in (0, 1):
        net.ip("device", "addr", "add", f"10.{n + 1}.0.1/24", "dev", f"d{n}")
        net.ip("tester", "addr", "add", f"10.{n + 1}.0.2/24", "dev", f"t{n}")
        net.ip("device", "neighbour", "add", f"10.{n + 1}.0.2", "lladdr", f"02:00:00:00:00:0{n}", "dev",
               f"d{n}")
    check(*net.inside("device", "sysctl", "-qw", "net.ipv4.ip_forward=1"))
    check(*net.inside("device", "nft", "add table ip p; add chain ip p c { type filter hook forward "
                      f"priority 0; }}; add rule ip p c udp dport 9 numgen inc mod {every} 0 counter drop"))


def dropped(net):
    return int(re.search(r"counter packets (\d+)", check(*net.inside("device", "nft", "list",
                                                                     "ruleset"))).group(1))


def through(net, verb, *flags):
    return net.run("tester", verb, *PAIRS, "--src-ip", "10.1.0.2", "--dst-ip", "10.2.0.2", "--next-hop",
                   "10.1.0.1", *gentle(flags))


@SUITE.case
def a_router_that_drops_every_fifth():
    """Its own counter is the loss; a criterion on either side of 20 % decides the exit code."""
    with Topology() as net:
        dropping(net, 5)
        for limit, code in (("19%", 1), ("0.21", 0)):
            before = dropped(net)
            done = through(net, "trial", *words_of("trial", "2kpps", 300), "--fail-if", f"loss > {limit}")
            found = document(done.out)
            counts = direction_of(done)["counts"]
            assert counts["lost"] == dropped(net) - before and abs(counts["lost"] - counts["offered"] / 5) <= 1
            assert (done.code, found["status"]) == (code, "failed" if code else "ok"), done
            criterion, = found["result"]["criteria"]
            assert criterion["measured"] == counts["lost"] / counts["offered"], criterion


@SUITE.case
def a_wire_in_memory_loses_a_part_of_the_excess():
    frames, capacity, queue = 20_000, 1_000, 500
    for part, options in ((0, ",excess-loss=0"), (0.5, ",excess-loss=50%"), (1, "")):
        done = wireproof("trial", "--tx", f"loopback:a,rate={capacity}pps,queue={queue}{options}", "--rx",
                         "loopback:b", *gentle(["--rate", f"{frames}pps", "--duration", "1s", "--waiting-time", "1s"]))
        lost = part * (frames - capacity - queue - 1)
        found = direction_of(done)["counts"]["lost"]
        # A sender that is held up leaves some of the capacity unused.
        assert 0.97 * lost <= found <= 1.03 * lost + part * capacity, (part, lost, found)


@SUITE.case
def every_criterion_holds_or_does_not():
    """Those of the manual, each with a limit below and one above what is measured."""
    with open(os.path.join(ROOT, "docs", "manual.md"), encoding="utf-8") as file:
        section = file.read().split("\n## Criteria\n")[1].split("\n## ")[0]
    named = set()
    for row in re.findall(r"^\| (`.*?) \|", section, re.M):
        words = re.findall(r"`(\w+)`", row)
        named |= {words[0].rsplit("_", 1)[0] + word if word.startswith("_") else word for word in words}
    assert named == {*CRITERIA, "invalid"}, named ^ {*CRITERIA, "invalid"}
    base = ["trial", "--tx", FAULTS, "--rx", "loopback:b", *gentle(["--waiting-time", "100ms"])]
    for name, (below, _) in CRITERIA.items():  # each by itself, of few frames
        done = wireproof(*base, *words_of("trial", "1kpps", 200), "--fail-if", f"{name}>{below}")
        assert done.code == 1, done
        criterion, = document(done.out)["result"]["criteria"]
        assert done.code == 1 and criterion["failed"] and criterion["name"] == name, (name, criterion)
    for column, code in ((0, 1), (1, 0)):  # all together, of enough for a p99
        limits = {name: limits[column] for name, limits in CRITERIA.items() if limits[1]}
        flags = [word for name, limit in limits.items() for word in ("--fail-if", f"{name} > {limit}")]
        done = wireproof(*base, *words_of("trial", "3kpps", 500), *flags)
        assert done.code == code, done
        criteria = document(done.out)["result"]["criteria"]
        assert [one["name"] for one in criteria] == list(limits), done
        for one in criteria:
            assert one["failed"] == (code == 1) == (one["measured"] > one["limit"]), one


@SUITE.case
def loss_goals_on_either_side_of_the_loss():
    """2 % at any load: a goal of 3 % is met up to the highest, one of 1 % not even at the lowest."""
    with Topology() as net:
        dropping(net, 50)
        load = ["--max-rate", "4kpps", "--min-rate", "1kpps", "--trial-duration", "150ms", "--precision",
                "10%"]
        before = dropped(net)
        done = through(net, "search", *load, "--goal", "loss=3%", "--goal", "pdr", "--goal", "ndr",
                       "--goal", "loss=0.01")
        found = document(done.out)
        met, *missed = found["result"]["searches"]
        assert met["lower_bound_fps"] == 4000 and met["goal"]["loss_ratio"] == 0.03, met
        assert [search["goal"]["loss_ratio"] for search in missed] == [0.005, 0, 0.01], missed
        for search in missed:
            assert "lower_bound_fps" not in search and search["upper_bound_fps"] == 1000, search
        assert done.code == INVALID, done
        lost = sum(trial["directions"][0]["counts"]["lost"] for trial in found["trials"])
        assert lost == dropped(net) - before, (lost, dropped(net) - before)
        done = through(net, "search", *load, "--goal", "loss=3%")
        assert done.code == 0, done


@SUITE.case
def a_search_keeps_its_bounds():
    """Through a device of 3,000 frames/s: every load offered lies within them, the answer is as narrow
    as asked for, and the trial that confirms it is the last."""
    with Topology() as net:
        device = net.start("device", *BRIDGE, "--rate", "3kpps", "--queue", "30")
        device.wait_for("forwarding")
        for width in (0.2, 0.05):
            done = net.run("tester", "search", *PAIRS, "--min-rate", "1kpps", "--max-rate", "9kpps",
                           "--precision", f"{width:.0%}", "--trial-duration", "200ms",
                           *gentle(["--burst", "20"]))
            assert done.code == 0, done
            found = document(done.out)
            loads = [trial["intended_fps"] for trial in found["trials"]]
            assert min(loads) >= 1000 and max(loads) <= 9000 and len(loads) > 2, loads
            search, = found["result"]["searches"]
            lower, upper = search["lower_bound_fps"], search["upper_bound_fps"]
            assert (upper - lower) / upper <= width, search
            # 3,000 frames/s and a queue of 30 in 200 ms; two frames of rounding.
            assert lower <= 3150 + 10 and upper >= 3000, search
        assert device.stop().code == 0


@SUITE.case
def a_time_limit_ends_a_search():
    """With what is known: the seconds are those of the test's own clock."""
    slow = ["--tx", "loopback:a,rate=3kpps", "--rx", "loopback:b", "--max-rate", "100kpps", "--precision",
            "0.1%", "--trial-duration", "1s"]  # three trials at the least
    done = wireproof("search", *slow, "--time-limit", "2s", *gentle([]))
    found = document(done.out)
    assert done.seconds < 7 * SLOW and 1 <= len(found["trials"]) <= 2, (done.seconds, len(found["trials"]))
    assert not found["result"]["searches"][0]["regular"], found["result"]
    assert "time" in found["result"]["searches"][0]["reason"], found["result"]


@SUITE.case
def an_answer_of_the_tester_alone_says_so():
    """Over a bare wire, beyond what anybody sends over packet sockets."""
    beyond = ["--max-rate", "100Mpps", "--trial-duration", "20ms", "--precision", "50%"]
    with Wire() as wire:
        before = wire.arrived()
        found = wire.run("search", *beyond)
        search, = found["result"]["searches"]
        assert search["tester_limited"] and search["lower_bound_fps"] < 100e6, search
        assert sum(offered(found)) == wire.arrived() - before, (sum(offered(found)), wire.arrived() - before)
        text = wire.net.run("tester", *wire.command("search", *beyond)[:-1])
        assert "at least" in text.out or ">=" in text.out, text


def late_of(net, *flags):
    before = arrived(net)
    done = net.run("tester", "trial", *PAIRS, *words_of("trial", "1kpps", 500), *gentle(flags))
    return direction_of(done)["counts"], arrived(net) - before


def arrived(net):
    return json.loads(net.ip("tester", "-j", "-s", "link", "show", "t1"))[0]["stats64"]["rx"]["packets"]


@SUITE.case
def what_comes_after_the_drain_is_late():
    """A device holds each frame for 400 ms. After a wait of 200 ms those of the last 200 ms are late,
    though the kernel saw them come; after one of 800 ms none is."""
    with Topology() as net:
        device = net.start("device", *BRIDGE, "--delay", "400ms")
        device.wait_for("forwarding")
        counts, came = late_of(net, "--waiting-time", "200ms")
        assert 50 < counts["late"] < 400 and counts["lost"] == counts["late"], counts
        assert counts["unique"] + counts["late"] == counts["offered"] > 300, counts
        counts, came = late_of(net, "--waiting-time", "800ms")  # where the device is starved, fewer come
        assert counts["late"] == 0 and counts["unique"] == came > 0, counts
        assert counts["lost"] == counts["offered"] - came, counts
        assert device.stop().code == 0
    long = timed("search", *words_of("search"), "--waiting-time", "1200ms").seconds
    short = [timed("search", *words_of("search"), "--waiting-time", "20ms").seconds for _ in range(3)]
    assert long > 1.2 and min(short) < long, (long, short)
    for drain, code in (("50ms", INVALID), ("400ms", 0)):  # what is late is missing, and a cable loses none
        with tempfile.TemporaryDirectory() as state:
            done = wireproof("calibrate", "--tx", "loopback:a,delay=150ms", "--rx", "loopback:b",
                             *words_of("calibrate"), *gentle(["--waiting-time", drain]),
                             env={**os.environ, "XDG_STATE_HOME": state})
        assert done.code == code, done


def timed(verb, *flags):
    with tempfile.TemporaryDirectory() as state:
        done = wireproof(verb, *MEMORY, *gentle(flags), env={**os.environ, "XDG_STATE_HOME": state})
    assert done.code in (0, INVALID), done
    return done


@SUITE.case
def a_wait_ends_when_complete():
    for verb in ("trial", "search"):
        whole = timed(verb, *words_of(verb), "--waiting-time", "2500ms")
        short = timed(verb, *words_of(verb), "--waiting-time", "2500ms", "--end-when-complete")
        assert short.seconds < 2.5 < whole.seconds, (verb, whole.seconds, short.seconds)


@SUITE.case
def when_frames_came_and_the_last_was_lost():
    """By the log of the frames that came: few flows lose often, and many seldom enough to have spaces
    that lost nothing, or their last."""
    for flows in (1, 3, 200):
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log.csv")
            done = wireproof("trial", "--tx", "loopback:a,loss=1%,reorder=3%,delay=3ms,seed=9", "--rx",
                             "loopback:b", "--rate", "10kpps", "--duration", "400ms", "--flows", flows,
                             "--frame-log", log, *gentle(["--waiting-time", "100ms"]))
            rows = read_frame_log(log)
        found = document(done.out)["trials"][0]["directions"][0]
        assert found["counts"]["lost"] > 10, found["counts"]
        assert found["arrivals"]["first_ns"] == min(row.arrived_ns for row in rows), found["arrivals"]
        assert found["arrivals"]["last_ns"] == max(row.arrived_ns for row in rows), found["arrivals"]
        gaps = last_gaps(rows)
        before = found["loss_bursts"]["last_sent_before_ns"]
        if sum(missing for missing, _ in gaps.values()) == found["counts"]["lost"]:
            assert before == max(sent for _, sent in gaps.values()), (before, gaps)
        else:  # the last of a space, behind which nothing came
            assert before >= max(row.sent_ns for row in rows), before


@SUITE.case
def intervals_add_up():
    """To the totals, for each direction, through losses, copies and delays; as do their times."""
    faults = FAULTS.replace("20%", "5%").replace("delay=5ms", "delay=40ms")
    for verb, both in (("trial", []), ("trial", ["--bidirectional"]), ("search", []), ("calibrate", [])):
        tx = "loopback:a,delay=40ms" if verb == "calibrate" else faults
        goal = ["--goal", "loss=50%"] if verb == "search" else []
        with tempfile.TemporaryDirectory() as state:
            done = wireproof(verb, "--tx", tx, "--rx", "loopback:b", *words_of(verb, "2kpps", 400),
                             "--flows", "7", "--interval", "100ms", *both, *goal,
                             *gentle(["--waiting-time", "100ms"]),
                             env={**os.environ, "XDG_STATE_HOME": state})
        assert done.code == 0, done
        trial = document(done.out)["trials"][0]
        for direction in trial["directions"]:
            series = [one for one in trial["intervals"] if one["from"] == direction["from"]]
            sending = [one for one in series if one["start_ns"] < 400e6]  # the last is cut
            assert len(series) > len(sending) > 1, series
            # One for each 100 ms, if one of them ends late: the next does not end later for it.
            lines = [one["end_ns"] // 100_000_000 for one in sending]
            assert lines[0] >= 1 and all(one < other for one, other in zip(lines, lines[1:])), series
            assert len(sending) <= 5, series
            counts = direction["counts"]
            assert sum(one["offered"] for one in series) == counts["offered"], (verb, counts, series)
            assert sum(one["received"] for one in series) == counts["unique"], (verb, counts, series)
            delays = sum(one.get("delay", {}).get("samples", 0) for one in series)
            assert delays == counts["unique"], (verb, counts, series)
            assert sum(one["lost"] for one in series) <= counts["lost"], (verb, counts, series)
            for before, after in zip(series, series[1:]):
                assert before["end_ns"] == after["start_ns"], series
            waiting = [one for one in series if one["start_ns"] >= 400e6]
            sent_until = 400e6 + direction["pacing"].get("lateness_max_ns", 0)
            assert waiting, series
            assert not any(one["offered"] for one in waiting if one["start_ns"] > sent_until), series
            # Unless what was delayed came within an interval that the machine made longer.
            assert (direction["from"] == "b" or sending[-1]["end_ns"] > 430e6
                    or any(one["received"] for one in waiting)), series


@SUITE.case
def as_many_delays_as_asked_for():
    for verb in ("trial", "search", "calibrate"):
        for word, part in (("all", 1), ("1/10", 10), ("1/3", 3)):
            direction = direction_of(timed(verb, *words_of(verb), "--latency", word))
            came = direction["counts"]["unique"]
            assert abs(direction["latency"]["samples"] - came / part) <= 1, (verb, word, direction["latency"])
    for verb in ("trial", "search"):
        direction = direction_of(timed(verb, *words_of(verb), "--latency", "off"))
        assert "latency" not in direction and "jitter" not in direction, direction
        assert direction["counts"]["unique"] > 50, direction["counts"]


@SUITE.case
def calibration_of_a_known_path():
    """A device that holds each frame for 5 ms and passes 5,000 a second, behind room for 100: the floor
    is that delay, and the ceiling that capacity with its queue."""
    with Topology() as net, tempfile.TemporaryDirectory() as state:
        device = net.start("device", *BRIDGE, "--rate", "5kpps",
                           "--queue", "100", "--delay", "5ms")
        device.wait_for("forwarding")
        done = net.run("tester", "calibrate", *PAIRS, "--rate", "1kpps", "--duration", "500ms",
                       "--trial-duration", "400ms", "--precision", "3%",
                       *gentle(["--burst", "32", "--waiting-time", "100ms"]),
                       env={**os.environ, "XDG_STATE_HOME": state})
        assert done.code == 0, done
        found, = document(done.out)["result"]["calibrations"]
        assert 5e6 <= found["floor"]["min_ns"] < 7e6 and 5e6 <= found["floor"]["p50_ns"] < 20e6, found["floor"]
        truth = 5000 + 100 / 0.4
        assert 0.8 * 5000 <= found["ceiling"]["lossless_fps"] <= truth * 1.01, found["ceiling"]
        assert device.stop(signal.SIGINT).code == 0


if __name__ == "__main__":
    sys.exit(SUITE.main())
