"""`wireproof dut` against raw sockets: what it says it did is what it did."""

import json
import os
import signal
import sys
import tempfile
import time

import frames
from derive_truth import read_log
from dut_law import due_times, read_timed_log
from harness import SLOW, Suite, Topology, check, wireproof

SUITE = Suite()
BACKENDS = ("af_packet", "af_xdp")
EVERYTHING = ["--loss", "2%", "--duplicate", "2%", "--reorder", "2%", "--reorder-by", "4",
              "--corrupt", "2%"]


class Device:
    """A running dut between d0 and d1, and what it left when it ended."""

    def __init__(self, net, backend, *flags, log=True):
        self._folder = tempfile.TemporaryDirectory()
        self.log = os.path.join(self._folder.name, "log.csv")
        arguments = ["dut", "--a", f"{backend}:d0", "--b", f"{backend}:d1", "--json", *flags]
        if "--ring" not in flags:  # room for all: one that is kept from its turns drops none itself
            arguments += ["--ring", "32768"]
        if log:
            arguments += ["--log", self.log, "--log-frames", "1M"]
        self.process = net.start("device", *arguments)
        self.process.wait_for("dut: forwarding")

    def stop(self, number=signal.SIGTERM, meanwhile=lambda: None):
        self.process.send(number)
        meanwhile()
        done = self.process.wait(10)
        assert done.code == 0, done
        document = done.json
        assert document["status"] == "ok" and document["kind"] == "dut", document["status"]
        self.result = document["result"]
        for direction in self.result["directions"]:
            check_identity(direction["counts"])
        return self.result["directions"][0]["counts"]

    def ports_dropped(self):
        return sum(port.get(name, 0) for port in self.result["ports"]
                   for name in ("tx_dropped", "rx_ring_dropped", "rx_nic_dropped"))

    def records(self, direction="a-to-b"):
        return list(read_log(self.log, direction))


def check_identity(counts):
    fates = ("forwarded", "dropped", "queue_dropped", "pool_dropped", "oversize_dropped", "unsent")
    assert counts["arrived"] + counts["duplicated"] == sum(counts[fate] for fate in fates), counts


def numbered(count, trial=7):
    return [frames.udp(frames.signature(trial, 0, number)) for number in range(count)]


def cross(net, backend, sent, *flags, per_second=40_000):
    """Sends frames through a device; returns (device, its counts, frames that came out)."""
    device = Device(net, backend, *flags)
    receiver = frames.Receiver(net.names["tester"], "t1")
    sock = frames.raw_socket(net.names["tester"], "t0")
    frames.send(sock, sent, per_second)
    time.sleep(0.3)
    counts = device.stop()
    sock.close()
    return device, counts, [frame for _, frame in receiver.stop()]


def is_damaged(before, after):
    flipped = sum(bin(a ^ b).count("1") for a, b in zip(before, after))
    return len(before) == len(after) and flipped == 1 and before[:42] == after[:42]


def log_tells_what_came_out(backend):
    with Topology() as net:
        sent = numbered(20_000)
        device, counts, came = cross(net, backend, sent, *EVERYTHING)
        assert device.ports_dropped() == 0, device.result["ports"]
        assert counts["arrived"] == len(sent), counts
        records = device.records()
        assert len(records) == counts["arrived"] + counts["duplicated"], len(records)
        for name, fate in (("forwarded", ("forwarded", "drained")), ("dropped", ("dropped",))):
            told = sum(record[1] in fate for record in records)
            assert told == counts[name], (name, told, counts)
        for name in ("dropped", "duplicated", "corrupted", "reordered"):
            assert 300 < counts[name] < 500, (name, counts)  # 2 % of 20,000, five sigma
        departed = sorted((r[4], r[0], r[2]) for r in records if r[4])
        assert len(came) == counts["forwarded"], (len(came), counts)
        for (_, arrival, damaged), frame in zip(departed, came):
            before = sent[arrival - 1]
            assert is_damaged(before, frame) if damaged else before == frame, (
                arrival, damaged, before.hex(), frame.hex())


def same_seed_same_fates(backend):
    fates = []
    for seed in ("5", "5", "6"):
        with Topology() as net:
            device, _, _ = cross(net, backend, numbered(5_000), *EVERYTHING, "--seed", seed)
            assert device.ports_dropped() == 0, device.result["ports"]
            fates.append([record[:4] for record in device.records()])
    assert fates[0] == fates[1]
    assert fates[0] != fates[2]


