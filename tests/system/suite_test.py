"""The suite of RFC 2544: what its flags do, by captures, clocks of the kernel and arithmetic. What it
finds of a known device is suite_truth.py's."""

import json
import os
import re
import signal
import sys
import tempfile
import time

from documents import document, stream
from expect import USAGE, refused
from harness import SLOW, WIREPROOF, Suite, Topology, run, wireproof
from tshark import PAYLOAD, times
from wire import Wire, gentle

SUITE = Suite()
MEMORY = ["--tx", "loopback:a", "--rx", "loopback:b"]
# One trial of a second at a known throughput.
SHORT = ["--quick", "--tests", "latency", "--throughput", "1kpps"]


def bridge(net):
    """Makes the topology's device a switch of the kernel's."""
    for words in ("link add br0 type bridge", "link set d0 master br0", "link set d1 master br0",
                  "link set br0 up"):
        net.ip("device", *words.split())


@SUITE.case
def a_reset_is_as_long_as_the_link_was_away():
    """By the kernel's counts of what left and what arrived; and no shorter than the link was surely away,
    by the clock of the command that took it down. The kernel tells of a carrier up to a second later."""
    with Topology() as net, tempfile.TemporaryDirectory() as folder:
        bridge(net)
        path, link = os.path.join(folder, "times"), f"ip -n {net.names['device']} link set d1"
        stamp = f"date +%s%N >> {path}"
        command = f"{stamp}; {link} down; {stamp}; sleep 0.5; {stamp}; {link} up; {stamp}"
        done = net.run("tester", "rfc2544", "--tx", "af_packet:t0", "--rx", "af_packet:t1", "--tests",
                       "reset", "--throughput", "2kpps", "--reset-duration", "3s", "--quick", "--size", "64",
                       "--burst", "1024", "--reset-command", command, "--json")
        found = document(done.out)
        with open(path, encoding="utf-8") as file:
            begun, away, back, ended = (int(line) for line in file)
        reset = found["result"]["sizes"][0]["reset"]
        assert done.code == 0 and len(reset["times_ns"]) == 1, done
        frame = 1e9 / 2000
        assert back - away - 2 * frame <= reset["times_ns"][0] <= ended - begun + 1.5e9 * SLOW, (
            reset, back - away, ended - begun)
        left, arrived = (json.loads(net.ip("tester", "-j", "-s", "link", "show", name))[0]["stats64"][way]["packets"]
                         for name, way in (("t0", "tx"), ("t1", "rx")))
        # Beside the test's own frames there may be a few of the bridge's.
        assert abs((left - arrived) * frame - reset["times_ns"][0]) <= 5 * frame, (left, arrived, reset)
        trial = found["trials"][0]
        assert trial["link_may_go"] and any("t1 went down" in note for note in trial["notes"]), trial
        counts = trial["directions"][0]["counts"]
        missing = counts["lost"] + counts["unsent"]
        assert abs(reset["times_ns"][0] - missing * frame) < 1000, (reset, counts)
        # A quarter of the trial, and what precedes its traffic.
        first = trial["directions"][0]["arrivals"]
        assert first["last_ns"] > 2.9e9, "frames arrive again when the link is back"


@SUITE.case
def a_reset_that_does_not_happen_is_said():
    words = ["rfc2544", *MEMORY, "--tests", "reset", "--throughput", "1kpps", "--reset-duration", "400ms",
             "--quick", "--size", "64"]
    done = wireproof(*words, "--json")
    assert done.code == 0 and "reset the device 0.2 s from now" in done.err, done
    assert "was not reset" in document(done.out)["result"]["sizes"][0]["reset"]["reason"], done
    failed = wireproof(*words, "--reset-command", "exit 3", "--json")
    assert failed.code == 3 and "'exit 3' failed with status 3" in failed.err, failed
    assert document(failed.out)["error"]["code"] == "precondition", failed
    done = wireproof(*words, "--reset-command", "exec sleep 60", timeout=30)
    assert done.code == 3 and "has not ended with the trial" in done.err, done


