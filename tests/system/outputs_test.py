"""What a run writes, and where: documents, streams, logs, text and silence; and the flags that say what
is done rather than what is sent."""

import csv
import json
import os
import re
import subprocess
import sys
import tempfile

import frames
from documents import document, stream
from expect import INVALID
from harness import BUILD, Suite, Topology, check, wireproof
from wire import VERBS, Wire, gentle, offered, words_of

SUITE = Suite()
MEMORY = ["--tx", "loopback:a", "--rx", "loopback:b"]
DUT = ["dut", "--a", "loopback:a", "--b", "loopback:a1", "--duration", "100ms"]
RUNS = {
    "trial": ["trial", *MEMORY, *words_of("trial"), *gentle([])[:-1]],
    "search": ["search", *MEMORY, *words_of("search"), *gentle([])[:-1]],
    "rfc2544": ["rfc2544", *MEMORY, *words_of("rfc2544"), *gentle([])[:-1]],
    "calibrate": ["calibrate", *MEMORY, *words_of("calibrate"), *gentle([])[:-1]],
    "dut": DUT,
    "backends": ["backends"],
    "doctor": ["doctor"],
}
KINDS = {"trial": "trial", "search": "search", "rfc2544": "rfc2544", "calibrate": "calibration", "dut": "dut"}


class State(tempfile.TemporaryDirectory):
    """A folder, in which what calibrations find is kept too."""

    def run(self, *words):
        return wireproof(*words, env={**os.environ, "XDG_STATE_HOME": self.name})


@SUITE.case
def documents_go_where_they_are_sent():
    """To a file, whole, with the text still on standard output; or there instead of the text."""
    with State() as folder:
        state = State()
        path = os.path.join(folder, "result.json")
        for verb, words in RUNS.items():
            done = state.run(*words, f"--json={path}")
            assert done.code in (0, INVALID) and done.out and not done.out.startswith("{"), done
            with open(path, encoding="utf-8") as file:
                found = document(file.read())
            assert found.get("kind") == KINDS.get(verb), found.get("kind")
            kind = verb if verb in ("backends", "doctor") else "result"
            assert found["schema"] == f"wireproof/{kind}", found["schema"]
            os.unlink(path)
            for flags in (["--json"], ["-J", "-"]):
                done = state.run(*words, *flags)
                assert done.code in (0, INVALID) and document(done.out)["schema"] == found["schema"], done


@SUITE.case
def quiet_says_nothing():
    """Neither text nor a line of progress; a device says that it is ready all the same, and a suite when
    to reset one."""
    for verb, words in RUNS.items():
        for flag in ("-q", "--quiet"):
            done = State().run(*words, flag)
            assert done.code in (0, INVALID) and not done.out, done  # a busy machine is not its subject
            assert not done.err or verb in ("dut", "rfc2544") and done.err.count("\n") == 1, done


@SUITE.case
def text_has_no_colour():
    for words in RUNS.values():
        done = State().run(*words, "--no-color")
        assert done.code in (0, INVALID) and done.out and "\x1b" not in done.out + done.err, done


@SUITE.case
def verbose_says_more():
    """A row for each trial of a search, and each port's counters by its driver's own names."""
    for flag in ("-v", "--verbose"):
        for verb in ("trial", "search", "dut"):
            plain, more = wireproof(*RUNS[verb]), wireproof(*RUNS[verb], flag)
            assert plain.code == more.code == 0, more
            assert "counters a " in more.out and "counters a " not in plain.out, more
        assert re.search(r"^ *1 +64 .*pass$", wireproof(*RUNS["search"], flag).out, re.M)


@SUITE.case
def streams_are_events_and_a_document():
    """Of a trial its intervals, each in its place; last what --json would have written."""
    done = wireproof("trial", *MEMORY, *words_of("trial", "1kpps", 500), "--interval", "100ms",
                     *gentle([])[:-1], "--json-stream")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [event["event"] for event in events] == [*(len(events) - 2) * ["interval"], "trial", "result"], done
    told = [event["interval"] for event in events[:-2]]
    found = stream(done.out)
    assert 5 <= len(told) <= 7 and told == found["trials"][0]["intervals"], (told, found["trials"])
    assert sum(one["offered"] for one in told) == sum(offered(found)), told
    last = events[-1]["document"]["trials"][0]
    last["directions"][0]["latency"].pop("offset_bound_ns", None)  # known at the end alone
    assert events[-2]["trial"] == last, events[-2]
    for verb, kinds in (("search", ["trial", "result"]), ("rfc2544", ["trial", "progress", "result"]),
                        ("dut", ["result"])):
        done = wireproof(*RUNS[verb], "--json-stream")
        assert [json.loads(line)["event"] for line in done.out.splitlines()] == kinds, done
        assert stream(done.out)["kind"] == verb, done


