"""--isolate in a guest of two or three CPUs whose CPU sets are of cgroup v2: what the kernel then says of groups,
threads, another program and the NICs' interrupts, and that it says the old again afterwards."""

import contextlib
import re
import shlex
import sys
import time

import nics
from documents import document, stream
from expect import INVALID, PRECONDITION, USAGE, refusal
from harness import WIREPROOF

CORE, ANOTHER, ALL = "1", "2", "0-2"
OTHERS = ("0", "2")  # where the host's programs are meanwhile
GROUPS = "/tmp/groups"
USER = f"{GROUPS}/user"  # where a login would be, below the root
JOURNAL = "/run/wireproof"
TIMEOUT_S = 90
# Of the device that is searched: what a guest in software emulation forwards with ease.
CAPACITY, QUEUE, TRIAL_S = 5_000, 64, 2
# Of these the interrupts lie elsewhere: e1000 has that of its pin, virtio's are one level further up.
KINDS = ("e1000", "virtio")
# Long enough for whoever looks on in a guest in software emulation.
LONG = ("--rate", "200pps", "--duration", "600s", "--interval", "100ms", "--json-stream")
SHORT = ("--rate", "200pps", "--duration", "200ms")


class Host:
    """The guest, set up as a host is: the shell of each command is in a group below the root, and a
    program that is pinned to the tester's core wants half of it."""

    def __init__(self, guest):
        self.guest = guest
        self.names = [path.rsplit("/", 1)[-1] for path in nics.interfaces(guest)]
        assert len(self.names) == 2, self.names
        guest.check(f"mkdir -p {GROUPS} && mount -t cgroup2 none {GROUPS} && mkdir {USER}")
        for name in self.names:
            guest.check(f"ip link set {name} up")
        self.hog = self.spin()

    def spin(self):
        """A program on the tester's core, which wants half of it."""
        spin = "while :; do i=0; while [ $i -lt 2000 ]; do i=$((i + 1)); done; usleep 5000; done"
        return self.sh(f"taskset -c {CORE} sh -c {shlex.quote(spin)} > /dev/null 2>&1 & echo $!").strip()

    def close(self):
        self.guest.sh(f"kill {self.hog}")

    def sh(self, script):
        return self.guest.check(f"echo $$ > {USER}/cgroup.procs; {script}", TIMEOUT_S)

    def command(self, *words, tx_cores=CORE, rx_cores=CORE):
        tx, rx = (f"af_packet:{name},guard=off" for name in self.names)
        return (WIREPROOF, "trial", "--tx", tx, "--rx", rx, "--dst-mac", "02:00:00:00:00:01",
                "--waiting-time", "100ms", "--tx-cores", tx_cores, "--rx-cores", rx_cores, "--isolate", *words)

    def run(self, *words, **cores):
        command = shlex.join(self.command(*words, **cores))
        return self.guest.sh(f"echo $$ > {USER}/cgroup.procs; exec {command}", TIMEOUT_S)

    @contextlib.contextmanager
    def running(self, *words):
        """(process, group) of a trial whose frames are on their way."""
        command = shlex.join(self.command(*words))
        pid = self.sh(f"{command} > /tmp/stream 2> /tmp/errors & echo $!").strip()
        try:
            self.until("grep -q interval /tmp/stream", "cat /tmp/stream /tmp/errors")
            (group,) = [one for one in self.groups() if one.startswith(f"wireproof.{pid}.")]
            yield pid, f"{GROUPS}/{group}"
        finally:
            self.sh(f"kill -KILL {pid} 2> /dev/null || [ ! -e /proc/{pid} ]")
            self.until(f"[ ! -e /proc/{pid} ]", f"cat /proc/{pid}/status")

    def until(self, condition, evidence, tries=300):
        done = self.guest.sh(f"i=0; until {condition}; do i=$((i + 1)); [ $i -lt {tries} ] || exit 1; "
                             "usleep 100000; done", TIMEOUT_S)
        assert done.code == 0, self.guest.sh(evidence)

    def groups(self):
        return self.sh(f"cd {GROUPS}; ls -d wireproof.* 2> /dev/null || true").split()

    def threads(self, pid):
        """[(group, CPU it ran on last)] of a process."""
        lines = self.sh(f"for t in /proc/{pid}/task/*; do echo $(grep ^0:: $t/cgroup) "
                        "$(cut -d ' ' -f 39 $t/stat); done").splitlines()
        return [(line.split()[0].removeprefix("0::"), line.split()[1]) for line in lines]

    def hog_runs_on(self):
        return self.sh(f"cut -d ' ' -f 39 /proc/{self.hog}/stat").strip()

    def state(self):
        """What a run changes, as the kernel tells it."""
        told = self.sh(
            f"for nic in {' '.join(nics.NICS)}; do cd /sys/bus/pci/devices/$nic; "
            "for n in $(ls msi_irqs 2> /dev/null || cat irq); do echo interrupts $n=$(cat /proc/irq/$n/smp_affinity_list); "
            f"done; done; cd {GROUPS}; echo controllers $(cat cgroup.subtree_control); "
            f"echo groups $(ls -d wireproof.* 2> /dev/null); echo journals $(ls {JOURNAL} 2> /dev/null)")
        found = {}
        for line in told.splitlines():
            key, *words = line.split()
            found.setdefault(key, []).extend(words)
        found["interrupts"] = dict(word.split("=") for word in found["interrupts"])
        return found