@SUITE.case
def trials_are_as_many_and_as_long_as_asked():
    """By the capture: so many, a second each, and at least as long between two as they are to rest."""
    with Wire("c1") as wire:
        wire.run("rfc2544", *SHORT, "--size", "128", "--repetitions", "3", "--settle", "700ms")
    (found, trials), = wire.frames(PAYLOAD)
    assert len(trials) == 3, len(trials)
    for one, frames in zip(found["trials"], trials):
        counts = one["directions"][0]["counts"]
        assert counts["intended"] == 1000 and len(frames) == counts["offered"], (counts, len(frames))
        assert abs(times(frames)[-1] - times(frames)[0] - 999e6) < 50e6 * SLOW
    for before, after in zip(trials, trials[1:]):
        assert times(after)[0] - times(before)[-1] >= 700e6, "no rest"
    latency = found["result"]["sizes"][0]["latency"]
    assert latency["trial_ids"] == [1, 2, 3], latency
    each = [one["directions"][0]["latency"] for one in found["trials"]]
    mean = sum(one["mean_ns"] for one in each) / 3
    assert abs(latency["directions"][0]["mean_ns"] - mean) <= 1, (latency, mean)
    assert latency["directions"][0]["typical_ns"] == sorted(one["p50_ns"] for one in each)[1], latency


@SUITE.case
def sizes_and_ports_are_those_of_the_rfc():
    """By the capture: the seven sizes, with FCS, and UDP echo."""
    with Wire("c1") as wire:
        wire.run("rfc2544", "--quick", "--tests", "latency", "--throughput", "300pps")
    (found, trials), = wire.frames("frame.len", "udp.dstport", "ip.dst")
    assert [{int(frame["frame.len"]) + 4 for frame in frames} for frames in trials] == [
        {64}, {128}, {256}, {512}, {1024}, {1280}, {1518}]
    assert {(frame["udp.dstport"], frame["ip.dst"]) for frames in trials for frame in frames} == {
        ("7", "198.19.0.1")}
    assert [size["frame_size"] for size in found["result"]["sizes"]] == [64, 128, 256, 512, 1024, 1280, 1518]


@SUITE.case
def the_throughput_is_searched_as_asked():
    """Through a wire that carries 2,000 frames a second, whose queue of 20 a trial of a second fills: no
    load outside the range, bounds no wider than asked, and the loss that the goal allows."""
    done = wireproof("rfc2544", "--tx", "loopback:a,rate=2kpps,queue=20", "--rx", "loopback:b", "--quick",
                     "--tests", "throughput", "--size", "64", "--goal", "loss=10%", "--precision", "3%",
                     "--min-rate", "1kpps", "--max-rate", "4kpps", "--json")
    search, = document(done.out)["result"]["searches"]
    loads = [trial["intended_fps"] for trial in document(done.out)["trials"]]
    assert done.code == 0 and all(1000 <= load <= 4000 for load in loads), (done.code, loads)
    assert search["goal"]["loss_ratio"] == 0.1 and search["regular"], search
    low, high = search["lower_bound_fps"], search["upper_bound_fps"]
    assert high - low <= 0.03 * high and low <= (2000 + 21) / 0.9 + 1 and high >= 2000 / 0.9 - 1, (low, high)


@SUITE.case
def only_networks_for_tests_are_overloaded():
    """RFC 6815."""
    words = ["rfc2544", *MEMORY, *SHORT, "--size", "64"]
    refused(*words, "--dst-ip", "10.1.2.3", USAGE, ["10.1.2.3", "RFC 6815"])
    refused(*words, "--dst-ip", "10.1.2.3", "--allow-target", "10.1.3.0/24", USAGE, ["10.1.2.3"])
    with Wire("c1") as wire:
        wire.run("rfc2544", *SHORT, "--size", "64", "--dst-ip", "10.1.2.3", "--allow-target", "10.1.0.0/16")
    (_, trials), = wire.frames("ip.dst")
    assert {frame["ip.dst"] for frame in trials[0]} == {"10.1.2.3"}


@SUITE.case
def frames_that_are_too_small_give_way_and_it_says_so():
    for more, least in ((["--ipv6"], 84), (["--vlan", "5"], 68)):
        done = wireproof("rfc2544", *MEMORY, *SHORT, "--size", "64,128", *more, *gentle([])[:-1], "--json")
        result = document(done.out)["result"]
        assert [size["frame_size"] for size in result["sizes"]] == [least, 128], done
        assert any(f"frames of {least} bytes in place of 64" in one for one in result["deviations"]), result


@SUITE.case
def an_interrupted_suite_keeps_what_it_found():
    with Topology(pairs=1) as net:
        process = net.start("tester", "rfc2544", *MEMORY, "--quick", "--tests", "latency", "--throughput",
                            "1kpps", "--size", "64,128,256,512", "--json-stream", ahead=False)
        process.wait_for('"event":"progress"', 20)
        process.send(signal.SIGINT)
        done = process.wait(20)
    assert done.code == 130, done
    found = stream(done.out)
    assert found["status"] == "aborted" and found["trials"], found["status"]
    assert len(found["result"]["sizes"]) < 4, found["result"]["sizes"]