def passes_the_other_way_too(backend):
    with Topology() as net:
        device = Device(net, backend, "--loss", "100%", "--only", "a-to-b")
        receiver = frames.Receiver(net.names["tester"], "t0")
        there = frames.raw_socket(net.names["tester"], "t0")
        back = frames.raw_socket(net.names["tester"], "t1")
        frames.send(there, numbered(200))
        frames.send(back, numbered(300, trial=8))
        time.sleep(0.3)
        counts = device.stop()
        there.close()
        back.close()
        assert (counts["arrived"], counts["dropped"]) == (200, 200), counts
        other = device.result["directions"][1]["counts"]
        assert (other["arrived"], other["forwarded"]) == (300, 300), other
        assert [frame for _, frame in receiver.stop()] == numbered(300, trial=8)


def rate_cap_is_kept(backend):
    """Never more than capacity x time + queue. Less where the sender was held up for longer than the
    queue, half a second, lasts: a tenth at most."""
    rate, queue = 8_000, 4_000
    with Topology() as net:
        device = Device(net, backend, "--rate", f"{rate}pps", "--queue", str(queue))
        sock = frames.raw_socket(net.names["tester"], "t0")
        took = frames.send(sock, numbered(60_000), 20_000)
        time.sleep(1)
        counts = device.stop()
        sock.close()
        assert device.ports_dropped() == 0, device.result["ports"]
        bound = rate * took + queue + 1
        assert 0.9 * bound <= counts["forwarded"] <= 1.002 * bound, (bound, counts)
        assert counts["queue_dropped"] == counts["arrived"] - counts["forwarded"], counts
        assert counts["drained"] == 0, counts


def excess_is_lost_in_part(backend):
    """A part of what is above the capacity; of the rest nothing, and in order."""
    rate, queue, part = 8_000, 4_000, 0.25
    with Topology() as net:
        device = Device(net, backend, "--rate", f"{rate}pps", "--queue", str(queue), "--excess-loss",
                        f"{part:.0%}")
        sock = frames.raw_socket(net.names["tester"], "t0")
        took = frames.send(sock, numbered(40_000), 20_000)
        time.sleep(0.5)
        counts = device.stop()
        sock.close()
        assert device.ports_dropped() == 0, device.result["ports"]
        lost = part * (40_000 - rate * took - queue - 1)
        # A sender that is held up leaves the capacity unused.
        assert 0.9 * lost <= counts["queue_dropped"] <= 1.3 * lost, (counts, lost)
        assert counts["forwarded"] == 40_000 - counts["queue_dropped"], counts
        came = json.loads(net.ip("tester", "-j", "-s", "link", "show", "t1"))[0]["stats64"]["rx"]
        assert came["packets"] == counts["forwarded"], (came, counts)
        orders = [record[4] for record in device.records() if record[4]]
        assert orders == sorted(orders), "some overtook others"


def blocked_after_an_overload_and_out_of_service(backend):
    """Seen by the tester: by when the last that was lost had been sent, and how many were lost at once."""
    blocked, outage = 0.2, 0.15
    with Topology() as net:
        # Room for what a sender that the host held up catches up at once: that is no overload.
        device = Device(net, backend, "--rate", "10kpps", "--queue", "200", "--blocked", f"{blocked}s")
        done = net.run("tester", "trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1", "--rate",
                       "20kpps", "--step", "2kpps@300ms", "--duration", "1s", "--json")
        device.stop()
        bursts = done.json["trials"][0]["directions"][0]["loss_bursts"]
        recovered = bursts["last_sent_before_ns"] / 1e9 - 0.3
        assert abs(recovered - blocked) < 0.01, bursts
    with Topology() as net:
        device = Device(net, backend, "--outage", f"{outage}s", "--outage-every", "800ms")
        done = net.run("tester", "trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1", "--rate",
                       "2kpps", "--duration", "900ms", "--warm-up", "0", "--json")
        counts = device.stop()
        found = done.json["trials"][0]["directions"][0]
        assert abs(found["loss_bursts"]["longest"] / 2000 - outage) < 0.01, found["loss_bursts"]
        assert found["counts"]["lost"] == found["loss_bursts"]["longest"] == counts["dropped"], (found, counts)
        assert abs(found["loss_bursts"]["last_sent_before_ns"] / 1e9 - 0.8) < 0.01, found["loss_bursts"]
        if backend == "af_packet":  # its frames are counted where the kernel counts all
            left, arrived = (json.loads(net.ip("tester", "-j", "-s", "link", "show", name))[0]["stats64"][way]["packets"]
                             for name, way in (("t0", "tx"), ("t1", "rx")))
            assert left - arrived == found["counts"]["lost"] > 250, (left, arrived, found["counts"])


