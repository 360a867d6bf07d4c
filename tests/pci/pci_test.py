"""Real NIC drivers without a NIC: the program in a guest with emulated NICs, bound as a user would.

    pci_test.py [--cache FOLDER] [--only KIND] [CASE...]

For each kind of NIC one guest with two of them on one wire (guest.py). Each pair is taken from the
kernel's driver to a driver for user space, opened, loaded lightly (nothing may be lost) and far too
much (nothing may be blamed on the wire), abandoned by SIGKILL, and handed back.
"""

import argparse
import contextlib
import os
import shlex
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(os.path.dirname(HERE), "system")]
import accounting  # noqa: E402
import isolation  # noqa: E402
import kernel  # noqa: E402
import nics  # noqa: E402
from documents import document, stream  # noqa: E402
from expect import INVALID, PRECONDITION, refusal  # noqa: E402
from guest import DEVICES, HUGEPAGES, NICS, Guest  # noqa: E402
from harness import BUILD, WIREPROOF, Skip, Suite  # noqa: E402
from image import Image, plugins  # noqa: E402

SUITE = Suite()
MODULE = os.path.join(BUILD, "drivers", "dpdk", "wireproof-dpdk.so")
USER_DRIVERS = ("uio_pci_generic", "vfio-pci")
# As DPDK names its driver, and as the kernel names its own.
DPDK_DRIVER = {"e1000": "net_e1000_em", "e1000e": "net_e1000_em", "vmxnet3": "net_vmxnet3",
               "virtio": "net_virtio"}
KERNEL_DRIVER = {"virtio": "virtio-pci"}
SPEED_BPS = {"e1000": 1e9, "e1000e": 1e9, "vmxnet3": 10e9}  # virtio has none
TX, RX = (f"dpdk:{nic}" for nic in NICS)
PORTS = ("--tx", TX, "--rx", RX)
LIGHT_FPS, LIGHT_MS = 10_000, 300
ANY = ("--waiting-time", "100ms")
BOTH_WAYS = "--bidirectional"
# A guest whose CPU the host takes away catches up as many frames as the receive ring holds.
LIGHT = (*ANY, "--rate", f"{LIGHT_FPS}pps", "--duration", f"{LIGHT_MS}ms", "--burst", 512)
# More than any of these NICs takes here; and as much as one takes, into a short ring.
HEAVY = (*ANY, BOTH_WAYS, "--rate", "5Mpps", "--duration", "300ms")
FLOOD = (*ANY, "--ring", 256, "--rate", "max", "--duration", "300ms")
# Leaves the guest's one CPU to the shell that looks on, which has no priority. Ended by who began it:
# two more runs beside it took over 50 s in a guest of a busy host.
LONG = (*ANY, "--rate", "500pps", "--duration", "900s", "--interval", "100ms", "--json-stream")
# QEMU's e1000 has its link up at once and receives nothing for a second (set_rx_control in
# hw/net/e1000.c): what comes before waits on the wire, or is thrown away there.
WARM_UP = {"e1000": "1500ms"}
# The kind whose guest has its clock set, and what it carries meanwhile.
STEPPED, STEP_FPS, STEP_S, HOUR_S = "virtio", 500, 4, 3600
# The kind whose model has link partners that offer pause frames.
PAUSING = "e1000e"
CTRL_LINK_UP, CTRL_RFCE, CTRL_TFCE = 1 << 6, 1 << 27, 1 << 28
ATTEMPTS = 3
TRIAL_TIMEOUT_S = 60
GONE_TIMEOUT_S = 10


class Machines:
    """At most one guest at a time, as it was last asked for; one that died is booted anew."""

    def __init__(self, cache):
        self._cache = cache
        self._kernel = kernel.fetch(cache)
        self._image = make_image(self._kernel, os.path.join(cache, "image.cpio"))
        self._kind, self._cpus, self._guest = None, 0, None
        self._unbootable = set()  # one failure tells it, and every try takes a minute

    def get(self, kind, cpus=1):
        if self._guest is not None and ((self._kind, self._cpus) != (kind, cpus) or not self._guest.alive()):
            self.end()
        if self._guest is None:
            if kind in self._unbootable:
                raise Skip(f"no guest with {kind} boots")
            self._kind, self._cpus = kind, cpus
            self._unbootable.add(kind)
            self._guest = Guest(kind, self._kernel, self._image, self._cache, cpus)
            self._unbootable.remove(kind)
            print(f"{kind}: Linux {self._kernel.release} booted in "
                  f"{self._guest.boot_seconds:.1f} s", file=sys.stderr)
        return self._guest

    def end(self):
        if self._guest is not None:
            self._guest.kill()
        self._guest = None


