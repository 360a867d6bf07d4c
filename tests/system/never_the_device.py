"""What the tester cannot do is never called the device's loss: a load beyond its means, and a
receiver that is kept from its core for longer than its ring lasts.

The device is a cable, a veth pair that loses nothing by itself, so that every missing frame is one
of the tester's own.
"""

import os
import sys

from cable import cable
from expect import INVALID, document
from harness import Skip, Suite, Topology, wireproof

SUITE = Suite()
RX_CPU, TX_CPU = 0, 1
FAR_TOO_MUCH = ("--rate", "900Mpps", "--duration", "500ms", "--warm-up", "0", "--json")
STARVED_S = 0.4
ATTEMPTS = 3
# It waits for the traffic at its real-time priority: an ordinary process might not get to its start
# beside the tester.
SPINNER = f"""
import os, time
os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
print("ready", flush=True)
def sent():
    with open("/sys/class/net/c0/statistics/tx_packets") as file: return int(file.read())
before, give_up = sent(), time.monotonic() + 20
while sent() < before + 10000:
    assert time.monotonic() < give_up, "no traffic"
    time.sleep(0.01)
end = time.monotonic() + {STARVED_S}
while time.monotonic() < end: pass
"""


def real_time_spinner(net):
    spinner = net.start_command("tester", sys.executable, "-c", SPINNER, cpu=RX_CPU)
    try:
        spinner.wait_for("ready")
    except AssertionError as error:
        if "PermissionError" in str(error):
            raise Skip("no right to a real-time priority") from error
        raise
    return spinner


def only_direction(done):
    trial = document(done.out)["trials"][0]
    assert trial["verdict"] == "invalid", trial
    return trial["reason"], trial["directions"][0]


def check_shortfall(done):
    assert done.code == INVALID, done
    reason, found = only_direction(done)
    counts = found["counts"]
    assert reason.startswith("tx shortfall"), reason
    assert f"{counts['unsent']:,} of {counts['intended']:,} intended" in reason, reason
    assert counts["intended"] == 450_000_000 == counts["offered"] + counts["unsent"], counts
    assert counts["offered"] > 100 and counts["unsent"] > counts["offered"], counts
    assert found["attribution"]["tx_shortfall"] == counts["unsent"], found["attribution"]


@SUITE.case
def load_beyond_the_tester_over_loopback():
    check_shortfall(wireproof("trial", "--tx", "loopback:a", "--rx", "loopback:b", *FAR_TOO_MUCH))


@SUITE.case
def load_beyond_the_tester_over_sockets():
    check_shortfall(wireproof("trial", "--tx", "io_uring:127.0.0.1:7821", "--rx",
                              "io_uring:127.0.0.1:7822", *FAR_TOO_MUCH))


def load_beyond_the_tester(backend):
    with Topology(pairs=0) as net:
        cable(net)
        check_shortfall(net.run("tester", "trial", "--tx", f"{backend}:c0", "--rx",
                                f"{backend}:c1", *FAR_TOO_MUCH))


def starve(backend):
    """100 kpps fill a ring of 1,024 frames in 10 ms; the receiver is away for 400."""
    with Topology(pairs=0) as net:
        cable(net)
        spinner = real_time_spinner(net)
        done = net.run("tester", "trial", "--tx", f"{backend}:c0", "--rx", f"{backend}:c1",
                       "--rate", "100kpps", "--duration", "2s", "--warm-up", "0", "--ring", "1024",
                       "--burst", "1024", "--tx-cores", TX_CPU, "--rx-cores", RX_CPU, "--json")
        spun = spinner.wait(10)
        assert spun.code == 0, spun
    assert done.code == INVALID, done
    return only_direction(done)


def starved_receiver(backend):
    """Whose frames were lost is judged each time; what the trial names as its reason, where the
    machine did not take the sender's core as well for longer than its burst lasts."""
    if not {RX_CPU, TX_CPU} <= os.sched_getaffinity(0):
        raise Skip(f"needs CPUs {RX_CPU} and {TX_CPU}")
    for _ in range(ATTEMPTS):
        reason, found = starve(backend)
        counts, where = found["counts"], found["attribution"]
        # At the least what came in 400 ms and had no room; a second of pre-emption more at most.
        assert 20_000 < where["rx_ring"] == counts["lost"] < 140_000, (counts, where)
        assert where["dut"] == 0, where
        if counts["unsent"] == 0:
            assert reason.startswith("rx ring"), reason
            return
        assert reason.startswith(("rx ring", "tx shortfall")), reason
    raise Skip(f"the sender fell short as well, {ATTEMPTS} times: {reason}")


for name in ("af_packet", "af_xdp"):
    SUITE.add(f"load_beyond_the_tester_over_{name}", load_beyond_the_tester, name)
    SUITE.add(f"starved_receiver_over_{name}", starved_receiver, name)

if __name__ == "__main__":
    sys.exit(SUITE.main())
