"""What the kernel says of a program that runs: on which CPUs, with how large rings, how busy."""

import json
import os
import re
import sys
import tempfile
import time

from expect import PRECONDITION
from harness import WIREPROOF, Skip, Suite, Topology, check, run
from wire import VERBS, Wire, words_of

SUITE = Suite()


def two_cpus():
    cpus = sorted(os.sched_getaffinity(0))
    if len(cpus) < 2:
        raise Skip("needs two CPUs")
    return cpus[:2]


def cpus_of(process):
    """Of each thread but the first, which only waits: the CPUs that it may run on."""
    found = []
    for task in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{task}/status", encoding="ascii") as file:
            allowed = re.search(r"^Cpus_allowed_list:\s*(\S+)$", file.read(), re.M).group(1)
        if task != str(process.pid):
            found.append(allowed)
    return sorted(found)


def tasks(process):
    """Of each thread: (times that it gave its CPU away, ns that it ran or wanted to)."""
    found = {}
    for task in os.listdir(f"/proc/{process.pid}/task"):
        folder = f"/proc/{process.pid}/task/{task}"
        with open(f"{folder}/status", encoding="ascii") as file:
            gave = int(re.search(r"^voluntary_ctxt_switches:\s*(\d+)$", file.read(), re.M).group(1))
        with open(f"{folder}/schedstat", encoding="ascii") as file:
            ran, waited = map(int, file.read().split()[:2])
        found[task] = gave, ran + waited
    return found


def idles(process, until, seconds=20):
    """(threads that wanted a CPU for a quarter of a second and did not give it away ten times in it, times
    that the others did), as soon as `until` says so of them, after half a second at the least: a thread
    that others keep from its CPU is not told of before it comes back."""
    begin, before = time.monotonic(), tasks(process)
    while True:
        time.sleep(0.5)
        after = tasks(process)
        spin = [task for task, (gave, wanted) in after.items()
                if gave - before[task][0] < 10 and wanted - before[task][1] > 0.25e9]
        gave = sum(after[task][0] - before[task][0] for task in after if task not in spin)
        if until(len(spin), gave) or time.monotonic() - begin > seconds:
            return len(spin), gave


def rings(net, where):
    """Frames of room of each receiving ring of packet sockets there."""
    return {int(room) for room in re.findall(r"ring_rx\([^)]*frm_nr:(\d+)",
                                             check(*net.inside(where, "ss", "-e", "-n", "--packet")))}


def came(net):
    """Frames at d0, by the kernel's count."""
    return json.loads(net.ip("device", "-j", "-s", "link", "show", "d0"))[0]["stats64"]["rx"]["packets"]


class Running:
    """A run of 200 frames a second over the wire, while it sends; ended with the block."""

    def __init__(self, wire, verb, *flags):
        self._state = tempfile.TemporaryDirectory()
        before = wire.arrived()
        # Not ahead of others: a loop that spins would keep the kernel's own threads from their work.
        self._process = wire.net.start_command(
            "tester", WIREPROOF, *wire.command(verb, *words_of(verb, "200pps", 20_000), *flags), ahead=False,
            env={**os.environ, "XDG_STATE_HOME": self._state.name})
        while wire.arrived() < before + 20:
            assert self._process.running(), self._process.wait(1)
            time.sleep(0.01)

    def __enter__(self):
        return self._process

    def __exit__(self, *_):
        self._process.kill()


@SUITE.case
def loops_run_where_they_were_asked_to():
    """One sends, one receives: each where it was put, also both on one CPU."""
    one, other = two_cpus()
    with Wire() as wire:
        for verb in VERBS:
            for tx, rx in ((one, other), (other, other)):
                with Running(wire, verb, "--tx-cores", str(tx), "--rx-cores", str(rx)) as process:
                    assert set(cpus_of(process)) == {str(tx), str(rx)}, (verb, tx, rx, cpus_of(process))
        with Running(wire, "trial", "--tx-cores", str(one), "--rx-cores", str(other), "--bidirectional",
                     "--queues", "1") as process:
            assert set(cpus_of(process)) == {str(one), str(other)}, cpus_of(process)


def v1_hierarchy_of_cpusets():
    """0: they are of cgroup v2, by the kernel's own table."""
    with open("/proc/cgroups", encoding="ascii") as file:
        return next((int(line.split()[1]) for line in file if line.startswith("cpuset\t")), 0)


