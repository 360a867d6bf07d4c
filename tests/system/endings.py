"""How a run ends that was not left alone: stopped by the user, killed, its output full or closed, its
interface gone. The counts of what ran add up, the exit code says it, and nothing is left behind.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time

from cable import CABLE, amid, cable, sent
from expect import MEMORY, OUTPUT, PRECONDITION, Standing, document, sentence
from harness import SLOW, WIREPROOF, Process, Skip, Suite, Topology, check, go_ahead, run, wireproof

SUITE = Suite()
BACKENDS = ("af_packet", "af_xdp")
QUICK = [*MEMORY, "--rate", "1kpps", "--duration", "100ms", "--warm-up", "0", "--waiting-time", "100ms"]


def trial(backend, *more):
    return ["trial", "--tx", f"{backend}:c0", "--rx", f"{backend}:c1", "--rate", "2kpps", *more]


def settles(standing, seconds=3):
    """The kernel takes a dead process's programs away a little after its death."""
    deadline = time.monotonic() + seconds
    while standing.now() != standing.before and time.monotonic() < deadline:
        time.sleep(0.05)
    standing.same()


@SUITE.case_for_each(BACKENDS)
def stopped_by_the_user(backend):
    """Within a second, with the counts of what ran."""
    for number in (signal.SIGINT, signal.SIGTERM):
        with Topology(pairs=0) as net:
            standing = cable(net)
            process = amid(net, trial(backend, "--duration", "30s", "--warm-up", "0", "--json"))
            asked = time.monotonic()
            done = process.stop(number)
            assert time.monotonic() - asked < 1 * SLOW, time.monotonic() - asked
            assert done.code == 128 + number, done
            found = document(done.out)
            assert found["status"] == "aborted", found["status"]
            trial_found = found["trials"][0]
            assert trial_found["verdict"] == "invalid" and "interrupted" in trial_found["reason"]
            assert trial_found["directions"][0]["counts"]["offered"] >= 100, trial_found
            standing.same()


@SUITE.case
def stopped_during_warm_up():
    for number in (signal.SIGINT, signal.SIGTERM):
        with Topology(pairs=0) as net:
            standing = cable(net)
            process = amid(net, trial("af_packet", "--warm-up", "30s", "--json"))
            asked = time.monotonic()
            done = process.stop(number)
            assert time.monotonic() - asked < 1 * SLOW and done.code == 128 + number, done
            found = document(done.out)
            assert found["status"] == "aborted" and found["trials"] == [], done
            standing.same()


@SUITE.case_for_each(BACKENDS)
def stopped_while_a_neighbour_is_asked_for(backend):
    """Not when its three seconds are over."""
    with Topology() as net:
        net.ip("tester", "addr", "add", "198.18.0.2/24", "dev", "t0")
        process = net.start("tester", "trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1", "--rate",
                            "1kpps", "--next-hop", "198.18.0.77", "--json")
        time.sleep(0.7)
        asked = time.monotonic()
        done = process.stop(signal.SIGINT)
        assert time.monotonic() - asked < 1 * SLOW, time.monotonic() - asked
        assert done.code == 130, done
        assert document(done.out)["status"] == "aborted", done


@SUITE.case
def stopped_between_two_frames():
    """However far apart they are, and while stragglers are waited for."""
    for rate, wait in ((["--rate", "0.1pps", "--duration", "60s"], 1), (["--rate", "1kpps", "--duration",
                       "100ms", "--waiting-time", "30s"], 1.5)):
        process = Process([WIREPROOF, "trial", "--tx", "loopback:a,delay=10s", "--rx", "loopback:b", *rate,
                           "--warm-up", "0", "--idle", "sleep", "--json"])
        time.sleep(wait)
        asked = time.monotonic()
        done = process.stop(signal.SIGINT)
        assert time.monotonic() - asked < 5 * SLOW, time.monotonic() - asked
        assert done.code == 130 and document(done.out)["status"] == "aborted", done


@SUITE.case
def stopped_trial_command():
    """Also one that does not want to end."""
    process = Process([WIREPROOF, "search", "--trial-command", "trap '' TERM; sleep 30; sleep 30",
                       "--max-rate", "1kpps", "--json"])
    time.sleep(0.5)
    asked = time.monotonic()
    done = process.stop(signal.SIGTERM)
    assert time.monotonic() - asked < 5 * SLOW, time.monotonic() - asked
    assert done.code == 143 and document(done.out)["status"] == "aborted", done