def cores_are_the_testers_alone(host):
    before = host.state()
    assert before["groups"] == before["journals"] == [], before
    assert set(before["interrupts"].values()) == {ALL}, before
    assert host.hog_runs_on() == CORE
    with host.running(*LONG) as (pid, group):
        assert host.sh(f"cat {group}/cpuset.cpus.partition {group}/cpuset.cpus.effective").split() == \
            ["isolated", CORE]
        during = host.state()
        assert set(during["interrupts"].values()) == {",".join(OTHERS)}, during
        assert len(during["journals"]) == 1, during
        threads = host.threads(pid)
        workers = [cpu for where, cpu in threads if where == f"/{group.rsplit('/', 1)[-1]}"]
        others = [cpu for where, cpu in threads if where == "/"]
        assert workers == [CORE] and others and set(others) <= set(OTHERS), threads
        assert len(workers) + len(others) == len(threads), threads
        assert {host.hog_runs_on() for _ in range(3)} <= set(OTHERS)
        host.sh(f"kill -INT {pid}")
        host.until(f"[ ! -e /proc/{pid} ]", "cat /tmp/stream /tmp/errors")
    assert host.state() == before, (before, host.state())
    result = stream(host.sh("cat /tmp/stream"))
    assert result["environment"]["isolation"] == {"cores": [int(CORE)],
                                                  "interrupts_moved": len(before["interrupts"])}, result
    done = host.run(*SHORT, "--json")
    assert document(done.out)["environment"]["isolation"]["cores"] == [int(CORE)], done
    assert host.state() == before, (before, host.state())


def a_killed_run_is_undone(host):
    """By `cleanup`, which lists it first, in another network namespace; and by the next start."""
    before = host.state()
    for undo in ("cleanup", "start"):
        with host.running(*LONG) as (pid, _):
            listed = host.guest.run(WIREPROOF, "cleanup", "--dry-run").out
            assert listed == "nothing to clean up\n", listed  # it lives
            host.sh(f"kill -KILL {pid}")
        left = host.state()
        assert len(left["groups"]) == 1 and set(left["interrupts"].values()) == {",".join(OTHERS)}, left
        listed = host.guest.run(WIREPROOF, "cleanup", "--dry-run").out
        for word in ("core-partition", "interrupt-affinity", left["groups"][0], "would be undone"):
            assert word in listed, (word, listed)
        assert host.state() == left, (left, host.state())
        if undo == "cleanup":
            done = host.guest.run("unshare", "-n", WIREPROOF, "cleanup")
            assert done.code == 0 and "core-partition" in done.out, done
        else:  # the same command again: the cores that were left isolated are its own again
            done = host.run(*SHORT, "--json")
            assert done.code in (0, INVALID), done
            notes = document(done.out)["notes"]
            assert any("core-partition" in note and "undone" in note for note in notes), notes
        assert host.state() == before, (undo, before, host.state())