def but_for_times(found):
    """What a run found, without when, and without what its ports counted."""
    found = {key: found[key] for key in ("kind", "settings", "config", "status", "error", "trials", "result")}
    return json.loads(json.dumps(found), object_hook=lambda one: {
        key: value for key, value in one.items() if key not in ("elapsed_s", "offset_bound_ns")})


LOGGED = {
    "search": ["search", "--tx", "loopback:a,rate=2kpps", "--rx", "loopback:b", "--trial-duration", "200ms",
               "--max-rate", "5kpps", "--precision", "2%"],
    "rfc2544": ["rfc2544", "--tx", "loopback:a,rate=2kpps", "--rx", "loopback:b", "--quick", "--size", "64,128",
                "--tests", "throughput,latency", "--max-rate", "5kpps", "--precision", "2%", "--goal",
                "0.2f0.2d0l0e"],
}


@SUITE.case_for_each(LOGGED)
def a_killed_run_goes_on_where_it_was(verb):
    """Killed by SIGKILL when some trials were written: what follows takes them as they are, measures the
    rest, and a log that is whole answers every trial."""
    with tempfile.TemporaryDirectory() as folder, Topology(pairs=1) as net:
        log = os.path.join(folder, "run.log")
        process = net.start("tester", *LOGGED[verb], "--log", log, ahead=False)
        wanted = {"search": 2, "rfc2544": 4}[verb]
        deadline = time.monotonic() + 60
        while not os.path.exists(log) or lines_of(log) < 1 + wanted:
            assert process.running() and time.monotonic() < deadline, process.wait(1)
            time.sleep(0.02)
        process.kill()
        with open(log, "rb") as file:
            begun = file.read()
        done = net.run("tester", *LOGGED[verb], "--resume", log, "--json", timeout=120)
        found = document(done.out)
        assert done.code in (0, 6), done
        with open(log, "rb") as file:
            whole = file.read()
        kept = begun[:begun.rindex(b"\n") + 1]
        assert whole.startswith(kept), "what was written is there still"
        logged = [json.loads(line)["trial"] for line in whole.splitlines()[1:]]
        assert [one["id"] for one in logged] == list(range(1, len(found["trials"]) + 1)), logged
        for one, trial in zip(logged, found["trials"]):
            assert one["directions"][0]["counts"] == trial["directions"][0]["counts"], (one["id"], trial["id"])
        taken = kept.count(b"\n") - 1
        assert any(f"the first {taken} trials were taken" in note for note in found["notes"]), found["notes"]
        again = net.run("tester", *LOGGED[verb], "--resume", log, "--json", timeout=60)
        assert but_for_times(document(again.out)) == but_for_times(found), again
        with open(log, "rb") as file:
            assert file.read() == whole, "nothing was measured any more"
        refused = net.run("tester", *LOGGED[verb], "--log", log)
        assert refused.code == USAGE and "there already" in refused.err, refused


def lines_of(path):
    with open(path, "rb") as file:
        return file.read().count(b"\n")


@SUITE.case
def logs_that_cannot_be_resumed_are_refused():
    words = LOGGED["search"]
    with tempfile.TemporaryDirectory() as folder:
        log, result = os.path.join(folder, "run.log"), os.path.join(folder, "result.json")
        done = wireproof(*words, "--log", log, f"--json={result}")
        assert done.code in (0, 6), done
        with open(log, encoding="utf-8") as file:
            text = file.read()
        for flags, saying in ((["--size", "128"], "another 'size'"), (["--seed-of-nothing"], "unknown flag")):
            done = wireproof(*words, "--resume", log, *flags)
            assert done.code in (2, 3) and saying in done.err, done
        with open(log, "w", encoding="utf-8") as file:
            file.write(text.replace('"verdict"', '"verdikt"', 1))
        done = wireproof(*words, "--resume", log)
        assert done.code == 3 and "line 2 is damaged at /trial/verdict" in done.err, done
        done = wireproof(*words, "--resume", result)
        assert done.code == 3 and "no log of trials" in done.err, done
        done = wireproof(*words, "--resume", os.path.join(folder, "none"))
        assert done.code == 3 and done.err.count("\n") == 2, done
        done = wireproof(*words, "--log", log, "--resume", log)
        assert done.code == USAGE, done
        done = wireproof(*words, "--log", result, f"--json={result}")
        assert done.code == USAGE and "both to be" in done.err, done


