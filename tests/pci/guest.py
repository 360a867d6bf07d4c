"""One emulated machine with a pair of NICs on a wire of their own, and commands run inside it."""

import base64
import os
import pathlib
import re
import shlex
import signal
import socket
import subprocess
import tempfile
import time

from harness import LIBC, PR_SET_PDEATHSIG, Finished

QEMU = "qemu-system-x86_64"
HUGEPAGES = 128
MEMORY_MIB = 768
BOOT_TIMEOUT_S = 60
# The addresses of the two NICs, by the slots they are put in.
NICS = ("0000:00:03.0", "0000:00:04.0")
# QEMU's device for each kind. An IOMMU stands before all of them; a modern virtio device has to be
# told so, or it would be handed addresses that mean nothing to it.
DEVICES = {
    "e1000": "e1000",
    "e1000e": "e1000e",
    "vmxnet3": "vmxnet3",
    "virtio": "virtio-net-pci,disable-legacy=on,iommu_platform=on,rx_queue_size=1024",
}
# The kernel's own drivers of each, and those for user space, as a user's host has them loaded.
MODULES = {"virtio": ("virtio_pci", "virtio_net")}
USER_MODULES = ("uio_pci_generic", "vfio_iommu_type1", "vfio_pci")
KERNEL_ARGUMENTS = ("console=ttyS0 quiet panic=-1 nokaslr mitigations=off tsc=reliable "
                    "intel_iommu=on iommu=pt ipv6.disable=1 "
                    f"default_hugepagesz=2M hugepagesz=2M hugepages={HUGEPAGES}")
# Lines of the kernel's call traces, which would push the message before them out of a report.
TRACE = re.compile(r"\[[ .0-9]+\]\s+(\? |[a-z_0-9.]+\+0x|R[0-9A-Z]{2}: |Code: )")


class Gone(AssertionError):
    """The guest has stopped, or answers no more; it has been killed."""


def qemu_command(kind, kernel, image, console, channel, cpus):
    nics = []
    for number in range(len(NICS)):
        nics += ["-netdev", f"hubport,id=n{number},hubid=0", "-device",
                 f"{DEVICES[kind]},netdev=n{number},addr={3 + number},romfile=,mac=02:00:00:00:00:0{number}"]
    return [QEMU, "-accel", "tcg", "-cpu", "Nehalem", "-smp", str(cpus), "-m", str(MEMORY_MIB),
            "-machine", "q35,kernel-irqchip=split", "-device", "intel-iommu,intremap=on",
            "-nodefaults", "-display", "none", "-no-reboot",
            "-serial", f"file:{console}",
            "-chardev", f"socket,id=channel,fd={channel}", "-serial", "chardev:channel",
            "-kernel", str(kernel.vmlinux), "-initrd", str(image), "-append",
            f"{KERNEL_ARGUMENTS}", *nics]


def die_with(parent):
    LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


class Guest:
    """A booted guest. Every wait is bounded; when one runs out QEMU is killed and Gone is raised."""

    def __init__(self, kind, kernel, image, folder, cpus=1):
        self.kind = kind
        self._console = pathlib.Path(folder) / f"console-{kind}.log"
        self._buffer = b""
        parent = os.getpid()
        begun = time.monotonic()
        self._said = tempfile.TemporaryFile("w+", errors="replace")  # QEMU's device models chatter
        self._channel, far = socket.socketpair()
        with far:
            command = qemu_command(kind, kernel, image, self._console, far.fileno(), cpus)
            self._qemu = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self._said,
                                          stderr=self._said, pass_fds=[far.fileno()],
                                          preexec_fn=lambda: die_with(parent))
        self._line(begun + BOOT_TIMEOUT_S, "boot")
        for module in kernel.in_order((*MODULES.get(kind, (kind,)), *USER_MODULES)):
            self.check(f"insmod /modules/{module}")
        self.boot_seconds = time.monotonic() - begun

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.kill()

    def alive(self):
        return self._qemu.poll() is None

    def kill(self):
        self._qemu.kill()
        self._qemu.wait()
        self._channel.close()
        self._said.close()

    def sh(self, script, timeout=30):
        """Runs a shell script in the guest to its end; returns how it ended."""
        begun = time.monotonic()
        text = base64.b64encode(script.encode()) + b"\n"
        try:
            self._channel.settimeout(timeout)
            self._channel.sendall(text)
        except OSError as error:
            raise self._gone(f"does not listen: {error}") from error
        code, out, err = map(int, self._line(begun + timeout, script).split())
        output = self._take(out + err, begun + timeout, script).decode("utf-8", "replace")
        return Finished(["guest:", script], code, output[:out], output[out:],
                        time.monotonic() - begun)

    def run(self, *command, timeout=30):
        return self.sh(shlex.join(str(word) for word in command), timeout)

    def check(self, script, timeout=30):
        """Runs a script that must succeed; returns its stdout."""
        done = self.sh(script, timeout)
        assert done.code == 0, str(done)
        return done.out

    def _fill(self, deadline, what):
        self._channel.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            read = self._channel.recv(1 << 16)
        except TimeoutError as error:
            raise self._gone(f"no answer in time to: {what}") from error
        if not read:
            raise self._gone(f"ended at: {what}")
        self._buffer += read

    def _line(self, deadline, what):
        while b"\n" not in self._buffer:
            self._fill(deadline, what)
        line, self._buffer = self._buffer.split(b"\n", 1)
        return line

    def _take(self, count, deadline, what):
        while len(self._buffer) < count:
            self._fill(deadline, what)
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _gone(self, why):
        """Kills QEMU; the error says the last of what the guest and QEMU said."""
        self._qemu.kill()
        self._said.seek(0)
        errors = self._said.read()
        console = self._console.read_text(encoding="utf-8", errors="replace")
        telling = "\n".join(line for line in console.splitlines() if not TRACE.match(line))
        return Gone(f"guest: {why}; QEMU: {errors[-400:]!r}; console: {telling[-1200:]!r}")