def a_partition_that_is_taken_away_is_told(host):
    """A run that was promised its cores does not go on without them: by the partition alone, with its cores,
    and by the root's controller, which stays on as long as a run uses it."""
    before = host.state()
    for script in ("echo member > cpuset.cpus.partition",
                   "echo member > cpuset.cpus.partition; echo 0 > cpuset.cpus"):
        with host.running("--rate", "200pps", "--duration", "2s", "--size", "64,128,256,512", "--interval", "100ms",
                          "--json-stream") as (pid, group):
            assert host.guest.sh(f"echo -cpuset > {GROUPS}/cgroup.subtree_control").code != 0
            host.sh(f"cd {group}; {script}")
            host.until(f"[ ! -e /proc/{pid} ]", "cat /tmp/stream /tmp/errors")
        error = stream(host.sh("cat /tmp/stream"))["error"]
        assert error["code"] == "precondition" and "isolated core" in error["message"], error
        assert host.state() == before, (before, host.state())


def interrupts_that_come_back_are_told(host):
    with host.running(*LONG) as (pid, _):
        number = next(iter(host.state()["interrupts"]))
        host.sh(f"echo {CORE} > /proc/irq/{number}/smp_affinity_list; kill -INT {pid}")
        host.until(f"[ ! -e /proc/{pid} ]", "cat /tmp/stream /tmp/errors")
    notes = stream(host.sh("cat /tmp/stream"))["notes"]
    assert any(note.startswith("1 interrupts of the ports were moved back") for note in notes), notes
    assert host.sh(f"cat /proc/irq/{number}/smp_affinity_list").strip() == CORE, "set by somebody else: it stays"
    host.sh(f"echo {ALL} > /proc/irq/{number}/smp_affinity_list")


def two_at_once_leave_the_host_as_it_was(host):
    """Each on a core of its own; the first to begin turned the controller on, and either may end last."""
    before = host.state()
    for first_ends_first in (True, False):
        with host.running(*LONG) as (first, _):
            words = shlex.join((WIREPROOF, "trial", "--tx", "loopback:a", "--rx", "loopback:b", "--tx-cores", ANOTHER,
                                "--rx-cores", ANOTHER, "--isolate", *LONG))
            second = host.sh(f"{words} > /tmp/second 2>&1 & echo $!").strip()
            host.until("grep -q interval /tmp/second", "cat /tmp/second")
            assert len(host.groups()) == 2, host.groups()
            ends = (first, second) if first_ends_first else (second, first)
            host.sh(f"kill -INT {ends[0]}")
            host.until(f"[ ! -e /proc/{ends[0]} ]", "cat /tmp/stream /tmp/second")
            (left,) = host.groups()
            assert left.startswith(f"wireproof.{ends[1]}.") and host.state()["controllers"] == ["cpuset"], left
            assert host.sh(f"cat {GROUPS}/{left}/cpuset.cpus.partition").strip() == "isolated"
            host.sh(f"kill -INT {ends[1]}")
            host.until(f"[ ! -e /proc/{ends[1]} ]", "cat /tmp/stream /tmp/second")
        assert host.state() == before, (before, host.state())


