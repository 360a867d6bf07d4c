"""`wireproof search`: what a user and a script see (the truth of its answer: search_truth.py)."""

import json
import os
import signal
import subprocess
import sys
import tempfile

from harness import ROOT, WIREPROOF, Process, Suite, Topology, run, wireproof

SUITE = Suite()
VALIDATE = os.path.join(ROOT, "scripts", "validate_json.py")
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
# A device of 5,000 frames/s behind a tester in shell and awk.
TESTER = ("""sed 's/[{}"a-z_]//g;s/:/ /g;s/,//g' | awk '{n=int($1*$2+0.5); c=5000*$2; """
          """printf "{\\"intended\\":%d,\\"offered\\":%d,\\"received\\":%d,\\"duration_s\\":%s}","""
          """n, n, n<c?n:c, $2}'""")
BY_COMMAND = ["search", "--trial-command", TESTER, "--max-rate", "100kpps"]


def check_valid(text, *flags):
    done = subprocess.run([PYTHON, VALIDATE, *flags], input=text, text=True, timeout=30,
                          capture_output=True, check=False)
    assert done.returncode == 0, done.stderr


@SUITE.case
def another_tester_is_driven_to_the_capacity():
    done = wireproof(*BY_COMMAND, "--size", "64,512", "--goal", "ndr", "--goal", "pdr", "--json")
    assert done.code == 0, done
    check_valid(done.out)
    searches = done.json["result"]["searches"]
    assert [(s["frame_size"], s["goal"]["name"]) for s in searches] == [
        (64, "ndr"), (64, "pdr"), (512, "ndr"), (512, "pdr")]
    for search in searches:
        truth = 5000 / (1 - search["goal"]["loss_ratio"])
        assert search["regular"], search["reason"]
        assert abs(search["lower_bound_fps"] / truth - 1) <= 0.005, search["lower_bound_fps"]
    ids = [trial["id"] for trial in done.json["trials"]]
    assert ids == list(range(1, len(ids) + 1)), ids


@SUITE.case
def goals_of_rfc_9971_share_their_trials():
    """Both bounds of both goals, each by eleven seconds of 21, and of the four two are one load."""
    done = wireproof(*BY_COMMAND, "--method", "mlr", "--goal", "csit", "--trial-duration", "2s", "--json")
    assert done.code == 0, done
    check_valid(done.out)
    ndr, pdr = done.json["result"]["searches"]
    trials = done.json["trials"]
    for search, name, loss in ((ndr, "csit-ndr", 0), (pdr, "csit-pdr", 0.005)):
        goal = search["goal"]
        assert (goal["name"], goal["loss_ratio"], goal["exceed_ratio"]) == (name, loss, 0.5), goal
        assert (goal["final_duration_s"], goal["duration_sum_s"]) == (1, 21), goal
        truth = 5000 / (1 - loss)
        assert search["regular"], search["reason"]
        assert search["lower_bound_fps"] <= truth + 1 and search["upper_bound_fps"] >= truth, search
        assert search["upper_bound_fps"] - search["lower_bound_fps"] <= search["upper_bound_fps"] * 0.005
        assert search["trial_ids"] == [trial["id"] for trial in trials], search["trial_ids"]
        for bound in (search["lower_bound_fps"], search["upper_bound_fps"]):
            at = [trial for trial in trials if trial["intended_fps"] == bound]
            assert sum(trial["duration_s"] for trial in at) == 11, (bound, len(at))
    assert ndr["upper_bound_fps"] == pdr["lower_bound_fps"], (ndr, pdr)
    assert len(trials) <= 35, len(trials)
    text = wireproof(*BY_COMMAND, "--method", "mlr", "--goal", "csit", "-v")
    assert "no frame is lost in 50 % of 21 s (csit-ndr)" in text.out, text
    listed = [line.split()[0] for line in text.out.splitlines() if line.endswith((" pass", " fail"))]
    assert listed == [str(trial["id"]) for trial in trials], listed