def make_image(unpacked, path):
    image = Image()
    image.busybox()
    image.file(os.path.join(HERE, "init"), at="/init")
    for module in unpacked.modules:
        image.file(module, at=f"/modules/{module.name}")
    for program in (WIREPROOF, MODULE, *plugins(), "/usr/bin/nice"):
        image.program(program)
    image.thread_cancel()
    image.write(path)
    return path


class Trial:
    """One trial in a guest: how it ended, and its document, which has been checked."""

    def __init__(self, guest, *arguments, ports=PORTS):
        warm_up = WARM_UP.get(guest.kind, "100ms")
        self.done = guest.run(WIREPROOF, "trial", *ports, *arguments, "--warm-up", warm_up, "--json",
                              timeout=TRIAL_TIMEOUT_S)
        assert self.done.out.startswith("{"), self.done
        self.document = document(self.done.out)
        self.trials = self.document["trials"]
        assert self.trials, self.document["error"]
        self.directions = [one for trial in self.trials for one in trial["directions"]]

    def starved(self):
        """Whether the guest's CPU was taken away for longer than can be caught up."""
        return self.done.code == INVALID and any(
            trial["reason"].startswith("tx shortfall") for trial in self.trials)


def bound(machines, kind, driver):
    """A guest of that kind whose NICs a user-space driver has."""
    guest = machines.get(kind)
    if nics.drivers(guest) != [driver] * 2:
        nics.bind(guest, driver)
    assert nics.drivers(guest) == [driver] * 2, nics.drivers(guest)
    return guest