def what_cannot_be_is_refused(host):
    """All cores; and cores that another group has, which then keeps them and the controller."""
    before = host.state()

    def runner(**cores):
        return lambda *words: host.run(*words, **cores)

    refusal(runner(rx_cores="0,2", tx_cores="1,2"), (*SHORT, "--queues", "2", "--flows", "2"), USAGE, "--isolate", "0,1,2")
    host.sh(f"cd {GROUPS}; echo +cpuset > cgroup.subtree_control; mkdir theirs; echo {CORE} > theirs/cpuset.cpus")
    theirs = host.state()
    refusal(runner(), SHORT, PRECONDITION, f"a partition of {CORE} is refused", "not exclusive")
    assert host.state() == theirs, (theirs, host.state())
    assert host.sh(f"cat {GROUPS}/theirs/cpuset.cpus").strip() == CORE
    host.sh(f"cd {GROUPS}; rmdir theirs; echo -cpuset > cgroup.subtree_control")
    assert host.state() == before, (before, host.state())


def a_search_beside_a_busy_program_is_regular(host):
    """Through a device of known capacity on the other core, in three searches of which two at the least are
    regular and within 1 %. None says more than the device passes, with its queue, in the shortest trial that a
    search on a disturbed host makes. Without --isolate such a search runs into its time limit: the program
    takes the core for milliseconds."""
    host.sh("insmod /modules/veth.ko; for n in 0 1; do ip link add t$n type veth; ip link set veth0 name d$n; "
            "ip link set t$n up; ip link set d$n up; done")
    device = shlex.join((WIREPROOF, "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", "--core", "0", "--rate",
                         f"{CAPACITY}pps", "--queue", f"{QUEUE}"))
    pid = host.sh(f"{device} > /dev/null 2> /tmp/device & echo $!").strip()
    host.sh(f"kill {host.hog}")
    host.hog = host.spin()  # what was there has forgotten its core (Linux before 6.2)
    assert host.hog_runs_on() == CORE
    try:
        host.until("grep -q forwarding /tmp/device", "cat /tmp/device")
        search = shlex.join((WIREPROOF, "search", "--tx", "af_packet:t0", "--rx", "af_packet:t1", "--tx-cores", CORE,
                             "--rx-cores", CORE, "--isolate", "--max-rate", f"{3 * CAPACITY}pps", "--trial-duration",
                             f"{TRIAL_S}s", "--waiting-time", "300ms", "--time-limit", "60s", "--json"))
        regular = 0
        for _ in range(3):
            said = host.sh(f"{search} > /tmp/search; grep -E '^ {{8}}\"(lower_bound_fps|regular)\"' /tmp/search")
            fps, even = re.search(r'fps": ([0-9.]+),\s+"regular": (\w+)', said).groups()
            print(f"search: {fps} frames/s, regular: {even}", file=sys.stderr)
            shortest = TRIAL_S if even == "true" else TRIAL_S / 16
            assert float(fps) < CAPACITY + (QUEUE + 1) / shortest, said
            if even == "true":
                assert float(fps) > 0.99 * CAPACITY, said
                regular += 1
        assert regular >= 2, regular
    finally:
        host.sh(f"kill {pid}")


# In this order, in one guest; the first says most, and is what there is time for with every change.
PARTS = (cores_are_the_testers_alone, a_killed_run_is_undone, a_partition_that_is_taken_away_is_told,
         interrupts_that_come_back_are_told, two_at_once_leave_the_host_as_it_was, what_cannot_be_is_refused)


def cores_are_isolated(machines, kind, parts=PARTS):
    in_a_guest(machines, kind, 3, parts)


def searches_are_isolated(machines, kind):
    """The host has two cores itself: a guest of three would wait for them."""
    in_a_guest(machines, kind, 2, (a_search_beside_a_busy_program_is_regular,))


def in_a_guest(machines, kind, cpus, parts):
    host = Host(machines.get(kind, cpus))
    try:
        for part in parts:
            begun = time.monotonic()
            try:
                part(host)
            except AssertionError as error:
                raise AssertionError(f"{part.__name__}: {error}") from error
            print(f"{part.__name__}: {time.monotonic() - begun:.1f} s", file=sys.stderr)
    finally:
        host.close()
