"""A sender and a receiver in processes of their own: what each reports by itself, folded, is what the
log of the device between them says, and what one process with both ends counts."""

import json
import os
import subprocess
import sys
import tempfile

from derive_truth import derive
from expect import document
from harness import BUILD, Suite, Topology, check

SUITE = Suite()
HALF = os.path.join(BUILD, "tests", "system", "half")
HARM = ["--loss", "1%", "--duplicate", "1%", "--corrupt", "1%", "--reorder", "1%", "--reorder-by", "12",
        "--seed", "11", "--only", "a-to-b"]
FPS, FLOWS, TRIAL = 5_000, 3, 0x1234
COUNTS = ("offered", "received", "unique", "duplicate", "reordered", "lost", "late", "corrupt")
HOUR = 3_600_000_000_000


class Device:
    """A dut with these harms, and what its log says when it has ended."""

    def __init__(self, net, backend, folder):
        self.log = os.path.join(folder, "log.csv")
        self._process = net.start("device", "dut", "--a", f"{backend}:d0", "--b", f"{backend}:d1", *HARM,
                                  "--log", self.log, "--json")
        self._process.wait_for("dut: forwarding")

    def truth(self, trial=None):
        done = self._process.stop()
        assert done.code == 0, done
        dropped = [port.get(name) for port in done.json["result"]["ports"]
                   for name in ("tx_dropped", "rx_ring_dropped", "rx_nic_dropped") if port.get(name)]
        assert not dropped, done.json["result"]["ports"]
        return dict(derive(self.log, trial=trial), late=0)


class Half:
    """One end, which is spoken to a line at a time; ended with the block."""

    def __init__(self, net, role, port, frames, offset=0, streams=1, headers="ipv4"):
        self._child = subprocess.Popen(
            net.inside("tester", HALF, role, port, str(FLOWS), str(FPS), str(frames), str(TRIAL),
                       "02:00:00:00:00:01", str(offset), str(streams), headers),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._child.kill()
        self._child.communicate()

    def hear(self, word):
        line = self._child.stdout.readline().split()
        assert line[:1] == [word], (word, line, "" if line else self._child.stderr.read())
        return int(line[1]) if len(line) > 1 else None

    def tell(self, word, value):
        self._child.stdin.write(f"{word} {value}\n")
        self._child.stdin.flush()

    def reports(self):
        """Of each stream."""
        # By what has read the lines so far, and may have read further.
        out, err = self._child.stdout.read(), self._child.stderr.read()
        assert self._child.wait(timeout=20) == 0, (self._child.returncode, err)
        return out.split("\f")[:-1]


def two_processes(net, backend, frames, offset, folder, **more):
    """Folds what each says, by stream. `offset`: of the receiver's clock."""
    with Half(net, "receive", f"{backend}:t1", frames, offset, **more) as receiver, \
            Half(net, "send", f"{backend}:t0", frames, **more) as sender:
        receiver.hear("ready")
        epoch = sender.hear("ready") + 100_000_000
        receiver.tell("go", epoch + offset)
        receiver.hear("begun")
        sender.tell("go", epoch)
        sender.hear("begun")
        receiver.tell("ended", sender.hear("ended") + offset)
        pairs = zip(sender.reports(), receiver.reports(), strict=True)
    folded = []
    for pair in pairs:
        files = [os.path.join(folder, name) for name in ("sent", "received")]
        for name, report in zip(files, pair):
            with open(name, "w", encoding="utf-8") as file:
                file.write(report)
        folded.append(json.loads(check(HALF, "fold", *files)))
    assert len(folded) == more.get("streams", 1), folded
    return folded


def same(told, truth, names=COUNTS):
    wrong = {name: (told[name], truth[name]) for name in names if told[name] != truth[name]}
    assert not wrong, f"told and true differ: {wrong}"


def one_process(net, backend):
    done = net.run("tester", "trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1", "--flows", FLOWS,
                   "--rate", f"{FPS}pps", "--burst", "1024", "--duration", "1s",
                   "--warm-up", "0", "--waiting-time", "300ms", "--json")
    return document(done.out)["trials"][0]["directions"][0]["counts"]


@SUITE.case_for_each(["af_packet", "af_xdp"])
def two_processes_count_what_one_counts(backend):
    with Topology() as net, tempfile.TemporaryDirectory() as folder:
        device = Device(net, backend, folder)
        one = one_process(net, backend)
        same(one, device.truth())
    found = []
    for offset in (0, HOUR, -HOUR):
        with Topology() as net, tempfile.TemporaryDirectory() as folder:
            device = Device(net, backend, folder)
            # As many as the one process offered: it may have left some out where it was kept from its turns.
            [told] = two_processes(net, backend, one["offered"], offset, folder)
            truth = device.truth(TRIAL)
        assert told["spoiled"] == "", told["spoiled"]
        same(told, truth)
        # A sender that other work kept from its turns sent bursts: what died behind those is nobody's.
        assert told["dut"] + told["behind_bursts"] == told["lost"] > 50, told
        assert told["duplicate"] > 20 and told["reordered"] > 20 and told["corrupt"] > 20, told
        assert 0 < told["delay_ns_min"] <= told["delay_ns_max"] < HOUR // 1000, told
        found.append(told)
    # The device does the same to the same frames: whoever counts them, and by whatever clock.
    alike = [told for told in found if told["offered"] == one["offered"]]
    assert alike, (one, found)
    for told in alike:
        same(told, one)


@SUITE.case_for_each(["af_packet", "af_xdp"])
def two_streams_at_once_are_counted_apart(backend, headers="ipv4"):
    """Of other sizes, rates and flows, over the same queues: each by its numbers. What was damaged
    bears no number that can be believed, and is counted once."""
    with Topology() as net, tempfile.TemporaryDirectory() as folder:
        device = Device(net, backend, folder)
        told = two_processes(net, backend, 4000, HOUR, folder, streams=2, headers=headers)
        both = device.truth(TRIAL)
        each = [derive(device.log, trial=TRIAL, stream=stream) for stream in (0, 1)]
    for one, truth in zip(told, each):
        assert one["spoiled"] == "", one
        same(one, dict(truth, late=0), [name for name in COUNTS if name != "corrupt"])
        assert one["lost"] > 2 and one["unique"] > 500, one
        assert 0 < one["delay_ns_min"] <= one["delay_ns_max"] < HOUR // 1000, one
    for name in COUNTS:
        assert sum(one[name] for one in told) == both[name], (name, told, both)
    assert told[0]["offered"] > 3 * told[1]["offered"], told


@SUITE.case
def two_streams_of_ipv6_behind_a_tag():
    two_streams_at_once_are_counted_apart("af_packet", "ipv6")


if __name__ == "__main__":
    sys.exit(SUITE.main())