@SUITE.case
def what_is_written_can_be_read_back():
    """And is then written as the same text, by a program that knows nothing of the run."""
    for verb in KINDS:
        text = wireproof(*RUNS[verb], "--json").out
        again = subprocess.run([os.path.join(BUILD, "tests", "report", "print_samples"), "reread"], input=text,
                               capture_output=True, text=True, check=False)
        assert again.returncode == 0 and again.stdout == text, (verb, again.stderr, text)


@SUITE.case
def dry_runs_name_the_frames():
    """Those that a trial of these flags sends, by arithmetic."""
    for words, frames in ((["--duration", "2s"], "2,000"), (["--frames", "300"], "300"),
                          (["--duration", "2s", "--step", "4kpps@1s"], "5,000")):
        done = wireproof("trial", "--tx", "loopback:a", "--rx", "loopback:b", "--rate", "1kpps", *words,
                         "--dry-run")
        assert done.code == 0 and f"L2, {frames} frames\n" in done.out, done


@SUITE.case
def dry_runs_send_nothing():
    """By the kernel's count, of each verb that would."""
    with Wire() as wire:
        for verb in VERBS:
            done = wire.net.run("tester", *wire.command(verb, *words_of(verb))[:-1], "--dry-run")
            assert done.code == 0 and "nothing was sent" in done.out, done
        done = wire.net.run("tester", "dut", "--a", "af_packet:c0", "--b", "af_packet:c1", "--duration", "1s",
                            "--dry-run")
        assert done.code == 0 and "nothing was forwarded" in done.out and done.seconds < 1, done
        assert wire.arrived() == 0, wire.arrived()
        sent = sum(offered(wire.run("trial", *words_of("trial"))))
        assert wire.arrived() == sent > 20, (wire.arrived(), sent)


@SUITE.case
def the_management_interface_is_used_when_allowed():
    """Frames leave over it, by the kernel's count; without the flag none do."""
    with Wire() as wire, tempfile.TemporaryDirectory() as state:
        wire.net.ip("tester", "addr", "add", "198.18.0.2/24", "dev", "c0")
        wire.net.ip("tester", "route", "add", "default", "via", "198.18.0.1", "dev", "c0")
        env = {**os.environ, "XDG_STATE_HOME": state}
        for verb in VERBS:
            before = wire.arrived()
            refused = wire.net.run("tester", *wire.command(verb, *words_of(verb)), env=env)
            assert refused.code == 3 and wire.arrived() - before < 5, refused
            allowed = wire.command(verb, *words_of(verb), "--allow-mgmt-interface")
            done = wire.net.run("tester", *allowed, env=env)
            assert done.code in (0, INVALID) and wire.arrived() - before > 20, done
        device = ["dut", "--a", "af_packet:c0", "--b", "af_packet:c1", "--duration", "100ms"]
        assert wire.net.run("tester", *device).code == 3
        done = wire.net.run("tester", *device, "--allow-mgmt-interface")
        assert done.code == 0 and "forwarding" in done.err, done


@SUITE.case
def a_calibration_is_shown_unless_told_not_to():
    with tempfile.TemporaryDirectory() as folder:
        env = {**os.environ, "XDG_STATE_HOME": folder}
        assert wireproof("calibrate", *MEMORY, "--rate", "2kpps", "--duration", "600ms", "--trial-duration",
                         "50ms", "--precision", "50%", *gentle([]), env=env).code == 0
        for verb in ("trial", "search"):
            shown = wireproof(*RUNS[verb], "--json", env=env)
            hidden = wireproof(*RUNS[verb], "--no-calibration", "--json", env=env)
            found = [document(one.out)["trials"][0]["directions"][0] for one in (shown, hidden)]
            assert "ceiling_fps" in found[0] and "ceiling_fps" not in found[1], found


@SUITE.case
def a_frame_log_has_a_line_for_each_frame():
    """As many as the kernel counted, or as there is room for, which a note says."""
    with Wire() as wire, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "frames.csv")
        for room in (1000, 50):
            before = wire.arrived()
            found = wire.run("trial", *words_of("trial"), "--frame-log", path, "--frame-log-frames", str(room))
            came = wire.arrived() - before
            with open(path, encoding="ascii") as file:
                lines = list(csv.DictReader(file))
            assert len(lines) == min(came, room) and came == sum(offered(found)), (len(lines), came)
            notes = [note for note in found["trials"][0]["notes"] if "log" in note]
            assert bool(notes) == (room < came) and (not notes or str(came - room) in notes[0]), notes


