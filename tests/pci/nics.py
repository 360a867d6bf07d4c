"""The guest's two NICs: from one driver to another, as docs/nic.md tells a user to do it."""

from guest import NICS

# docs/nic.md shows these lines. An empty driver_override gives the NIC back to whoever wants it.
BIND = """
[ ! -e /sys/bus/pci/devices/$nic/driver ] || echo $nic > /sys/bus/pci/devices/$nic/driver/unbind
echo $driver > /sys/bus/pci/devices/$nic/driver_override
echo $nic > /sys/bus/pci/drivers_probe
"""


def bind(guest, driver):
    """Both NICs to a driver; an empty name gives them back to the kernel's."""
    for nic in NICS:
        guest.check(f"set -e; nic={nic} driver={driver}{BIND}")


def drivers(guest):
    """Who has each NIC now; None: nobody."""
    found = []
    for nic in NICS:
        done = guest.sh(f"readlink /sys/bus/pci/devices/{nic}/driver")
        found.append(done.out.strip().rsplit("/", 1)[-1] or None)
    return found


def interfaces(guest):
    """The kernel's network interfaces that sit on each NIC, by name, in the order of NICS."""
    links = guest.check("for n in /sys/class/net/*; do readlink -f $n; done").split()
    return [[link.rsplit("/", 1)[-1] for link in links if f"/{nic}/" in link] for nic in NICS]


def free_hugepages(guest):
    return int(guest.check("cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"))
