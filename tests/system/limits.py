"""Runs that are given too little: memory, threads, open files, file size. Each ends by itself, with the
documented exit code, one sentence with the cure and one whole document.
"""

import os
import sys
import tempfile

from cable import cable
from expect import MEMORY, OUTPUT, PRECONDITION, document, refusal, sentence
from harness import WIREPROOF, Skip, Suite, Topology, run

SUITE = Suite()
QUICK = [*MEMORY, "--rate", "1kpps", "--duration", "100ms", "--warm-up", "0", "--waiting-time", "20ms"]
PLAIN = os.environ.get("WIREPROOF_SANITIZERS", "none") == "none"


def limited(*limits):
    """A runner of the program under limits, as prlimit(1) words them."""
    def runner(*arguments):
        return run("prlimit", *limits, "--", WIREPROOF, *arguments, timeout=30)
    return runner


@SUITE.case
def logs_that_memory_has_no_room_for():
    """Said before a page is taken: of ulimit -v, and of what the host has at all."""
    if not PLAIN:
        raise Skip("sanitizers take all of the address space")
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log.csv")
        log = [*QUICK, "--frame-log", path, "--frame-log-frames", "1G"]
        dut = ["dut", "--a", "loopback:a", "--b", "loopback:b", "--duration", "100ms", "--log", path,
               "--log-frames", "1G"]
        for arguments, flag in ((log, "--frame-log-frames"), (dut, "--log-frames")):
            refusal(limited("--as=4000000000"), arguments, PRECONDITION, "MiB", flag)
        with open("/proc/meminfo", encoding="ascii") as file:
            available = int(file.read().split("MemAvailable:")[1].split()[0]) * 1024
        if available < 32 * 10**9:
            refusal(limited(), log, PRECONDITION, "MiB", "--frame-log-frames")
        assert os.listdir(folder) == [], os.listdir(folder)


@SUITE.case
def memory_that_ends():
    """Whatever asked for it in vain, the run ends with its document: of less and less it needs too much
    at last, and then the program cannot even be loaded."""
    if not PLAIN:
        raise Skip("sanitizers take all of the address space")
    ended = set()
    for mib in (64, 40, 32, 28, 24, 20):
        done = limited(f"--as={mib << 20}")(*QUICK, "--ring", "8192", "--json")
        if done.code == 127 or not done.out and "cannot allocate" in done.err.lower():
            break  # the loader
        assert done.code in (0, PRECONDITION, 6), (mib, done)
        ended.add(done.code)
        if done.code == PRECONDITION:
            sentence(done, [])
            assert document(done.out)["error"]["errno"] > 0, done
    assert PRECONDITION in ended, ended


@SUITE.case
def threads_that_are_refused():
    """The first or a later one: the others do not wait for it for ever."""
    if os.geteuid() != 0:
        raise Skip("needs root to become somebody else")
    somebody = ["setpriv", "--reuid=65534", "--clear-groups", "--"]
    if run(*somebody, "test", "-x", WIREPROOF).code != 0:
        raise Skip("another user may not run the program from here")
    refused = 0
    for most in (1, 2, 3):
        done = run(*somebody, "prlimit", f"--nproc={most}", "--", WIREPROOF, *QUICK, "--json")
        assert done.code in (0, PRECONDITION, 6), done
        found = document(done.out)
        if done.code != PRECONDITION:
            continue
        refused += 1
        sentence(done, ["thread", "ulimit -u"])
        assert found["status"] == "error" and found["error"]["errno"] == 11, found["error"]
    assert refused > 0, "nothing was refused"


@SUITE.case
def files_that_may_not_be_opened():
    """Every backend, however few it is given: it works, or says that these are too few."""
    with Topology(pairs=0) as net:
        cable(net)
        ports = {"loopback": ("loopback:a", "loopback:b"), "io_uring": ("io_uring:127.0.0.1:0",) * 2,
                 "af_packet": ("af_packet:c0", "af_packet:c1"), "af_xdp": ("af_xdp:c0", "af_xdp:c1")}
        for name, (tx, rx) in ports.items():
            codes = []
            for most in (5, 10, 17, 24, 45, 128):
                done = run(*net.inside("tester", "prlimit", f"--nofile={most}", "--", WIREPROOF, "trial",
                                       "--tx", tx, "--rx", rx, *QUICK[5:], "--json"))
                assert done.code in (0, PRECONDITION, 6), (most, done)
                found = document(done.out)
                codes.append(done.code)
                if done.code == PRECONDITION:
                    sentence(done, ["open files", "ulimit -n"])
                    assert found["error"]["errno"] == 24, found["error"]
            assert codes[-1] != PRECONDITION, (name, codes)
            assert name == "loopback" or codes[0] == PRECONDITION, (name, codes)


@SUITE.case
def a_file_that_may_not_grow():
    """ulimit -f: no signal that ends it, but a result that was not written, and is shown instead."""
    def one_block(*arguments):
        line = '(ulimit -f 1; exec "$@") | cat; exit ${PIPESTATUS[0]}'  # a pipe may grow
        return run("bash", "-c", line, "bash", WIREPROOF, *arguments)

    with tempfile.TemporaryDirectory() as folder:
        done = one_block(*QUICK, f"--json={folder}/result.json")
        assert done.code == OUTPUT and "File too large" in done.err, done
        assert "one-way delay" in done.out and os.listdir(folder) == [], (done, os.listdir(folder))
        log = os.path.join(folder, "log.csv")
        with open(log, "w", encoding="ascii") as file:
            file.write("old\n")
        done = one_block(*QUICK, "--frame-log", log, "--json")
        assert document(done.out)["error"]["code"] == "output" and done.code == OUTPUT, done
        assert len(document(done.out)["trials"]) == 1, done
        with open(log, encoding="ascii") as file:
            assert file.read() == "old\n"


if __name__ == "__main__":
    sys.exit(SUITE.main())