def delay_is_added(backend):
    with Topology() as net:
        device = Device(net, backend, "--delay", "50ms")
        receiver = frames.Receiver(net.names["tester"], "t1")
        sock = frames.raw_socket(net.names["tester"], "t0")
        times = []
        for frame in numbered(50):
            times.append(time.monotonic())
            sock.send(frame)
            time.sleep(0.005)
        time.sleep(0.3)
        device.stop()
        sock.close()
        came = receiver.stop()
        delays = sorted(after - before for before, (after, _) in zip(times, came))
        assert len(delays) == 50 and delays[0] >= 0.05 and delays[25] < 0.06, delays


def jitter_is_the_published_law(backend):
    """No frame leaves before the law lets it, and most right then; in order, seed for seed."""
    flags = ["--delay", "1ms", "--jitter", "4ms", "--seed", "11", "--idle", "spin"]
    with Topology() as net:
        device, counts, came = cross(net, backend, numbered(300), *flags, per_second=240)
        assert counts["forwarded"] == 300 and came == numbered(300), counts
        lines = read_timed_log(device.log)
        due = due_times([line.arrived_ns for line in lines], 1_000_000, 4_000_000, 11)
        behind = sorted(line.departed_ns - at for line, at in zip(lines, due))
        assert behind[0] >= 0 and behind[150] < 50_000, (behind[0], behind[150])
        spread = sorted(line.departed_ns - line.arrived_ns for line in lines)
        # A sender that is kept waiting sends what it owes together, and the order is kept.
        assert spread[15] < 2_500_000 and spread[-15] > 4_000_000, (spread[15], spread[-15])


def ends_with_everything_written(backend):
    """SIGINT and SIGTERM amid traffic: exit 0, the log complete, what was inside and due within 60 ms
    let go; the rest is told as unsent. Frames come until after it has ended: however late the device
    sees the signal, some are inside."""
    for number, delay in ((signal.SIGINT, 40), (signal.SIGTERM, 40), (signal.SIGTERM, 2000)):
        with Topology() as net:
            device = Device(net, backend, "--delay", f"{delay}ms", "--reorder", "5%")
            sock = frames.raw_socket(net.names["tester"], "t0")
            sent = numbered(12_000)
            frames.send(sock, sent[:2_000], 20_000)
            counts = device.stop(number, lambda: frames.send(sock, sent[2_000:], 20_000))
            sock.close()
            assert (counts["drained"], counts["unsent"]).index(0) == (1 if delay < 60 else 0), counts
            records = device.records()
            assert len(records) == counts["arrived"], (len(records), counts)
            assert sum(r[1] == "drained" for r in records) == counts["drained"], counts


def being_starved_is_said(backend):
    """Stopped for longer than its ring lasts, it says how many frames its own port lost."""
    with Topology() as net:
        device = Device(net, backend, "--ring", "1024", log=False)
        sock = frames.raw_socket(net.names["tester"], "t0")
        device.process.send(signal.SIGSTOP)
        frames.send(sock, numbered(20_000), 40_000)
        device.process.send(signal.SIGCONT)
        time.sleep(0.3)
        counts = device.stop()
        sock.close()
        lost = device.result["ports"][0]["rx_ring_dropped"]
        assert lost > 10_000, device.result["ports"]
        assert counts["arrived"] + lost == 20_000, (counts, lost)


