"""The harness itself: it must see a failure, a skip, a hang and what a case leaves behind."""

import os
import signal
import sys
import time

import harness
from harness import Process, Skip, Suite, Topology, check, namespaces, run

SUITE = Suite()
HERE = os.path.dirname(os.path.abspath(__file__))

RECEIVE = """import socket, sys
here = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
here.bind((sys.argv[1], 9000)); here.settimeout(3); print("ready", flush=True)
print(here.recv(100).decode())"""
SEND = """import socket, sys
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"hello", (sys.argv[1], 9000))"""


def inner(body, *names):
    """Runs a suite made of `body` in its own interpreter."""
    program = ("import sys; sys.path.insert(0, sys.argv.pop(1))\n"
               "from harness import *\nSUITE = Suite()\n" + body + "\nsys.exit(SUITE.main())\n")
    return run(sys.executable, "-c", program, HERE, *names)


@SUITE.case
def passes_and_skips_are_told_apart():
    done = inner("@SUITE.case\ndef good(): pass\n"
                 "@SUITE.case\ndef absent(): raise Skip('no NIC')\n")
    assert done.code == 0 and done.out == "ok good\nskip absent: no NIC\n", done
    done = inner("@SUITE.case\ndef absent(): raise Skip('no NIC')\n")
    assert done.code == 77, done


@SUITE.case
def failures_are_seen():
    for body in ("assert 1 == 2, 'one\\nis two'", "raise ValueError('x')", "{}['key']",
                 "wait = Process(['sleep', '60']).wait(0.1)", "check('false')"):
        done = inner(f"@SUITE.case\ndef bad(): {body}\n@SUITE.case\ndef good(): pass\n")
        assert done.code == 1, done
        lines = done.out.splitlines()
        assert len(lines) == 2 and lines[0].startswith("not ok bad: "), done
        assert lines[1] == "ok good", done


@SUITE.case
def a_document_against_its_schema_is_a_failure():
    """Of every run, whether the case looks at it or not; what is no document's is left alone."""
    body = ("import harness\nharness.WIREPROOF = '/bin/echo'\n"
            "@SUITE.case\ndef bad(): run('/bin/echo', {!r}, {!r})")
    schema = '{"schema": "wireproof/result"}'
    for text, flag, refused in ((schema, "--json", True), ("{}", "-J", True), ("no", "--json", True),
                                ('{"schema": "wireproof/other"}', "--json", True),
                                (schema, "--json-stream", True), (schema, "--help", False)):
        done = inner(body.format(text, flag))
        assert done.code == int(refused), (text, flag, done)
        assert not refused or "a document that its schema refuses" in done.out, done


@SUITE.case
def an_unknown_case_is_a_failure():
    done = inner("@SUITE.case\ndef good(): pass\n", "goood")
    assert done.code == 1 and done.out.startswith("not ok selection"), done


@SUITE.case
def a_forgotten_process_is_a_failure_and_is_ended():
    done = inner("@SUITE.case\ndef bad(): print(Process(['sleep', '60']).pid, file=sys.stderr)\n")
    assert done.code == 1 and "left behind: sleep 60" in done.out, done
    assert not os.path.exists(f"/proc/{int(done.err.split()[0])}"), done


@SUITE.case
def a_forgotten_namespace_is_a_failure_and_is_removed():
    harness.require_namespaces()
    done = inner("@SUITE.case\ndef bad():\n  Topology().__enter__(); print(PREFIX, file=sys.stderr)\n")
    assert done.code == 1 and "left behind: namespace" in done.out, done
    assert not [name for name in namespaces() if name.startswith(done.err.strip())], done


@SUITE.case
def frames_cross_the_pairs_and_nothing_stays():
    before = namespaces()
    with Topology(pairs=2) as net:
        for n in range(2):
            net.ip("tester", "addr", "add", f"198.18.{n}.1/24", "dev", f"t{n}")
            net.ip("device", "addr", "add", f"198.18.{n}.2/24", "dev", f"d{n}")
            receiver = net.start_command("device", sys.executable, "-c", RECEIVE, f"198.18.{n}.2")
            receiver.wait_for("ready")
            check(*net.inside("tester", sys.executable, "-c", SEND, f"198.18.{n}.2"))
            assert receiver.wait(5).out.endswith("hello\n")
        sleeper = net.start_command("device", "sleep", "60")
    assert not sleeper.running()
    assert namespaces() == before


@SUITE.case
def what_a_killed_test_left_is_removed_by_the_next():
    harness.require_namespaces()
    program = ("import sys, time; sys.path.insert(0, sys.argv[1])\nfrom harness import *\n"
               "with Topology() as net:\n"
               "  child = net.start_command('device', 'sleep', '60')\n"
               "  print(PREFIX, child.pid, flush=True)\n  time.sleep(60)\n")
    killed = Process([sys.executable, "-c", program, HERE])
    killed.wait_for("\n")
    prefix, child = killed.output()[0].split()
    killed.stop(signal.SIGKILL)
    deadline = time.monotonic() + 5
    while os.path.exists(f"/proc/{child}"):  # init has yet to collect it
        assert time.monotonic() < deadline, "the child outlived its parent"
        time.sleep(0.02)
    assert any(name.startswith(prefix) for name in namespaces())
    with Topology(pairs=1):
        assert not any(name.startswith(prefix) for name in namespaces())


@SUITE.case
def json_must_be_one_document():
    assert run("echo", '{"a": 1}').json == {"a": 1}
    for text in ("", "{}{}", "{} trailing", "nan,"):
        try:
            _ = run("echo", text).json
        except AssertionError:
            continue
        raise AssertionError(f"taken for JSON: {text!r}")


if __name__ == "__main__":
    sys.exit(SUITE.main())