@SUITE.case
def a_full_disk_loses_nothing_that_was_measured():
    """A log of three trials that may grow by ten bytes: they are in the result, which goes to standard output,
    and stay in the log, which goes on when there is room again."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "run.log")
        done = wireproof(*LOGGED["rfc2544"], "--log", log, timeout=60)
        assert done.code in (0, 6), done
        with open(log, "rb") as file:
            begun = b"".join(file.readlines()[:4])
        with open(log, "wb") as file:
            file.write(begun)
        words = " ".join([WIREPROOF, *LOGGED["rfc2544"], "--resume", log, "--json"])
        done = run("bash", "-c", f"prlimit --fsize={len(begun) + 10} {words} | cat; exit ${{PIPESTATUS[0]}}",
                   timeout=90)
        assert done.code == 5 and log in done.err, done
        found = document(done.out)
        assert found["error"]["code"] == "output" and len(found["trials"]) == 3, found["error"]
        with open(log, "rb") as file:
            full = file.read()
        assert full.startswith(begun) and len(full) == len(begun) + 10, len(full)
        done = wireproof(*LOGGED["rfc2544"], "--resume", log, "--json", timeout=60)
        assert done.code in (0, 6) and len(document(done.out)["trials"]) > 3, done
        done = wireproof(*LOGGED["rfc2544"], "--log", "/dev/full")
        assert done.code == 5 and "/dev/full" in done.err, done


@SUITE.case
def goals_that_cannot_be_are_refused():
    """By arithmetic: 1,000 frames/s to 0.05 % are half a frame in a second; 21 s do not go into one."""
    for words, saying in (
            (["--max-rate", "1kpps", "--precision", "0.05%", "--trial-duration", "1s"], "less than one frame"),
            (["--max-rate", "1kpps", "--goal", "csit", "--time-limit", "1s"], "takes trials of 21s"),
            (["--max-rate", "1kpps", "--trial-duration", "3s", "--time-limit", "2s"], "takes trials of 3s")):
        refused("search", *MEMORY, *words, USAGE, [saying])
    refused("rfc2544", *MEMORY, "--quick", "--max-rate", "1kpps", "--precision", "0.05%", USAGE,
            ["less than one frame"])
    done = wireproof("search", *MEMORY, "--max-rate", "1kpps", "--min-rate", "1kpps", "--precision", "0.05%",
                     "--trial-duration", "100ms")
    assert done.code == 0, done


@SUITE.case
def a_narrow_terminal_keeps_its_lines():
    """Twenty columns: no line of progress is longer than what one can take away again."""
    script = ("stty cols 20 rows 24; exec " + WIREPROOF +
              " rfc2544 --tx loopback:a --rx loopback:b --quick --tests latency --throughput 1kpps --size 64,128")
    done = run("script", "-qec", script, "/dev/null", timeout=60)
    lines = [re.split(r"[\r\n]", part)[0] for part in done.out.split("\x1b[K")[1:]]
    told = [line for line in lines if line.startswith("[")]
    assert told and all(len(line) <= 19 for line in told), (told, done)


@SUITE.case
def the_plan_tells_both_lengths():
    for flags, mark in (([], "in full"), (["--quick"], "with --quick")):
        done = wireproof("rfc2544", *MEMORY, *flags, "--dry-run")
        assert done.code == 0 and f"({mark})" in done.out, done
        # Twenty trials of two minutes and what is between them, for each of seven sizes.
        hours, minutes = map(int, re.search(r"^ +latency +(\d+) h (\d+) min", done.out, re.M).groups())
        assert 7 * 20 * 120 <= hours * 3600 + minutes * 60 <= 7 * 20 * 131, done.out
        assert re.search(r"^ +back-to-back ", done.out, re.M) and "reset" not in done.out, done.out


@SUITE.case
def deviations_are_those_of_the_run():
    done = wireproof("rfc2544", *MEMORY, *SHORT, "--size", "64", *gentle([])[:-1], "--json")
    told = "\n".join(document(done.out)["result"]["deviations"])
    for words in ("latency: trials of 1 s, not 120 s", "1 repetition, not 20", "1 frame size, not five",
                  "waiting time after a trial 0.02 s or until", "rest between two trials 0 s, not 5 s",
                  "no learning frames"):
        assert words in told, (words, told)
    done = wireproof("rfc2544", *MEMORY, *SHORT, "--size", "64,72,80,96,128", "--settle", "5s", "--dry-run")
    assert done.code == 0, done


if __name__ == "__main__":
    sys.exit(SUITE.main())