@SUITE.case
def hung_up():
    """A terminal that goes, which hangs up twice: the partial result of a signal. Not under nohup."""
    slow = [WIREPROOF, *MEMORY, "--rate", "1kpps", "--duration", "30s", "--warm-up", "0"]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "result.json")
        process = Process([*slow, f"--json={path}"])
        time.sleep(0.7)
        process.send(signal.SIGHUP)
        process.send(signal.SIGHUP)
        done = process.wait(timeout=10)
        assert done.code == 129, done
        with open(path, encoding="utf-8") as file:
            found = document(file.read())
        assert found["status"] == "aborted", found["status"]
        assert found["trials"][0]["directions"][0]["counts"]["offered"] > 0, found["trials"]
    process = Process(["sh", "-c", "trap '' HUP; exec \"$@\"", "sh", *slow, "--json"])
    time.sleep(0.7)
    process.send(signal.SIGHUP)
    time.sleep(0.3)
    assert process.running(), process.wait(1)
    done = process.stop(signal.SIGTERM)
    assert done.code == 143 and document(done.out)["status"] == "aborted", done


@SUITE.case
def stopped_search():
    """What is known by then is in the document."""
    with Topology(pairs=0) as net:
        standing = cable(net)
        process = amid(net, ["search", "--tx", "af_packet:c0", "--rx", "af_packet:c1", "--max-rate",
                             "2kpps", "--trial-duration", "5s", "--json"])
        asked = time.monotonic()
        done = process.stop(signal.SIGINT)
        assert time.monotonic() - asked < 1 * SLOW and done.code == 130, done
        assert document(done.out)["status"] == "aborted", done
        standing.same()


@SUITE.case
def second_signal_ends_at_once():
    """A trial command that does not want to end has half a second for it after the first."""
    for numbers in ((signal.SIGINT, signal.SIGINT), (signal.SIGINT, signal.SIGTERM)):
        process = Process([WIREPROOF, "search", "--trial-command", "trap '' TERM; exec sleep 3", "--max-rate",
                           "1kpps"])
        time.sleep(0.7)
        process.send(numbers[0])
        time.sleep(0.25)
        asked = time.monotonic()
        done = process.stop(numbers[1])
        assert time.monotonic() - asked < 0.15 * SLOW, time.monotonic() - asked
        assert done.code == 128 + numbers[1] and done.out == "", done


@SUITE.case
def one_signal_told_twice():
    """timeout(1) tells it to the program and to its process group: the result is there all the same."""
    slow = [WIREPROOF, *MEMORY, "--rate", "1kpps", "--duration", "30s", "--warm-up", "0", "--json"]
    for name, number in (("INT", signal.SIGINT), ("TERM", signal.SIGTERM)):
        done = run("timeout", "--preserve-status", "-s", name, "1", *slow, timeout=20)
        assert done.code == 128 + number, done
        found = document(done.out)
        assert found["status"] == "aborted", found["status"]
        assert found["trials"][0]["directions"][0]["counts"]["offered"] > 0, found["trials"]


@SUITE.case_for_each(BACKENDS)
def killed_and_started_again(backend):
    """At once, ten times: nothing of the dead stands in the way of the living."""
    with Topology(pairs=0) as net:
        standing = cable(net)
        for _ in range(10):
            process = net.start("tester", *trial(backend, "--duration", "30s"))
            time.sleep(0.15)
            process.send(signal.SIGKILL)
            assert process.wait().code == -signal.SIGKILL
        done = net.run("tester", *trial(backend, "--duration", "200ms", "--warm-up", "0", "--json"))
        assert done.code in (0, 6), done
        counts = document(done.out)["trials"][0]["directions"][0]["counts"]
        assert counts["unique"] == counts["offered"] > 0, counts
        settles(standing)


def guards(net):
    return "wireproof_guard" in check(*net.inside("tester", "tc", "filter", "show", "dev", "c1", "ingress"))