def leaves_nothing(backend):
    """After SIGTERM and after SIGKILL: no XDP program, no filter, no promiscuous mode."""
    for number, code in ((signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        with Topology() as net:
            before = traces(net)
            device = Device(net, backend, log=False)
            assert device.process.stop(number).code == code
            deadline = time.monotonic() + 3
            while traces(net) != before and time.monotonic() < deadline:
                time.sleep(0.05)
            assert traces(net) == before, (traces(net), before)


def traces(net):
    found = []
    for port in ("d0", "d1"):
        link = json.loads(check(*net.inside("device", "ip", "-d", "-j", "link", "show", port)))[0]
        filters = check(*net.inside("device", "tc", "filter", "show", "dev", port, "ingress"))
        found.append((link.get("xdp"), link["promiscuity"], filters))
    return found


for test in (log_tells_what_came_out, same_seed_same_fates, passes_the_other_way_too,
             rate_cap_is_kept, excess_is_lost_in_part, blocked_after_an_overload_and_out_of_service, delay_is_added, jitter_is_the_published_law, ends_with_everything_written,
             being_starved_is_said, leaves_nothing):
    for name in BACKENDS:
        SUITE.add(f"{test.__name__}_{name}", test, name)


@SUITE.case
def duration_ends_it():
    with Topology() as net:
        done = net.run("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", "--duration",
                       "300ms", "--json")
        assert done.code == 0 and 0.3 <= done.json["result"]["duration_s"] < SLOW, done


@SUITE.case
def text_for_people():
    with Topology() as net:
        done = net.run("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", "--duration",
                       "100ms", "--loss", "1%")
        assert done.code == 0 and "dut: forwarding af_packet:d0 <-> af_packet:d1" in done.err, done
        assert "arrived" in done.out, done
        assert all(len(line) <= 80 for line in done.out.splitlines()), done


REFUSED = [
    # flags, exit code, what the sentence says
    (["--loss", "-1"], 2, "loss"),
    (["--loss", "101%"], 2, "loss"),
    (["--loss", "1e-3"], 2, "loss"),
    (["--reorder-by", "3"], 2, "reorder"),
    (["--excess-loss", "10%"], 2, "rate"),
    (["--blocked", "10ms"], 2, "rate"),
    (["--outage-every", "10s"], 2, "outage"),
    (["--outage", "2s", "--outage-every", "2s"], 2, "not shorter than"),
    (["--queue", "3"], 2, "rate"),
    (["--rate", "50%"], 2, "rate"),
    (["--rate", "100"], 2, "rate"),
    (["--delay", "1y"], 2, "delay"),
    (["--jitter", "-1ms"], 2, "jitter"),
    (["--duplicate", ""], 2, "duplicate"),
    (["--seed", "-1"], 2, "seed"),
    (["--seed", "18446744073709551616"], 2, "seed"),
    (["--only", "b-to-c"], 2, "a-to-b"),
    (["--idle", "nap"], 2, "spin"),
    (["--core", "99999"], 2, "core"),
    (["--core", "8000"], 2, "8000"),
    (["--ring", "1000"], 2, "power of two"),
    (["--duration", "0"], 2, "duration"),
    (["--log-frames", "10"], 2, "--log"),
    (["--log", "/proc/self/nothing/log.csv"], 5, "/proc/self/nothing/log.csv"),
    (["--log", "/"], 5, "/"),
    (["--speed", "9"], 2, "--speed"),
    (["--b", "af_packet:d0"], 2, "same port"),
    (["--b", "af_packet:d11"], 3, "d1"),
    (["--b", "af_paket:d1"], 2, "af_packet"),
    (["--b", "af_packet:d1,speed=9"], 2, "speed"),
    (["--b", ""], 2, ""),
    (["--b", "af_packet:d2"], 3, "down"),
]


@SUITE.case
def refusals_have_a_sentence_and_a_code():
    with Topology(pairs=3) as net:
        net.ip("device", "link", "set", "d2", "down")
        for flags, code, word in REFUSED:
            ports = ["--a", "af_packet:d0"]
            if "--b" not in flags:
                ports += ["--b", "af_packet:d1"]
            done = net.run("device", "dut", *ports, *flags, timeout=10)
            assert done.code == code, (flags, str(done))
            assert word in done.err and done.out == "", (flags, str(done))
            done = net.run("device", "dut", *ports, *flags, "--json", timeout=10)
            assert done.code == code, (flags, str(done))
            if flags[0] != "--speed":
                document = done.json
                assert document["status"] == "error" and document["error"]["message"], document


@SUITE.case
def needs_both_ports():
    done = wireproof("dut", "--a", "af_packet:lo")
    assert done.code == 2 and "--b" in done.err, done


@SUITE.case
def a_dry_run_forwards_nothing():
    done = wireproof("dut", "--a", "loopback:a", "--b", "loopback:a1", "--loss", "1%", "--dry-run")
    assert done.code == 0 and "nothing was forwarded" in done.out and "loss" in done.out, done
    done = wireproof("dut", "--a", "loopback:a", "--b", "loopback:a", "--dry-run")
    assert done.code == 2 and "same port" in done.err, done


if __name__ == "__main__":
    sys.exit(SUITE.main())