@SUITE.case
def the_stream_is_events_and_ends_with_the_document():
    done = wireproof(*BY_COMMAND, "--json-stream")
    check_valid(done.out, "--stream")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [e["event"] for e in events[:-1]] == ["trial"] * (len(events) - 1), done
    assert events[-1]["document"]["trials"] == [e["trial"] for e in events[:-1]]


@SUITE.case
def text_is_for_people_and_alone_on_stdout():
    done = wireproof(*BY_COMMAND)
    assert done.code == 0 and done.err == "", done
    assert "highest rate at which no frame is lost (ndr), to 0.5 %" in done.out, done
    for line in done.out.splitlines():
        assert len(line) <= 80 or line.startswith("command") or line.startswith("     "), line


@SUITE.case
def failures_have_their_exit_codes_and_a_document():
    rows = [
        (["--trial-command", "exit 3", "--max-rate", "1kpps"], 4, "ended with exit code 3"),
        (["--trial-command", "/no/such", "--max-rate", "1kpps"], 3, "cannot be run"),
        (["--trial-command", "echo hello", "--max-rate", "1kpps"], 4, "is not JSON"),
        (["--trial-command", TESTER], 2, "maximum is not known"),
        (["--trial-command", TESTER, "--max-rate", "1kpps", "--min-rate", "2kpps"], 2, "above the"),
        (["--trial-command", TESTER, "--max-rate", "-1"], 2, "--max-rate"),
        (["--trial-command", TESTER, "--max-rate", "100kpps", "--goal", "best"], 2, "--goal"),
        ([], 2, "--tx and --rx"),
    ]
    for flags, code, words in rows:
        done = wireproof("search", *flags, "--json")
        assert done.code == code, (flags, done)
        assert words in done.err, (flags, done)
        check_valid(done.out)
        assert done.json["status"] == "error", done
        assert wireproof("search", *flags).code == code  # the same without JSON


@SUITE.case
def a_device_that_passes_nothing_leaves_no_bound():
    nothing = """printf '{"intended":2000,"offered":2000,"received":0,"duration_s":2}'"""
    done = wireproof("search", "--trial-command", nothing, "--max-rate", "1kpps", "--min-rate",
                     "1kpps", "--json")
    assert done.code == 6, done
    check_valid(done.out)
    assert "even the lowest load" in done.json["result"]["searches"][0]["reason"], done


@SUITE.case
def an_unwritable_result_is_refused_before_the_first_trial():
    with tempfile.TemporaryDirectory() as folder:
        mark = os.path.join(folder, "ran")
        for target in (folder, os.path.join(folder, "no", "r.json"), "/dev/null"):
            done = wireproof("search", "--trial-command", f"touch {mark}", "--max-rate", "1kpps",
                             f"--json={target}")
            assert done.code == 5 and target in done.err, done
        assert not os.path.exists(mark)


@SUITE.case
def a_full_stdout_is_an_error():
    done = run("sh", "-c", '"$@" >/dev/full', "sh", WIREPROOF, *BY_COMMAND)
    assert done.code == 5 and "No space left" in done.err, done


@SUITE.case
def a_signal_ends_it_soon_with_what_is_known():
    with tempfile.TemporaryDirectory() as folder:
        # The first trial answers, the second would never end.
        slow = f"test -e {folder}/1 && sleep 600; touch {folder}/1; {TESTER}"
        for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, 143)):
            if os.path.exists(f"{folder}/1"):
                os.unlink(f"{folder}/1")
            process = Process([WIREPROOF, "search", "--trial-command", slow, "--max-rate",
                               "100kpps", "--json-stream"])
            process.wait_for('"event":"trial"')
            done = process.stop(number)
            assert done.code == code, done
            check_valid(done.out, "--stream")
            document = json.loads(done.out.splitlines()[-1])["document"]
            assert document["status"] == "aborted", document["status"]
            assert len(document["trials"]) == 1 and document["result"]["searches"], document


if __name__ == "__main__":
    sys.exit(SUITE.main())
