"""What is owed to whoever asks for something that cannot be had: one clear sentence with the cure,
the documented exit code, one complete JSON document where JSON was asked for, and a host that looks
as it did before.
"""

import json
import re
import time

from documents import document  # noqa: F401  (the cases take it from here)
from harness import WIREPROOF, Skip, check, run, wireproof

USAGE, PRECONDITION, OUTPUT, INVALID = 2, 3, 5, 6
DRY = ("trial", "search", "rfc2544", "calibrate")
MEMORY = ["trial", "--tx", "loopback:a", "--rx", "loopback:b"]


def sentence(done, words):
    """One sentence and one cure on stderr, holding the words."""
    lines = done.err.splitlines()
    assert len(lines) == 2, f"a sentence and a cure are wanted: {done}"
    assert lines[0].startswith("wireproof: ") and len(lines[0]) > 25, done
    assert lines[1].startswith("  ") and lines[1].strip(), f"no cure: {done}"
    assert lines[1].strip() not in lines[0], f"the cure repeats the sentence: {done}"
    text = " ".join(lines).lower()
    missing = [word for word in words if word.lower() not in text]
    assert not missing, f"{missing} is not said: {done}"
    return lines[0].removeprefix("wireproof: "), lines[1].strip()


def settled(text):
    """Without what the next run may find different: how much memory a process may still take."""
    return re.sub(r"[0-9]+ MiB more", "N MiB more", text)


def refusal(runner, arguments, code, *words):
    """Runs it plain and with --json: the same code and sentence, and the document says it too."""
    plain = runner(*arguments)
    assert plain.code == code, f"exit {code} is documented: {plain}"
    assert plain.out == "", plain
    told = sentence(plain, words)
    done = runner(*arguments, "--json")
    assert done.code == code, f"exit {code} is documented: {done}"
    sentence(done, words)
    found = document(done.out)
    assert found["status"] == "error" and found["trials"] == [], found["status"]
    error = found["error"]
    assert tuple(map(settled, (error["message"], error["hint"]))) == tuple(map(settled, told)), (error, told)
    if code == USAGE and arguments[0] in DRY:  # what is wrong with the words is known without a port
        dry = runner(*arguments, "--dry-run")
        assert (dry.code, dry.err) == (code, plain.err), f"a dry run says yes or another thing: {dry}"
    return plain


def refused(*arguments):
    """refusal() of a run that needs no network of its own."""
    *arguments, code, words = arguments
    return refusal(wireproof, arguments, code, *words)


class Standing:
    """What a host shows of a test: programs, filters, modes, frames sent, processes."""

    def __init__(self, net, interfaces=(("tester", "t0"), ("tester", "t1"))):
        if run("sh", "-c", "command -v bpftool").code != 0:
            raise Skip("needs bpftool")
        self._net, self._interfaces = net, interfaces
        self.before = self.now()

    def now(self):
        found = {}
        for where, name in self._interfaces:
            link = json.loads(self._net.ip(where, "-j", "-d", "link", "show", name))[0]
            found[name] = {"xdp": link.get("xdp"), "promiscuity": link["promiscuity"],
                           "mtu": link["mtu"], "flags": sorted(link["flags"]),
                           "filters": self._filters(where, name)}
        for where in {where for where, _ in self._interfaces}:
            attached = check(*self._net.inside(where, "bpftool", "-j", "net"))
            found[where] = {"attached": json.loads(attached),
                            "processes": check("ip", "netns", "pids", self._net.names[where])}
            found["journal"] = check(*self._net.inside(where, WIREPROOF, "cleanup", "--dry-run"))
        return found

    def _filters(self, where, name):
        return check(*self._net.inside(where, "tc", "filter", "show", "dev", name, "ingress"))

    def sent(self):
        return sum(json.loads(self._net.ip(where, "-j", "-s", "link", "show", name))[0]
                   ["stats64"]["tx"]["packets"] for where, name in self._interfaces)

    def same(self):
        """Soon: what a closed file held, the kernel may end from a work queue of its own."""
        give_up = time.monotonic() + 2
        while (now := self.now()) != self.before:
            assert time.monotonic() < give_up, f"left behind: {now} instead of {self.before}"
            time.sleep(0.1)


def refused_in(net, *arguments, where="tester", prefix=(), may_send=0):
    """refusal() of a run in a namespace, which changes nothing there and sends at most `may_send`
    frames (ARP) a run. `prefix`: a command that runs the program (setpriv ... --)."""
    *arguments, code, words = arguments
    standing = Standing(net)
    sent = standing.sent()

    def runner(*args):
        return run(*net.inside(where, *prefix, WIREPROOF, *args))

    plain = refusal(runner, arguments, code, *words)
    standing.same()
    assert standing.sent() - sent <= 2 * may_send, f"{standing.sent() - sent} frames were sent"
    return plain
