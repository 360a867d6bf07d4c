"""Debian's own kernel, fetched and unpacked into a cache folder; nothing is installed.

The package is streamed through dpkg-deb, and only what a guest needs is kept: the kernel as an ELF
image, which QEMU starts some three seconds sooner than the packed one (emulated decompression), and
the modules named below with those they depend on.
"""

import lzma
import pathlib
import re
import struct
import subprocess
import tarfile
import tempfile

META_PACKAGE = "linux-image-amd64"
# What a guest may want; what these depend on is found in the modules themselves.
MODULES = ("uio_pci_generic", "vfio_iommu_type1", "vfio_pci", "e1000", "e1000e", "vmxnet3",
           "virtio_pci", "virtio_net", "veth")
MODULE_FOLDERS = re.compile(r"/kernel/(drivers/(uio|vfio|virtio|net|ptp|pps)|net/core|virt)/")
FETCH_TIMEOUT_S = 180


class Kernel:
    """vmlinux, release; modules: the paths of all that a guest may want."""

    def __init__(self, folder):
        self.vmlinux = folder / "vmlinux"
        self.release = (folder / "release").read_text(encoding="ascii").strip()
        self.modules = sorted((folder / "modules").iterdir())

    def in_order(self, wanted):
        """File names, as insmod wants them."""
        found = {path.stem: path.read_bytes() for path in self.modules}
        return [f"{name}.ko" for name in in_order(found, wanted)]


def call(*command, **keywords):
    done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S,
                          check=False, **keywords)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: exit {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def package_name():
    """What the meta package stands for today."""
    match = re.search(r"Depends: (linux-image-\S+)", call("apt-cache", "depends", META_PACKAGE))
    if not match:
        raise RuntimeError(f"{META_PACKAGE} is unknown here; as root: apt-get update")
    return match.group(1)


def download(folder):
    """The path of the package, newly downloaded into the folder."""
    for last in (False, True):
        try:
            call("apt-get", "-qq", "download", package_name(), cwd=folder)
            return next(pathlib.Path(folder).glob("*.deb"))
        except (RuntimeError, StopIteration):
            if last:
                raise
            call("apt-get", "-qq", "update")  # the list may name a version that is gone
    raise AssertionError("unreachable")


def elf_of(image):
    """The kernel inside a bzImage (Linux: Documentation/x86/boot.rst, setup_sects and
    payload_offset)."""
    sectors = image[0x1f1] or 4
    offset, length = struct.unpack_from("<II", image, 0x248)
    payload = image[(sectors + 1) * 512 + offset:][:length]
    if image[0x202:0x206] != b"HdrS" or not payload.startswith(b"\xfd7zXZ\0"):
        raise RuntimeError("the kernel is not a bzImage packed with xz any more")
    return lzma.LZMADecompressor().decompress(payload)


def read_package(package):
    """(release, bzImage, {module name: its bytes}) of a kernel package."""
    release, image, modules = "", b"", {}
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as unpack:
        with tarfile.open(fileobj=unpack.stdout, mode="r|") as members:
            for member in members:
                name = member.name.removeprefix("./")
                if name.startswith("boot/vmlinuz-"):
                    release = name.removeprefix("boot/vmlinuz-")
                    image = members.extractfile(member).read()
                elif name.endswith(".ko") and MODULE_FOLDERS.search(name):
                    modules[module_name(name)] = members.extractfile(member).read()
    if unpack.returncode != 0 or not image:
        raise RuntimeError(f"{package} cannot be unpacked")
    return release, image, modules


def module_name(path):
    return pathlib.PurePath(path).stem.replace("-", "_")


def in_order(modules, wanted):
    """The wanted modules' names, each after those that its .modinfo says it depends on."""
    order = []

    def add(name):
        if name in order:
            return
        if name not in modules:
            raise RuntimeError(f"the kernel package has no module {name}")
        for depends in re.findall(rb"\0depends=([^\0]*)\0", modules[name]):
            for other in filter(None, depends.decode("ascii").split(",")):
                add(module_name(other))
        order.append(name)

    for name in wanted:
        add(name)
    return order


def cut(package, folder):
    """Writes what Kernel reads into a folder that does not exist yet, whole or not at all."""
    release, image, modules = read_package(package)
    with tempfile.TemporaryDirectory(dir=folder.parent) as name:
        made = pathlib.Path(name) / "kernel"
        (made / "modules").mkdir(parents=True)
        (made / "vmlinux").write_bytes(elf_of(image))
        (made / "release").write_text(release + "\n", encoding="ascii")
        for module in in_order(modules, MODULES):
            (made / "modules" / f"{module}.ko").write_bytes(modules[module])
        made.rename(folder)


def fetch(cache):
    """The kernel in a cache folder, put there first where it is missing."""
    folder = pathlib.Path(cache) / "kernel"
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory() as name:
            cut(download(name), folder)
    return Kernel(folder)