@SUITE.case
def cores_are_isolated_or_it_is_said_why():
    """`--isolate` of a host whose CPU sets are of cgroup v1 is refused by name, by every verb, before anything
    is sent; elsewhere a dry run says either. What it does is seen in a guest: tests/pci/isolation.py."""
    one = str(two_cpus()[0])
    hierarchy = v1_hierarchy_of_cpusets()
    told = f"cgroup v1 (hierarchy {hierarchy})"
    for verb in VERBS:
        words = [WIREPROOF, verb, "--tx", "loopback:a", "--rx", "loopback:b", *words_of(verb), "--tx-cores", one,
                 "--rx-cores", one, "--isolate"]
        for done in (run(*words, "--dry-run"), *([run(*words)] if hierarchy else [])):
            if hierarchy:
                assert done.code == PRECONDITION and told in done.err and "isolcpus" in done.err, done
            elif done.code == 0:
                assert "to be isolated from other programs" in done.out, done
            else:
                assert done.code == PRECONDITION and "cannot take cores" in done.err, done
    if hierarchy:
        texts = [found["text"] for found in run(WIREPROOF, "doctor", "--json").json["findings"]
                 if found["subject"] == "isolation"]
        assert len(texts) == 1 and (told in texts[0] or "isolated CPUs: " in texts[0]), texts


@SUITE.case
def a_sender_alone_runs_where_it_was_put():
    """So that senders and receivers are not exchanged."""
    cpus = two_cpus()
    with Topology(pairs=1) as net:
        for cpu in cpus:
            process = net.start("tester", "trial", "--tx", "af_packet:t0", "--rx", "none", "--dst-mac",
                                "02:00:00:00:00:09", "--rate", "200pps", "--duration", "20s", "--warm-up", "0",
                                "--tx-cores", cpu)
            try:
                before = came(net)
                while came(net) < before + 20:
                    assert process.running(), process.wait(1)
                    time.sleep(0.01)
                assert cpus_of(process) == [str(cpu)], cpus_of(process)
            finally:
                process.kill()


@SUITE.case
def rings_are_as_large_as_asked():
    with Wire() as wire:
        for verb, room in zip(VERBS, (512, 2048, 256)):
            with Running(wire, verb, "--ring", str(room)):
                assert rings(wire.net, "tester") == {room}, (verb, rings(wire.net, "tester"))


@SUITE.case
def queues_have_a_loop_each():
    """And each of two queues of sockets a port of its own, by the kernel's list of them."""
    with Wire() as wire:
        for verb in VERBS:
            with Running(wire, verb, "--queues", "2", "--flows", "2") as process:
                assert len(cpus_of(process)) >= 2, cpus_of(process)
                # A socket to send and one to receive, a queue and a port.
                listed = check(*wire.net.inside("tester", "ss", "-n", "--packet", "-e"))
                assert len(re.findall(r"ring_rx\(", listed)) >= 4, listed


@SUITE.case
def idle_spins_or_sleeps():
    """By the kernel's count: what spins never gives its CPU away, and wants it all the time, whoever
    else does; what sleeps gives it away for each frame."""
    with Wire() as wire:
        # The control thread may be busy as well, for a while.
        as_told = {"spin": lambda spin, gave: spin >= 2, "sleep": lambda spin, gave: spin <= 1 and gave > 50}
        for verb in VERBS:
            for idle, told in as_told.items():
                with Running(wire, verb, "--idle", idle) as process:
                    spin, gave = idles(process, told)
                assert told(spin, gave), (verb, idle, spin, gave)


@SUITE.case
def a_device_runs_as_told():
    cpus = two_cpus()
    as_told = {"spin": lambda spin, gave: spin >= 1, "sleep": lambda spin, gave: spin == 0 and gave > 50}
    with Topology() as net:
        for cpu, (idle, told), room in zip(cpus, as_told.items(), (512, 4096)):
            device = net.start("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", "--core", cpu,
                               "--idle", idle, "--ring", room)
            device.wait_for("dut: forwarding")
            time.sleep(0.1)
            with open(f"/proc/{device.pid}/status", encoding="ascii") as file:
                assert f"Cpus_allowed_list:\t{cpu}\n" in file.read()
            assert rings(net, "device") == {room}, rings(net, "device")
            spin, gave = idles(device, told)
            assert told(spin, gave), (idle, spin, gave)
            assert device.stop().code == 0


if __name__ == "__main__":
    sys.exit(SUITE.main())