class Device:
    """A device between d0 and d1 through which numbered frames were sent: its document, what came out,
    and the lines of its log."""

    def __init__(self, count, *flags):
        with Topology() as net, tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log.csv")
            process = net.start("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", "--log", path,
                                "--json", *flags)
            process.wait_for("dut: forwarding")
            receiver = frames.Receiver(net.names["tester"], "t1")
            sock = frames.raw_socket(net.names["tester"], "t0")
            frames.send(sock, [frames.udp(frames.signature(7, 0, n)) for n in range(count)], 10_000)
            sock.close()
            self.came = [frames.read_signature(frame)[2] for _, frame in receiver.stop()]
            done = process.stop()
            assert done.code in (0, INVALID), done
            self.counts = document(done.out)["result"]["directions"][0]["counts"]
            self.notes = document(done.out)["notes"]
            with open(path, encoding="ascii") as file:
                self.lines = list(csv.DictReader(file))


@SUITE.case
def a_device_holds_back_by_as_many_as_said():
    """A frame that is held leaves when so many later ones have left."""
    for flags, behind in ((["--reorder", "2%"], 3), (["--reorder", "2%", "--reorder-by", "7"], 7)):
        device = Device(2000, *flags)
        late = [sum(other > number for other in device.came[:at]) for at, number in enumerate(device.came)
                if number < max(device.came[:at], default=0)]
        assert sorted(device.came) == list(range(2000)) and 20 < len(late) < 70, len(late)
        assert len(late) <= device.counts["reordered"] <= len(late) + 2, (len(late), device.counts)
        assert sum(count == behind for count in late) > 0.8 * len(late), late


@SUITE.case
def a_device_copies_and_drops_what_it_says():
    device = Device(2000, "--loss", "5%", "--duplicate", "5%")
    twice = [after for before, after in zip(device.came, device.came[1:]) if before == after]
    assert len(twice) == device.counts["duplicated"] and 60 < len(twice) < 140, device.counts
    assert 2000 - len(set(device.came)) == device.counts["dropped"], device.counts
    assert 60 < device.counts["dropped"] < 140, device.counts


@SUITE.case
def a_devices_log_has_as_many_lines_as_there_is_room():
    assert len(Device(300).lines) == 300
    assert len(Device(300, "--log-frames", "100").lines) == 100


@SUITE.case
def a_plan_is_for_the_line_named():
    """By the arithmetic of Ethernet: 84 bytes a frame of 64, at layer 1."""
    found = document(wireproof("doctor", "--plan", "10G", "--json").out)["plan"]
    line, = found["rates"]
    assert abs(line["sizes"][0]["line_fps"] - 10e9 / 8 / 84) < 1, line


@SUITE.case
def help_and_version_of_each_verb():
    """Each flag that a verb knows begins a line of its help; the version is a line."""
    for verb in ([], *([verb] for verb in (*RUNS, "cleanup"))):
        texts = {wireproof(*verb, flag).out for flag in ("-h", "--help")}
        assert len(texts) == 1 and "-h,--help" in next(iter(texts)), (verb, texts)
    versions = {wireproof(flag).out for flag in ("-V", "--version")}
    assert len(versions) == 1 and re.fullmatch(r"wireproof \d+\.\d+\.\d+ .*\n", next(iter(versions))), versions


@SUITE.case
def flags_from_a_file_reach_the_wire():
    """Of each verb its own section; the command line has the last word."""
    with Wire("c1") as wire, tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "test.toml")
        with open(path, "w", encoding="utf-8") as file:
            for n, verb in enumerate(VERBS):
                file.write(f"[{verb}]\ndst-port = 700{n}\nttl = {10 + n}\n")
        for verb in VERBS:
            wire.run(verb, *words_of(verb), "--config", path)
        wire.run("trial", *words_of("trial"), "--config", path, "--ttl", "99")
    wanted = [*((f"700{n}", str(10 + n)) for n in range(len(VERBS))), ("7000", "99")]
    for seen, (_, trials) in zip(wanted, wire.frames("udp.dstport", "ip.ttl")):
        assert {(frame["udp.dstport"], frame["ip.ttl"]) for frame in trials[0]} == {seen}, seen


@SUITE.case
def cleanup_undoes_what_it_lists():
    """What a killed run of the clsact guard left: listed and left alone, then gone."""
    with Topology(pairs=1) as net:
        def filters():
            return check(*net.inside("tester", "tc", "filter", "show", "dev", "t0", "ingress"))
        process = net.start("tester", "trial", "--tx", "af_packet:t0,guard=clsact", "--rx",
                            "af_packet:t0,guard=clsact", "--dst-mac", "02:00:00:00:01:00", "--rate", "100pps",
                            "--duration", "20s")
        while not filters():
            assert process.running(), process.wait(1)
        process.kill()
        assert filters()
        done = net.run("tester", "cleanup", "--dry-run")
        assert done.code == 0 and "t0" in done.out and filters(), done
        done = net.run("tester", "cleanup")
        assert done.code == 0 and "t0" in done.out and not filters(), done


if __name__ == "__main__":
    sys.exit(SUITE.main())
