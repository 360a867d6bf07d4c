"""A router with a policer of 20,000 frames a second, room for five, and programs that take the cores.

The policer is nftables' own, and so is the counter of what it dropped: a known device that is not
this program. Its room is what a tester that catches up after a pre-emption overruns.
"""

import re
import sys

import harness
from harness import check

CAPACITY = 20_000
RULES = f"""
add table ip police
add chain ip police through {{ type filter hook forward priority 0; }}
add rule ip police through udp dport 9 limit rate over {CAPACITY}/second burst 5 packets counter drop
"""
# Takes its core for 8 ms every 50 to 400 ms, ahead of every ordinary program.
HOG = """
import os, random, sys, time
core = int(sys.argv[1])
os.sched_setaffinity(0, {core})
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10))
print("ready", flush=True)
draw, end = random.Random(core), time.monotonic() + 600
while time.monotonic() < end:
    time.sleep(draw.uniform(0.05, 0.4))
    until = time.monotonic() + 0.008
    while time.monotonic() < until: pass
"""


def police(net):
    """Makes the topology's device a router with that policer."""
    for n in range(2):
        net.ip("device", "address", "add", f"10.{n + 1}.0.1/24", "dev", f"d{n}")
        net.ip("tester", "address", "add", f"10.{n + 1}.0.2/24", "dev", f"t{n}")
    check(*net.inside("device", "sysctl", "-qw", "net.ipv4.ip_forward=1"))
    for line in RULES.strip().splitlines():
        check(*net.inside("device", "nft", line))


def through(backend):
    """The flags of a test through it."""
    return ["--tx", f"{backend}:t0", "--rx", f"{backend}:t1", "--src-ip", "10.1.0.2",
            "--dst-ip", "10.2.0.2", "--next-hop", "10.1.0.1", "--ring", "16384", "--json"]


def dropped(net):
    """Frames, by the policer's own counter."""
    rules = check(*net.inside("device", "nft", "list", "ruleset"))
    return int(re.search(r"counter packets (\d+)", rules).group(1))


def hogs(net):
    """Starts one on each of the first two cores; they end with the topology."""
    for core in (0, 1):
        hog = net.start_command("device", sys.executable, "-c", HOG, core)
        try:
            hog.wait_for("ready")
        except AssertionError as error:
            if "PermissionError" in str(error):
                raise harness.Skip("no right to a real-time priority") from error
            raise
