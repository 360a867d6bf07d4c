"""What every system test needs: cases, namespaces with veth pairs, bounded processes, clean-up.

A system test is a Python file here that makes a Suite, marks its cases and ends with
`sys.exit(SUITE.main())`. It prints one line a case (`ok NAME`, `not ok NAME: why`,
`skip NAME: why`) and nothing else on stdout; scripts/test counts those lines. The exit status is
0, 1 (a case failed) or 77 (every case was skipped; Meson's convention). Arguments name the cases
to run; without any, all run.

Everything made here is named wp<pid>..., ends with the `with` block that made it, and is looked for
again after every case: a case that leaves a namespace or a process behind has failed. What a test
killed by SIGKILL left behind is removed by the next Topology.

    SUITE = Suite()

    @SUITE.case
    def counts_every_frame():
        with Topology() as net:
            dut = net.start("device", "dut", "--ports", "af_packet:d0", "af_packet:d1")
            got = net.run("tester", "trial", "--tx", "af_packet:t0", "--rx", "af_packet:t1", "--json")
            assert got.code == 0, got
            dut.stop()
"""

import ctypes
import functools
import json
import os
import re
import select
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import documents

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("WIREPROOF_BUILD", os.path.join(ROOT, "build"))
WIREPROOF = os.environ.get("WIREPROOF", os.path.join(BUILD, "tools", "wireproof"))
# What is promised within a time takes longer where sanitizers watch, and where other suites run beside.
SLOW = 1 if os.environ.get("WIREPROOF_SANITIZERS", "none") == "none" else 4
PREFIX = f"wp{os.getpid()}"
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class Skip(Exception):
    """The case cannot run here; the text says what is missing."""


class Finished:
    """A process that has ended: code (negative: the signal), out, err, seconds."""

    def __init__(self, command, code, out, err, seconds):
        self.command, self.code, self.out, self.err, self.seconds = command, code, out, err, seconds

    @property
    def json(self):
        """stdout as exactly one JSON document."""
        try:
            return json.loads(self.out)
        except ValueError as error:
            raise AssertionError(f"stdout is not one JSON document ({error}): {self}") from error

    def __str__(self):
        return (f"{' '.join(self.command)}: exit {self.code}"
                f"; stdout: {self.out[-600:].strip()!r}; stderr: {self.err[-600:].strip()!r}")


def go_ahead():
    """Gives this process a session of its own that goes ahead of other sessions' work, where that is
    permitted. With the kernel's autogroups (man 7 sched) a nice value counts within a session only:
    beside six busy processes a sender at nice -20 lost 72 % of its turns, and so 0.6 %.
    """
    os.setsid()
    try:
        with open("/proc/self/autogroup", "w", encoding="ascii") as file:
            file.write("-20")
    except OSError:
        pass  # no autogroups, or no right to


