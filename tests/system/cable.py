"""A cable: a veth pair with both ends in the tester, which loses nothing by itself."""

import time

from expect import Standing

CABLE = (("tester", "c0"), ("tester", "c1"))


def cable(net):
    """A veth pair with both ends in the tester: what is sent on one is received on the other."""
    net.ip("tester", "link", "add", "c0", "type", "veth", "peer", "name", "c1")
    for name in ("c0", "c1"):
        net.ip("tester", "link", "set", name, "up")
    deadline = time.monotonic() + 5
    while "LOWER_UP" not in net.ip("tester", "link", "show", "c1") and time.monotonic() < deadline:
        time.sleep(0.02)
    net.run("tester", "cleanup")  # what tests before this one left to be undone is not this one's
    return Standing(net, CABLE)


def sent(net):
    return Standing(net, CABLE[:1]).sent()


def amid(net, arguments, **keywords):
    """A trial that has begun to send."""
    before, deadline = sent(net), time.monotonic() + 10
    process = net.start("tester", *arguments, **keywords)
    while sent(net) < before + 300:
        assert process.running() and time.monotonic() < deadline, process.wait(1)
        time.sleep(0.02)
    return process