@SUITE.case
def next_start_undoes_what_a_killed_run_left():
    """Whichever verb it is and whichever backend its ports are of, though they be refused."""
    quick = ["--rate", "1kpps", "--duration", "100ms", "--warm-up", "0"]
    starts = [["trial", "--tx", "loopback:a", "--rx", "loopback:b", *quick],
              ["trial", "--tx", "af_xdp:c0", "--rx", "af_xdp:c1", *quick],
              ["trial", "--tx", "af_packet:c0", "--rx", "af_packet:c1", *quick],
              ["trial", "--tx", "io_uring:127.0.0.1:0", "--rx", "io_uring:127.0.0.1:0", *quick],
              ["search", "--tx", "loopback:a", "--rx", "loopback:a"],
              ["calibrate", "--tx", "loopback:a", "--rx", "loopback:a"],
              ["dut", "--a", "af_packet:none", "--b", "af_packet:c1"]]
    with Topology(pairs=0) as net, tempfile.TemporaryDirectory() as folder:
        standing = cable(net)
        for start in starts:
            process = net.start("tester", "trial", "--tx", "af_packet:c0", "--rx",
                                "af_packet:c1,guard=clsact", "--rate", "1kpps", "--duration", "30s")
            deadline = time.monotonic() + 10
            while not guards(net):
                assert process.running() and time.monotonic() < deadline, process.wait(1)
                time.sleep(0.02)
            process.send(signal.SIGKILL)
            process.wait()
            told = json.loads(net.run("tester", "doctor", "--json").out)["findings"]
            left = [one["text"] for one in told if one["subject"] == "leftovers"]
            assert "clsact" in left[0] and guards(net), left  # which looks, and changes nothing
            assert net.run("tester", *start, "--dry-run").code >= 0 and guards(net), start
            done = net.run("tester", *start, "--json", env={**os.environ, "XDG_STATE_HOME": folder})
            assert not guards(net), f"still there after {done}"
            notes = document(done.out)["notes"]
            assert any("left by the killed process" in note and "undone" in note for note in notes), notes
        standing.same()


@SUITE.case_for_each(BACKENDS)
def interface_deleted(backend):
    """An error with exit code 3 soon after, not a loop until the end."""
    with Topology(pairs=0) as net:
        cable(net)
        process = amid(net, trial(backend, "--duration", "30s", "--json"))
        net.ip("tester", "link", "del", "c0")
        asked = time.monotonic()
        done = process.wait(timeout=10)
        assert time.monotonic() - asked < 3 * SLOW, time.monotonic() - asked
        assert done.code == PRECONDITION, done
        sentence(done, ["c0"])
        found = document(done.out)
        assert found["status"] == "error" and "c0" in found["error"]["message"], found["error"]


@SUITE.case_for_each(BACKENDS)
def link_down(backend):
    """Invalid, says which link, and does not go on sending into nothing."""
    for end in ("c0", "c1"):
        with Topology(pairs=0) as net:
            cable(net)
            process = amid(net, trial(backend, "--duration", "30s", "--json"))
            net.ip("tester", "link", "set", end, "down")
            asked = time.monotonic()
            done = process.wait(timeout=10)
            assert time.monotonic() - asked < 3 * SLOW, time.monotonic() - asked
            assert done.code == 6, done
            found = document(done.out)["trials"][0]
            assert found["verdict"] == "invalid" and "link" in found["reason"], found["reason"]
            assert found["directions"][0]["attribution"]["dut"] == 0, found["directions"][0]


@SUITE.case_for_each(BACKENDS)
def link_flap(backend):
    """A tenth of a second without a carrier spoils a trial, however few frames it cost."""
    with Topology(pairs=0) as net:
        cable(net)
        process = amid(net, trial(backend, "--duration", "5s", "--json"))
        net.ip("tester", "link", "set", "c1", "down")
        time.sleep(0.1)
        net.ip("tester", "link", "set", "c1", "up")
        done = process.wait(timeout=15)
        assert done.code == 6, done
        found = document(done.out)["trials"][0]
        assert found["verdict"] == "invalid" and "link" in found["reason"], found["reason"]


def shell(script, timeout=20, **keywords):
    """(exit code, stdout, stderr) of a shell line; $W is the program, $T a quick trial."""
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=timeout,
                          check=False, stdin=subprocess.DEVNULL, preexec_fn=go_ahead,
                          env={**os.environ, "W": WIREPROOF, "T": " ".join(QUICK)}, **keywords)
    return done.returncode, done.stdout, done.stderr


