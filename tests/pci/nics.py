"""The guest's two NICs: from one driver to another, by the lines that docs/nic.md tells a user."""

import os
import re

from guest import HUGEPAGES, NICS
from harness import ROOT

DOCUMENT = os.path.join(ROOT, "docs", "nic.md")


def told(word):
    """The one block marked sh in docs/nic.md whose text has the word, without the values it gives as
    an example (`nic=... driver=...`).
    """
    with open(DOCUMENT, encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(.*?)^```", file.read(), re.S | re.M)
    found = [block for block in blocks if word in block]
    assert len(found) == 1, f"{DOCUMENT}: {len(found)} blocks with {word}"
    return re.sub(r"\A(nic=.*)\n", "", found[0])


def bind(guest, driver):
    """Both NICs to a driver for user space."""
    for nic in NICS:
        guest.check(f"set -e; nic={nic} driver={driver}\n{told('echo $driver >')}")


def hand_back(guest):
    """Both NICs to the kernel's driver; the names of their interfaces, in the order of NICS."""
    return [guest.check(f"set -e; nic={nic}\n{told('echo > ')}").split()[-1].rsplit("/", 1)[-1]
            for nic in NICS]


def reserve_hugepages(guest):
    guest.check(told("nr_hugepages"))
    assert free_hugepages(guest) == HUGEPAGES, free_hugepages(guest)


def drivers(guest):
    """Who has each NIC now; None: nobody."""
    found = []
    for nic in NICS:
        done = guest.sh(f"readlink /sys/bus/pci/devices/{nic}/driver")
        found.append(done.out.strip().rsplit("/", 1)[-1] or None)
    return found


def interfaces(guest):
    """The kernel's network interfaces that sit on the NICs."""
    links = guest.check("for n in /sys/class/net/*; do readlink -f $n; done").split()
    return [link for link in links if any(f"/{nic}/" in link for nic in NICS)]


def free_hugepages(guest):
    return int(guest.check("cat /sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages"))