def light(guest, *arguments):
    """A load that loses nothing; a busy host may need several attempts."""
    for _ in range(ATTEMPTS):
        trial = Trial(guest, *LIGHT, *arguments)
        if not trial.starved():
            break
        print(f"again: {trial.trials[0]['reason']}", file=sys.stderr)
    else:
        raise Skip(f"this machine is too busy for {LIGHT_FPS} frames/s: {trial.trials[0]['reason']}")
    assert trial.done.code == 0, f"{trial.done}; {trial.trials}"
    for one in trial.directions:
        broken = accounting.clean(one, LIGHT_FPS * LIGHT_MS // 1000)
        assert not broken, broken
    assert [one["verdict"] for one in trial.trials] == ["pass"] * len(trial.trials), trial.trials
    return trial


def loses_nothing(machines, kind, driver):
    trial = light(bound(machines, kind, driver), BOTH_WAYS, "--size", "64,1518")
    assert [one["frame_size"] for one in trial.trials] == [64, 1518], trial.trials
    ways = [(one["from"], one["to"]) for one in trial.directions]
    assert ways == [NICS, NICS[::-1]] * 2, ways
    for nic, address in zip(trial.document["environment"]["nic"], NICS):
        assert (nic["backend"], nic["device"]) == ("dpdk", address), nic
        assert nic["driver"] == DPDK_DRIVER[kind], nic
        assert nic.get("speed_bps") == SPEED_BPS.get(kind), nic


def sends_alone(machines, kind):
    """Nobody opens the other NIC. QEMU's virtio then takes what fits into its ring, in the warm-up,
    and next to nothing in the trial, which is invalid."""
    guest = bound(machines, kind, USER_DRIVERS[0])
    trial = Trial(guest, *LIGHT, "--dst-mac", "02:00:00:00:00:77", ports=("--tx", TX, "--rx", "none"))
    (one,) = trial.directions
    counts = one["counts"]
    assert counts["intended"] == LIGHT_FPS * LIGHT_MS // 1000, counts
    assert counts["intended"] == counts["offered"] + counts["unsent"], counts
    if kind == "virtio":
        assert trial.done.code == INVALID, trial.trials
        assert trial.starved() or counts["offered"] == 0, trial.trials
        assert counts["unsent"] > 1000, counts
        return
    assert trial.done.code == 0 or trial.starved(), trial.trials
    assert counts["offered"] > 1000, counts


def overload_is_never_the_wire(machines, kind, driver):
    trial = Trial(bound(machines, kind, driver), *HEAVY)
    assert trial.done.code == INVALID, f"{trial.done}; {trial.trials}"
    assert len(trial.directions) == 2, trial.directions
    for one in trial.directions:
        broken = accounting.broken(one)
        assert not broken, broken
        assert one["counts"]["offered"] > 1000 and one["counts"]["unique"] > 100, one["counts"]
        assert one["counts"]["unsent"] > 0, one["counts"]
        assert one["attribution"]["dut"] == 0, (one["counts"], one["attribution"])


def flood_is_never_the_wire(machines, kind, driver):
    """One way, so that the sender outruns the receiver whenever their shared CPU is the sender's."""
    trial = Trial(bound(machines, kind, driver), *FLOOD)
    (one,) = trial.directions
    broken = accounting.broken(one)
    assert not broken, broken
    counts, where = one["counts"], one["attribution"]
    assert counts["offered"] > 1000, counts
    assert where["dut"] == 0, (counts, where)
    verdict = trial.trials[0]["verdict"]
    assert verdict == ("pass" if counts["lost"] == 0 else "invalid"), trial.trials


@contextlib.contextmanager
def long_trial(guest, ports, ended_by):
    """Over /tmp/stream, from its first interval until the body is through, whose signal ends it."""
    command = shlex.join(map(str, (WIREPROOF, "trial", *ports, *LONG)))
    pid = guest.check(f"{command} > /tmp/stream 2>&1 & echo $!").strip()
    ending = f"kill -KILL {pid} 2> /dev/null || [ ! -e /proc/{pid} ]"  # whatever went wrong is told
    try:
        wait_until(guest, "grep -q interval /tmp/stream", "no interval", "cat /tmp/stream")
        yield
        ending = f"kill -{ended_by} {pid}"
    finally:
        guest.check(ending)
        wait_until(guest, f"[ ! -e /proc/{pid} ]", "still there", f"cat /proc/{pid}/status")


def killed_leaves_nothing(machines, kind, driver):
    guest = bound(machines, kind, driver)
    before = nics.free_hugepages(guest)
    assert before == HUGEPAGES, before
    with long_trial(guest, PORTS, "KILL"):
        during = nics.free_hugepages(guest)
        assert during < before, f"no hugepages in use: {during}"
        if driver == "vfio-pci":  # uio lets anybody in
            refused_in(guest, TX, RX, NICS[0], "another process", "fuser")
    after = nics.free_hugepages(guest)
    assert after == before, f"{after} of {before} free hugepages after SIGKILL"
    assert guest.check("ls /dev/hugepages") == "", guest.check("ls /dev/hugepages")
    light(guest)


def wait_until(guest, condition, complaint, evidence):
    done = guest.sh(f"i=0; until {condition}; do i=$((i + 1)); [ $i -lt {GONE_TIMEOUT_S * 10} ] "
                    f"|| exit 1; usleep 100000; done", timeout=4 * GONE_TIMEOUT_S)
    assert done.code == 0, f"{complaint} in time: {guest.sh(evidence)}"


def goes_back_to_the_kernel(machines, kind, driver):
    guest = bound(machines, kind, driver)
    assert nics.interfaces(guest) == [], nics.interfaces(guest)
    names = nics.hand_back(guest)
    assert nics.drivers(guest) == [KERNEL_DRIVER.get(kind, kind)] * 2, nics.drivers(guest)
    assert len(nics.interfaces(guest)) == 2 == len(set(names)), (names, nics.interfaces(guest))
    for name in names:
        guest.check(f"ip link set {name} up")
    try:
        for name in names:
            wait_until(guest, f"[ $(cat /sys/class/net/{name}/carrier) = 1 ]", f"{name}: no carrier",
                       "ip link")
    finally:
        for name in names:
            guest.check(f"ip link set {name} down")


def refused_in(guest, tx, rx, *words):
    def runner(*arguments):
        # A trial may run beside it, whose loops are ahead of others and never nap on a slow host: in a guest
        # of one CPU this one would not begin for minutes.
        return guest.run("nice", "-n", "-20", WIREPROOF, *arguments, timeout=TRIAL_TIMEOUT_S)
    refusal(runner, ["trial", "--tx", tx, "--rx", rx, "--rate", "1kpps"], PRECONDITION, *words)


def the_kernels_is_refused(machines, kind):
    guest = machines.get(kind)
    name = KERNEL_DRIVER.get(kind, kind)
    if nics.drivers(guest) != [name] * 2:
        nics.hand_back(guest)
    refused_in(guest, TX, RX, NICS[0], name, "vfio-pci")
    assert nics.drivers(guest) == [name] * 2, nics.drivers(guest)


def doctor_lists_them(machines, kind):
    guest = machines.get(kind)
    for driver in (KERNEL_DRIVER.get(kind, kind), USER_DRIVERS[0]):
        if driver in USER_DRIVERS:
            nics.bind(guest, driver)
        done = guest.run(WIREPROOF, "doctor", "--json", timeout=TRIAL_TIMEOUT_S)
        assert done.code == 0, done
        texts = [finding["text"] for finding in done.json["findings"]]
        for nic in NICS:
            assert any(nic in text and f"bound to {driver}" in text for text in texts), texts


def an_absent_nic_is_refused(machines, kind):
    guest = bound(machines, kind, USER_DRIVERS[0])
    refused_in(guest, "dpdk:0000:00:09.0", RX, "0000:00:09.0", "PCI")
    refused_in(guest, TX, "dpdk:0000:00:09.0", "0000:00:09.0", "PCI")


def no_hugepages_is_refused(machines, kind):
    guest = bound(machines, kind, USER_DRIVERS[0])
    guest.check("echo 0 > /proc/sys/vm/nr_hugepages")
    try:
        assert nics.free_hugepages(guest) == 0
        refused_in(guest, TX, RX, "hugepages", "/proc/sys/vm/nr_hugepages")
    finally:
        nics.reserve_hugepages(guest)


def a_clock_step_changes_nothing(machines, kind):
    """The guest's wall clock, and no other: an hour on, and back again, while frames with kernel
    stamps of that very clock are counted and timed."""
    guest = machines.get(kind)
    names = nics.hand_back(guest)
    for name in names:
        guest.check(f"ip link set {name} up")
    tx, rx = (f"af_packet:{name},guard=off" for name in names)
    command = shlex.join(map(str, (
        WIREPROOF, "trial", "--tx", tx, "--rx", rx, "--dst-mac", "02:00:00:00:00:01", *ANY, "--rate",
        f"{STEP_FPS}pps", "--duration", f"{STEP_S}s", "--burst", 512, "--json=/tmp/step.json")))
    step = f"date -s @$(($(date +%s) {{}} {HOUR_S}))"
    try:
        done = guest.sh(f"{command} > /tmp/said 2>&1 & sleep 2; {step.format('+')}; sleep 1; "
                        f"{step.format('-')}; wait $!", timeout=TRIAL_TIMEOUT_S)
        said = guest.check("cat /tmp/said")
        result = document(guest.check("cat /tmp/step.json"))
    finally:
        for name in names:
            guest.check(f"ip link set {name} down")
    (trial,) = result["trials"]
    if done.code == INVALID and trial["reason"].startswith("tx shortfall"):
        raise Skip(f"this machine is too busy for {STEP_FPS} frames/s: {trial['reason']}")
    assert done.code == 0, (done, said)
    (one,) = trial["directions"]
    broken = accounting.clean(one, STEP_FPS * STEP_S)
    assert not broken, broken
    assert STEP_S * 0.9 < trial["duration_s"] < STEP_S * 1.5, trial["duration_s"]
    assert STEP_S < result["duration_s"] < 60, result["duration_s"]
    latency = one["latency"]
    assert latency["rx_stamp"] == "kernel" and latency["negative"] == 0, latency
    # Of 2,000 frames a valid trial may leave two unsent on a machine that stands still.
    assert latency["samples"] == one["counts"]["unique"], (latency, one["counts"])
    assert latency["max_ns"] < 1e9, latency
    clock = result["environment"]["clock"]
    assert clock["wall_clock_steps"] == 2, clock
    assert abs(clock["wall_clock_step_total_s"] - 2 * HOUR_S) < 10, clock
    assert any("wall clock was stepped" in note for note in result["notes"]), result["notes"]


def pause_bits(guest, nic):
    """RFCE and TFCE of an e1000e's control register, read in the guest past every driver: whether the
    NIC obeys pause frames, and sends them (Intel 82574 datasheet, 10.2.2.1)."""
    memory = guest.check(f"cat /sys/bus/pci/devices/{nic}/resource").split()[0]
    control = int(guest.check(f"devmem {memory} 32"), 16)
    assert control & CTRL_LINK_UP, hex(control)
    return bool(control & CTRL_RFCE), bool(control & CTRL_TFCE)


def pause_frames_are_off_unless_kept(machines, kind):
    guest = bound(machines, kind, USER_DRIVERS[0])
    for option, on in ((",flow-control=keep", True), (",flow-control=off", False), ("", False)):
        ports = [word + option if word.startswith("dpdk:") else word for word in PORTS]
        with long_trial(guest, ports, "INT"):
            found = [pause_bits(guest, nic) for nic in NICS]
        assert found == [(on, on)] * 2, (option, found)
        notes = stream(guest.check("cat /tmp/stream"))["notes"]
        assert any("pause frames are on" in note for note in notes) == on, (option, notes)


def add_isolation(machines, kinds, briefly):
    """After the others: it has a guest of its own."""
    for kind in kinds:
        if briefly:
            SUITE.add(f"{kind}_cores_are_isolated", isolation.cores_are_isolated, machines, kind, isolation.PARTS[:1])
        elif kind in isolation.KINDS:
            SUITE.add(f"{kind}_cores_are_isolated", isolation.cores_are_isolated, machines, kind)
            SUITE.add(f"{kind}_searches_are_isolated", isolation.searches_are_isolated, machines, kind)


def add_cases(machines, kinds):
    for kind in kinds:
        if kind == PAUSING:
            SUITE.add(f"{kind}_{pause_frames_are_off_unless_kept.__name__}",
                      pause_frames_are_off_unless_kept, machines, kind)
        if kind == STEPPED:
            SUITE.add(f"{kind}_{a_clock_step_changes_nothing.__name__}",
                      a_clock_step_changes_nothing, machines, kind)
        for case in (the_kernels_is_refused, doctor_lists_them, an_absent_nic_is_refused,
                     no_hugepages_is_refused, sends_alone):
            SUITE.add(f"{kind}_{case.__name__}", case, machines, kind)
        for driver in USER_DRIVERS:
            for case in (loses_nothing, overload_is_never_the_wire, flood_is_never_the_wire,
                         killed_leaves_nothing, goes_back_to_the_kernel):
                short = driver.split("_")[0].split("-")[0]
                SUITE.add(f"{kind}_{short}_{case.__name__}", case, machines, kind, driver)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cache", default=os.path.join(BUILD, "pci"))
    kinds = parser.add_mutually_exclusive_group()
    kinds.add_argument("--only", choices=DEVICES, help="one kind of NIC")
    kinds.add_argument("--turn", action="store_true", help="one kind, another every day")
    kinds.add_argument("--all", action="store_true", help="all of them, the default")
    parser.add_argument("case", nargs="*")
    asked = parser.parse_args()
    try:
        machines = Machines(asked.cache)
    except (OSError, RuntimeError) as error:
        print(f"not ok guest: cannot be prepared: {' '.join(str(error).split())}")
        return 1
    kinds = list(DEVICES)
    if asked.only or asked.turn:
        kinds = [asked.only or kinds[time.gmtime().tm_yday % len(kinds)]]
    add_cases(machines, kinds)
    add_isolation(machines, kinds, briefly=asked.turn)
    begun = time.monotonic()
    try:
        return SUITE.main([sys.argv[0], *asked.case])
    finally:
        machines.end()
        print(f"pci: {time.monotonic() - begun:.0f} s", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