@SUITE.case
def reader_that_goes():
    for line in ("$W $T | head -1", "$W $T --json | head -1", "$W $T --json-stream | head -1"):
        code, out, _ = shell(line)
        assert code == 0 and len(out.splitlines()) == 1, (line, code, out)  # head's code
    for line in ("$W $T | true", "$W $T --json | true", "$W $T --json-stream | true",
                 "$W --help | true", "$W backends --json | true"):
        code, _, err = shell(f"{line}; exit ${{PIPESTATUS[0]}}")
        assert code in (0, OUTPUT), (line, code, err)  # 0: it had written before the reader went


@SUITE.case
def nowhere_to_write():
    for line in ("$W $T > /dev/full", "$W $T --json > /dev/full", "$W $T --json-stream > /dev/full",
                 "$W $T >&-", "$W $T --json >&-", "$W $T <&- >&-"):
        code, _, err = shell(line)
        assert code == OUTPUT and "standard output" in err, (line, code, err)
        assert "one-way delay" in err, f"what was measured is lost: {line}: {err}"
    for line in ("$W --help > /dev/full", "$W --version >&-", "$W backends > /dev/full",
                 "$W cleanup --dry-run > /dev/full", "$W $T --dry-run > /dev/full"):
        code, _, err = shell(line)
        assert code == OUTPUT and "standard output" in err, (line, code, err)


@SUITE.case
def nowhere_to_complain():
    """The exit code is all that is left, and it is the right one."""
    for end in ("2>&-", "2>/dev/full", "2>&- >&-", "0<&- 1>&- 2>&-"):
        code, _, _ = shell(f"$W trial --bogus {end}")
        assert code == 2, (end, code)
    for end in ("2>&-", "2>/dev/full"):
        code, out, _ = shell(f"$W $T --json {end}")
        assert code in (0, 6) and document(out)["error"] is None, (end, code)
    code, _, _ = shell("$W $T --json 2>&- >&-")
    assert code == OUTPUT, code


@SUITE.case
def result_file_that_cannot_be():
    """Refused before a frame is sent, and the file that is there stays as it is."""
    with tempfile.TemporaryDirectory() as folder:
        os.mkfifo(f"{folder}/pipe")
        os.symlink("/etc/wireproof-nothing", f"{folder}/link")
        for path, words in ((f"{folder}/missing/result.json", ["create the folder"]),
                            (folder, ["directory"]), (f"{folder}/", ["directory"]),
                            (f"{folder}/pipe", ["not a regular file"]),
                            (f"{folder}/link", ["not a regular file"]),
                            ("/proc/result.json", ["/proc/result.json"]),
                            ("/dev/full", ["not a regular file"]),
                            (f"{folder}/{'n' * 300}", ["name"])):
            done = wireproof(*QUICK[:-4], "--duration", "10s", f"--json={path}")
            assert done.code == OUTPUT and done.seconds < 5, done
            assert done.out == "" and words[0] in done.err, done
        assert sorted(os.listdir(folder)) == ["link", "pipe"], os.listdir(folder)


@SUITE.case
def disk_full():
    """Exit code 5, the summary on standard output, the earlier result as it was, no torn file."""
    with Topology(pairs=0) as net, tempfile.TemporaryDirectory() as folder:
        script = (f"mount -t tmpfs -o size=64k none {folder} && cd {folder} && echo old > result.json && "
                  "head -c 56k /dev/zero > ballast; "
                  f"{WIREPROOF} {' '.join(MEMORY)} --rate 1kpps --duration 2s --interval 10ms "
                  "--json=result.json; "
                  "echo code=$?; cat result.json; ls -A")
        done = run(*net.inside("tester", "unshare", "-m", "bash", "-c", script))
        assert "code=5" in done.out, done
        assert "one-way delay" in done.out, f"the summary is lost: {done}"
        assert done.out.endswith("old\nballast\nresult.json\n"), done
        assert "No space left" in done.err, done


@SUITE.case
def disk_full_for_the_frame_log():
    """The trial took place and is told; the log is the error."""
    with Topology(pairs=0) as net, tempfile.TemporaryDirectory() as folder:
        script = (f"mount -t tmpfs -o size=64k none {folder} && cd {folder} && "
                  f"{WIREPROOF} {' '.join(MEMORY)} --rate 10kpps --duration 500ms --burst 1024 "
                  "--frame-log log.csv --json; code=$?; echo code=$code >&2")
        done = run(*net.inside("tester", "unshare", "-m", "bash", "-c", script))
        assert "code=5" in done.err and "No space left" in done.err, done
        assert "free some space" in done.err, done
        found = document(done.out)
        assert found["status"] == "error" and found["error"]["code"] == "output", found["error"]
        assert found["trials"][0]["directions"][0]["counts"]["offered"] > 3000, found["trials"]