class Process:
    """A child that is ended by pid, at the latest when this process dies. `ahead`: see go_ahead; the
    program under test is, unless it is told otherwise.
    """

    def __init__(self, command, cpu=None, env=None, nice=0, ahead=None):
        self.command = [str(word) for word in command]
        ahead = WIREPROOF in self.command if ahead is None else ahead
        self._out = tempfile.TemporaryFile("w+", errors="replace")
        self._err = tempfile.TemporaryFile("w+", errors="replace")
        self._started = time.monotonic()
        parent = os.getpid()

        def in_child():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
            if os.getppid() != parent:
                os._exit(1)
            if ahead:
                go_ahead()
            if cpu is not None:
                os.sched_setaffinity(0, {cpu} if isinstance(cpu, int) else set(cpu))
            if nice:
                os.nice(nice)

        self._child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=self._out,
                                       stderr=self._err, preexec_fn=in_child, env=env)
        self.pid = self._child.pid
        LIVE[self.pid] = self

    def running(self):
        return self._child.poll() is None

    def send(self, number):
        if self.running():
            self._child.send_signal(number)

    def output(self):
        """(stdout, stderr) so far."""
        texts = []
        for stream in (self._out, self._err):
            with open(f"/proc/self/fd/{stream.fileno()}", encoding="utf-8", errors="replace") as view:
                texts.append(view.read())
        return tuple(texts)

    def wait(self, timeout=30):
        if not self._ends_within(timeout):
            self.kill()
            raise AssertionError(f"{' '.join(self.command)}: still running after {timeout} s; "
                                 f"output: {self.output()}")
        code = self._child.wait()
        LIVE.pop(self.pid, None)
        out, err = self.output()
        done = Finished(self.command, code, out, err, time.monotonic() - self._started)
        self._check_document(done)
        return done

    def _ends_within(self, timeout):
        """Heard at once; Popen.wait() with a timeout looks every 50 ms."""
        if not self.running():
            return True
        ended = os.pidfd_open(self.pid)
        try:
            return bool(select.select([ended], [], [], timeout)[0])
        finally:
            os.close(ended)

    def _check_document(self, done):
        """Every document of every run is valid, refusals and endings too."""
        if WIREPROOF not in self.command:
            return
        words = self.command[self.command.index(WIREPROOF) + 1:]
        try:
            documents.check_run(words, done.code, done.out)
        except AssertionError as error:
            raise AssertionError(f"a document that its schema refuses: {error}: {done}") from error

    def stop(self, number=signal.SIGTERM, timeout=10):
        """Asks it to end, waits, and returns how it ended."""
        self.send(number)
        return self.wait(timeout)

    def kill(self):
        if self.running():
            self._child.kill()
            self._child.wait()
        LIVE.pop(self.pid, None)

    def wait_for(self, text, timeout=10):
        """Until stdout or stderr holds the text."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if any(text in stream for stream in self.output()):
                return
            if not self.running():
                raise AssertionError(f"ended before it said {text!r}: {self.wait()}")
            time.sleep(0.02)
        raise AssertionError(f"did not say {text!r} within {timeout} s: {self.output()}")


LIVE = {}  # pid -> Process, all that have been started and not waited for


def run(*command, timeout=60, **keywords):
    """Runs a command to its end, at most `timeout` seconds; keywords as of Process."""
    process = Process(command, **keywords)
    try:
        return process.wait(timeout)
    finally:
        process.kill()


def wireproof(*arguments, **keywords):
    """Runs the program under test; see run()."""
    return run(WIREPROOF, *arguments, **keywords)


def check(*command, timeout=20, stdin=""):
    """Runs a command that must succeed; returns its stdout. Such as `ip`, hundreds of times: without
    the fork of this process that run() needs.
    """
    words = [str(word) for word in command]
    done = subprocess.run(words, input=stdin, capture_output=True, text=True, errors="replace",
                          timeout=timeout, check=False)
    if done.returncode != 0:
        raise AssertionError(str(Finished(words, done.returncode, done.stdout, done.stderr, 0)))
    return done.stdout


@functools.cache
def require_namespaces():
    """Skips the case where network namespaces cannot be made. Where they can, that is known then."""
    if os.geteuid() != 0:
        raise Skip("needs root to make network namespaces")
    done = run("ip", "netns", "add", f"{PREFIX}x")
    if done.code != 0:
        raise Skip(f"cannot make network namespaces: {done.err.strip()}")
    check("ip", "netns", "del", f"{PREFIX}x")


def namespaces():
    """Names of all that exist."""
    return [line.split()[0] for line in check("ip", "netns", "list").splitlines() if line.strip()]


def remove_stale():
    """Removes the namespaces of test processes that are gone."""
    for name in namespaces():
        match = re.fullmatch(r"wp(\d+)[a-z]*", name)
        if match and not os.path.exists(f"/proc/{match.group(1)}"):
            run("ip", "netns", "del", name)


class Topology:
    """Namespaces `tester` and `device`, joined by `pairs` veth pairs: tN in the tester is one end,
    dN in the device the other, up, without IPv6 (whose neighbour discovery is traffic that nobody
    asked for) unless `ipv6`. MACs are 02:00:00:00:00:0N for tN and 02:00:00:00:01:0N for dN.
    """

    def __init__(self, pairs=2, mtu=1500, ipv6=False, queues=1):
        self.pairs, self.mtu, self.ipv6, self.queues = pairs, mtu, ipv6, queues
        self.names = {"tester": f"{PREFIX}t", "device": f"{PREFIX}d"}
        self._processes = []

    def __enter__(self):
        require_namespaces()
        remove_stale()
        try:
            self._make()
        except BaseException:
            self._remove()
            raise
        return self

    def __exit__(self, *_):
        for process in self._processes:
            process.kill()
        self._remove()

    def _make(self):
        tester, device = self.names.values()
        check("ip", "-batch", "-", stdin=f"netns add {tester}\nnetns add {device}\n")
        if not self.ipv6:
            for name in (tester, device):
                check("ip", "netns", "exec", name, "sysctl", "-qw",
                      "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        queues = f"numrxqueues {self.queues} numtxqueues {self.queues}"
        links = {tester: "link set lo up\n", device: "link set lo up\n"}
        for n in range(self.pairs):
            links[tester] += (f"link add t{n} address 02:00:00:00:00:0{n} {queues} type veth peer name d{n} "
                              f"address 02:00:00:00:01:0{n} {queues} netns {device}\n"
                              f"link set t{n} mtu {self.mtu} up\n")
            links[device] += f"link set d{n} mtu {self.mtu} up\n"
        for name, words in links.items():
            check("ip", "-n", name, "-batch", "-", stdin=words)
        for n in range(self.pairs):
            self._wait_for_carrier("tester", f"t{n}")
            self._wait_for_carrier("device", f"d{n}")

    def _wait_for_carrier(self, where, interface, timeout=5):
        deadline = time.monotonic() + timeout
        while "LOWER_UP" not in self.ip(where, "link", "show", interface):
            if time.monotonic() > deadline:
                raise AssertionError(f"{interface} has no carrier after {timeout} s")
            time.sleep(0.02)

    def _remove(self):
        there = namespaces()
        for name in self.names.values():
            if name in there:
                run("ip", "netns", "del", name)

    def ip(self, where, *arguments):
        """`ip` inside a namespace; returns its stdout."""
        return check("ip", "-n", self.names[where], *arguments)

    def inside(self, where, *command):
        """The command line that runs a command inside a namespace (same pid: ip execs it)."""
        return ["ip", "netns", "exec", self.names[where], *command]

    def start(self, where, *arguments, **keywords):
        """Starts wireproof inside a namespace; stopped with the topology at the latest."""
        return self.start_command(where, WIREPROOF, *arguments, **keywords)

    def start_command(self, where, *command, **keywords):
        process = Process(self.inside(where, *command), **keywords)
        self._processes.append(process)
        return process

    def run(self, where, *arguments, timeout=60, **keywords):
        """Runs wireproof inside a namespace, to its end."""
        return run(*self.inside(where, WIREPROOF, *arguments), timeout=timeout, **keywords)


class Suite:
    """The cases of one file, in the order written."""

    def __init__(self):
        self._cases = []

    def case(self, function):
        self._cases.append((function.__name__, function))
        return function

    def add(self, name, function, *arguments):
        """A case of a table: one row, one name."""
        self._cases.append((name, lambda: function(*arguments)))

    def case_for_each(self, backends):
        """A case for each backend, which it gets as its argument and bears in its name."""
        def mark(function):
            for backend in backends:
                self.add(f"{function.__name__}_{backend}", function, backend)
            return function
        return mark

    def main(self, argv=None):
        for number in (signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda got, _: sys.exit(128 + got))
        wanted = (argv if argv is not None else sys.argv)[1:]
        unknown = set(wanted) - {name for name, _ in self._cases}
        if unknown or not self._cases:
            print(f"not ok selection: no such case: {' '.join(sorted(unknown)) or 'none at all'}")
            return 1
        verdicts = [self._run(name, function) for name, function in self._cases
                    if not wanted or name in wanted]
        if "not ok" in verdicts:
            return 1
        return 77 if all(verdict == "skip" for verdict in verdicts) else 0

    def _run(self, name, function):
        verdict, why = "ok", ""
        try:
            function()
        except Skip as reason:
            verdict, why = "skip", str(reason)
        except AssertionError as reason:
            verdict, why = "not ok", str(reason) or "assertion"
            traceback.print_exc()
        except Exception as reason:  # a broken test is a failed test, and the next one still runs
            verdict, why = "not ok", f"{type(reason).__name__}: {reason}"
            traceback.print_exc()
        leftover = left_behind()
        if leftover:
            verdict, why = "not ok", f"left behind: {leftover}; {why}"
        line = f"{verdict} {name}" + (f": {' '.join(why.split())}" if why else "")
        print(line, flush=True)
        return verdict


def left_behind():
    """What a case forgot, now ended or removed; empty when nothing."""
    forgotten = [" ".join(process.command) for process in LIVE.values() if process.running()]
    for process in list(LIVE.values()):
        process.kill()
    if os.geteuid() == 0:
        for name in namespaces():
            if re.fullmatch(PREFIX + "[a-z]*", name):
                forgotten.append(f"namespace {name}")
                run("ip", "netns", "del", name)
    return ", ".join(forgotten)
