"""The guest's file system: a cpio archive of busybox, the kernel's modules, programs and libraries.

Every file keeps its path, and a symbolic link stays one, so that a program finds in the guest what
it finds on the host: the dynamic linker and DPDK load a library twice when two names are two files.
"""

import glob
import os
import re
import shutil
import stat
import subprocess

# What DPDK's plug-in folder holds in the guest; a bus is a plug-in as well.
PLUGINS = ("bus_pci", "bus_vdev", "mempool_ring", "net_e1000", "net_virtio", "net_vmxnet3")
MERGED = ("bin", "sbin", "lib", "lib64")  # /bin is /usr/bin on Debian 12
BUSYBOX = "busybox"


def libraries(path):
    """What the dynamic linker loads for a program or library; nothing for a static one."""
    done = subprocess.run(["ldd", path], capture_output=True, text=True, timeout=60, check=False)
    if "not found" in done.stdout:
        raise RuntimeError(f"{path}: {done.stdout.strip()}")
    return re.findall(r"(?:=> )?(/\S+) \(0x", done.stdout) if done.returncode == 0 else []


def plugins():
    """DPDK's plug-ins on this host, by the names its loader takes (NAME.so.23.0)."""
    found = []
    for name in PLUGINS:
        matches = glob.glob(f"/usr/lib/*/dpdk/pmds-*/librte_{name}.so.*.*")
        if len(matches) != 1:
            raise RuntimeError(f"librte_{name}: {len(matches)} found, one is wanted; "
                               "as root: apt-get install libdpdk-dev")
        found += matches
    return found


class Image:
    """Collects files, then writes them. A folder is made when something lies in it."""

    def __init__(self):
        self._entries = {}  # path without its first slash -> (mode, content or link target)
        for name in MERGED:
            self._entries[name] = (stat.S_IFLNK | 0o777, f"/usr/{name}".encode())
            self._folder(f"usr/{name}")
        self.link("/var/run", "/run")

    def _folder(self, path):
        while path and path not in self._entries:
            self._entries[path] = (stat.S_IFDIR | 0o755, b"")
            path = os.path.dirname(path)

    def text(self, path, content, mode=0o644):
        self._put(path, stat.S_IFREG | mode, content.encode())

    def link(self, path, target):
        self._put(path, stat.S_IFLNK | 0o777, target.encode())

    def _put(self, path, mode, content):
        path = path.lstrip("/")
        self._folder(os.path.dirname(path))
        self._entries[path] = (mode, content)

    def file(self, path, at=None):
        """A file of the host, under its own path or another, with the links that lead to it."""
        real = os.path.realpath(path)
        named = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
        with open(real, "rb") as file:
            self._put(at or real, stat.S_IFREG | stat.S_IMODE(os.stat(real).st_mode), file.read())
        if at is None and named != real:
            self.link(named, real)

    def program(self, path):
        """A program or library with all it is linked to."""
        self.file(path)
        for library in libraries(path):
            self.file(library)

    def thread_cancel(self):
        """What glibc loads when a thread is cancelled, which no program is linked to."""
        self.program(next(iter(glob.glob("/lib/*/libgcc_s.so.1"))))

    def busybox(self):
        path = shutil.which(BUSYBOX)
        if path is None:
            raise RuntimeError("busybox is missing; as root: apt-get install busybox-static")
        self.file(path, at=f"/usr/bin/{BUSYBOX}")
        applets = subprocess.run([path, "--list"], capture_output=True, text=True, timeout=10,
                                 check=True).stdout.split()
        for applet in applets:
            if applet != BUSYBOX:
                self.link(f"/usr/bin/{applet}", f"/usr/bin/{BUSYBOX}")

    def write(self, path):
        """As the kernel reads it (Documentation/driver-api/early-userspace/buffer-format.rst)."""
        for folder in ("dev", "proc", "sys", "tmp", "run", "root"):
            self._folder(folder)
        with open(path, "wb") as file:
            for number, name in enumerate(sorted(self._entries), 1):
                write_entry(file, number, name, *self._entries[name])
            write_entry(file, 0, "dev/console", stat.S_IFCHR | 0o600, b"", CONSOLE)
            write_entry(file, 0, "TRAILER!!!", 0, b"")


CONSOLE = (5, 1)  # where the first process writes until it mounts /dev


def write_entry(file, inode, name, mode, content, device=(0, 0)):
    """One file in the "newc" form: thirteen fields of eight hexadecimal digits, name, content."""
    fields = [inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name) + 1, 0]
    head = b"070701" + b"".join(b"%08X" % field for field in fields) + name.encode() + b"\0"
    for part in (head, content):
        file.write(part + bytes(-len(part) % 4))