@SUITE.case
def frame_log_stays_until_there_is_another():
    """Whole or not at all, as results are: also when a run is refused, or stopped before it counts."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log.csv")
        for arguments, number in ((["--queues", "2", "--flows", "1"], None),
                                  (["--warm-up", "30s"], signal.SIGINT)):
            with open(path, "w", encoding="ascii") as file:
                file.write("old\n")
            process = Process([WIREPROOF, *MEMORY, "--rate", "1kpps", "--duration", "100ms", *arguments,
                               "--frame-log", path])
            time.sleep(0.7)
            done = process.stop(number) if number else process.wait()
            assert done.code == (130 if number else 2), done
            with open(path, encoding="ascii") as file:
                assert file.read() == "old\n", arguments
            assert os.listdir(folder) == ["log.csv"], os.listdir(folder)
        done = wireproof(*QUICK, "--frame-log", path)
        with open(path, encoding="ascii") as file:
            assert 51 <= len(file.read().splitlines()) <= 101, done
        done = wireproof(*QUICK, "--frame-log", path, f"--json={folder}/./log.csv")
        assert done.code == 2 and "log.csv" in done.err, done  # the result would replace it


@SUITE.case
def folder_that_is_gone():
    """A working directory that was deleted: nothing is needed of it, or it is said."""
    for line, wanted in (("$W $T --json", 0), ("$W $T --json=result.json", OUTPUT),
                         ("$W $T --json --frame-log log.csv", OUTPUT), ("$W doctor --json", 0),
                         ("$W backends", 0), ("$W cleanup --dry-run", 0)):
        code, out, err = shell("D=$(mktemp -d); cd $D; rmdir $D; " + line)
        assert code == wanted, (line, code, out, err)
        if wanted:
            assert len(err.splitlines()) == 2, (line, err)


@SUITE.case
def result_file_is_replaced_whole():
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/result.json"
        for _ in range(2):
            done = wireproof(*QUICK, "--json", path)
            assert done.code == 0 and "PASS" in done.out, done
            with open(path, encoding="utf-8") as file:
                assert document(file.read())["status"] == "ok"
        assert os.listdir(folder) == ["result.json"]


@SUITE.case
def folder_that_may_not_be_written():
    """Without root's right to write anywhere."""
    if os.geteuid() != 0:
        raise Skip("needs root to become somebody else")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        program = run("setpriv", "--reuid=65534", "--clear-groups", "--", "test", "-x", WIREPROOF)
        if program.code != 0:
            raise Skip("another user may not run the program from here")
        done = run("setpriv", "--reuid=65534", "--clear-groups", "--", WIREPROOF, *QUICK,
                   f"--json={folder}/result.json")
        assert done.code == OUTPUT and "may write" in done.err, done


@SUITE.case
def no_privilege_at_all():
    """loopback and sockets run for anybody."""
    if os.geteuid() != 0:
        raise Skip("needs root to become somebody else")
    if run("setpriv", "--reuid=65534", "--clear-groups", "--", "test", "-x", WIREPROOF).code != 0:
        raise Skip("another user may not run the program from here")
    for ports in (MEMORY[1:], ["--tx", "io_uring:127.0.0.1:0", "--rx", "io_uring:127.0.0.1:0"]):
        done = run("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                   "--bounding-set=-all", "--", WIREPROOF, "trial", *ports, "--rate", "1kpps",
                   "--duration", "200ms", "--json")
        assert done.code in (0, 6), done
        document(done.out)


@SUITE.case
def one_cpu_alone():
    """A cpuset of one: it works, and says that sender and receiver share it."""
    done = run("taskset", "-c", "0", WIREPROOF, *QUICK, "--json")
    assert done.code in (0, 6), done
    notes = document(done.out)["trials"][0]["notes"]
    assert any("share cores" in note for note in notes), notes


if __name__ == "__main__":
    sys.exit(SUITE.main())
