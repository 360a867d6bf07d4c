"""The flags of the traffic, traced to the wire: what each says is what tshark reads in a capture."""

import collections
import os
import sys

from documents import document
from expect import INVALID
from harness import Suite, Topology, check, wireproof
from tshark import GOOD, PAYLOAD, Capture, values
from wire import C0, C1, VERBS, Wire, gentle, offered, words_of

SUITE = Suite()
BACKENDS = ("af_packet", "af_xdp")
D0 = "02:00:00:00:01:00"
FLOWS = ["5000", "5001", "5002", "5003", "5004"]
# What a flag is given, the field that tshark knows it by, and the value there.
ETHERNET = [
    ("--src-mac", "02:00:00:00:0a:0a", "eth.src", "02:00:00:00:0a:0a"),
    ("--dst-mac", "02:00:00:00:0b:0b", "eth.dst", "02:00:00:00:0b:0b"),
    ("--vlan", "77", "vlan.id", "77"),
    ("--dst-port", "6000", "udp.dstport", "6000"),
    ("--size", "128", "frame.len", "124"),
]
IPV4 = [
    *ETHERNET,
    ("--src-ip", "10.1.2.3", "ip.src", "10.1.2.3"),
    ("--dst-ip", "10.4.5.6", "ip.dst", "10.4.5.6"),
    ("--dscp", "46", "ip.dsfield.dscp", "46"),
    ("--ttl", "7", "ip.ttl", "7"),
]
IPV6 = [
    *ETHERNET,
    ("--ipv6", None, "ipv6.version", "6"),
    ("--src-ip", "2001:2:1::3", "ipv6.src", "2001:2:1::3"),
    ("--dst-ip", "2001:2:2::4", "ipv6.dst", "2001:2:2::4"),
    ("--dscp", "46", "ipv6.tclass.dscp", "46"),
    ("--ttl", "7", "ipv6.hlim", "7"),
]
# Without flags: the manual's defaults.
PLAIN4 = {"eth.src": C0, "eth.dst": C1, "vlan.id": "", "ip.src": "198.18.0.1", "ip.dst": "198.19.0.1",
          "udp.srcport": "49152", "udp.dstport": "9", "ip.dsfield.dscp": "0", "ip.ttl": "64"}
PLAIN6 = {"eth.src": C0, "eth.dst": C1, "vlan.id": "", "ipv6.src": "2001:2:0:1::1",
          "ipv6.dst": "2001:2:0:2::1", "udp.srcport": "49152", "udp.dstport": "9",
          "ipv6.tclass.dscp": "0", "ipv6.hlim": "64"}
SUMS = ("ip.checksum.status", "udp.checksum.status")


def sound(frames):
    """Every sum is right, by tshark's own addition; IPv6 has none of its own."""
    seen = set(values(frames, *SUMS))
    assert seen <= {(GOOD, GOOD), ("", GOOD)}, seen


@SUITE.case
def headers_as_asked():
    """Each verb over each backend; IPv4 and IPv6; every trial of a calibration too."""
    rows_of_runs = []
    with Wire("c1") as wire:
        for backend in BACKENDS:
            for verb in VERBS:
                for rows in (IPV4, IPV6) if verb == "trial" else (IPV6 if backend == "af_xdp" else IPV4,):
                    flags = [word for flag, value, _, _ in rows for word in (flag, value) if word is not None]
                    wire.run(verb, *words_of(verb), *flags, "--flows", "5", "--src-port", "5000",
                             "--flow-order", "sequential", backend=backend)
                    rows_of_runs.append(rows)
    fields = {field for rows in rows_of_runs for _, _, field, _ in rows}
    for rows, (found, trials) in zip(rows_of_runs, wire.frames("udp.srcport", *fields, *SUMS)):
        for frames in trials:
            for flag, _, field, value in rows:
                seen = {frame[field] for frame in frames}
                assert seen == {value}, (found["kind"], flag, seen, value)
            # The flows in turn, in the order of their numbers, each with a fifth of the frames.
            ports = [frame["udp.srcport"] for frame in frames]
            assert ports == (FLOWS * len(ports))[:len(ports)], ports
            sound(frames)


@SUITE.case
def headers_by_default():
    """The manual's; and behind the signature the pattern of docs/signature.md."""
    with Wire("c1") as wire:
        wire.run("trial", *words_of("trial"))
        wire.run("trial", *words_of("trial"), "--ipv6", "--size", "600", backend="af_xdp")
    fields = dict.fromkeys([*PLAIN4, *PLAIN6])
    (_, (four,)), (_, (six,)) = wire.frames(*fields, *SUMS, PAYLOAD)
    for plain, frames in ((PLAIN4, four), (PLAIN6, six)):
        assert values(frames, *plain) == {tuple(plain.values()): len(frames)}, values(frames, *plain)
        sound(frames)
    wanted = bytes(at % 256 for at in range(62 + 18, 596))
    for frame in six:
        payload = bytes.fromhex(frame[PAYLOAD].replace(":", ""))
        assert payload[:2] == b"\x57\x50" and payload[18:] == wanted, payload.hex()


@SUITE.case
def both_ways_have_their_own():
    """What stands behind the comma is of the reverse direction; at each end what came there."""
    pairs = [("--src-mac", "02:00:00:00:0a:0a", "02:00:00:00:0b:0b", "eth.src"),
             ("--dst-mac", "02:00:00:00:0a:01", "02:00:00:00:0b:01", "eth.dst"),
             ("--src-ip", "10.1.0.1", "10.2.0.1", "ip.src"), ("--dst-ip", "10.3.0.1", "10.4.0.1", "ip.dst")]
    flags = [word for flag, there, back, _ in pairs for word in (flag, f"{there},{back}")]
    fields = [field for _, _, _, field in pairs]
    with Wire("c1", "c0") as wire:
        for verb in VERBS:
            wire.run(verb, *words_of(verb), "--bidirectional", *flags)
    for end in (0, 1):
        for verb, (_, trials) in zip(VERBS, wire.frames(*fields, *SUMS, end=end)):
            for frames in trials:
                assert set(values(frames, *fields)) == {tuple(pair[end + 1] for pair in pairs)}, (verb, end)
                sound(frames)


@SUITE.case
def flows_are_as_many_5_tuples():
    """Source ports count up, and so do the addresses; each flow has its share of the frames."""
    with Wire("c1") as wire:
        for more in ((), ("--ipv6", "--size", "84")):
            wire.run("trial", *words_of("trial", "5kpps", 120), "--flows", "300", "--src-port", "5000", *more)
    runs = wire.frames("ip.src", "ip.dst", "ipv6.src", "ipv6.dst", "udp.srcport", "udp.dstport", *SUMS)
    for ip, (found, (frames,)) in zip(("ip", "ipv6"), runs):
        tuples = values(frames, f"{ip}.src", f"{ip}.dst", "udp.srcport", "udp.dstport")
        assert len(tuples) == 300 and set(tuples.values()) <= {1, 2} and len(frames) > 400, tuples
        assert sorted(int(key[2]) for key in tuples) == list(range(5000, 5300)), tuples
        assert found["trials"][0]["directions"][0]["flows_sent"] == 300, found["trials"]
        sound(frames)


@SUITE.case
def networks_have_their_share():
    """Of each verb: 256 networks of 256 addresses, a flow each, and the same number of frames."""
    with Wire("c1") as wire:
        for verb in VERBS:
            wire.run(verb, *words_of(verb, "4kpps", 150), "--networks", "256", "--latency", "off",
                     *(("--size", "64") if verb == "rfc2544" else ()))
        wire.run("trial", *words_of("trial", "4kpps", 150), "--networks", "16", "--flows", "64", "--ipv6",
                 "--size", "84")
    runs = wire.frames("ip.dst", "ipv6.dst", "udp.srcport", *SUMS)
    for found, trials in runs[:-1]:
        seen = collections.Counter(frame["ip.dst"] for frame in trials[0])
        assert set(seen) == {f"198.19.{n}.1" for n in range(256)}, (len(seen), found["kind"])
        assert max(seen.values()) - min(seen.values()) <= 1, seen
        sound(trials[0])
    found, (frames,) = runs[-1]
    seen = collections.Counter(frame["ipv6.dst"] for frame in frames)
    assert set(seen) == {"2001:2:0:2::1", *(f"2001:2:0:2::{n:x}01" for n in range(1, 16))}, seen
    assert max(seen.values()) - min(seen.values()) <= 4, seen
    assert len({(frame["ipv6.dst"], frame["udp.srcport"]) for frame in frames}) == 64
    sound(frames)


@SUITE.case
def flows_take_turns_in_a_fixed_order():
    orders = (["--flow-order", "sequential"], ["--flow-order", "permuted"], [])
    with Wire("c1") as wire:
        for order in orders:
            wire.run("trial", *words_of("trial"), "--flows", "20", *order)
    turns = []
    for _, (frames,) in wire.frames("udp.srcport"):
        ports = [int(frame["udp.srcport"]) - 49152 for frame in frames]
        # Whole ones: of what the machine did not let leave in time there is none.
        turns.append([tuple(ports[at:at + 20]) for at in range(0, len(ports) - 19, 20)])
    assert all(len(of_run) >= 2 for of_run in turns), turns
    assert set(turns[0]) == {tuple(range(20))}, turns[0]
    turn = turns[1][0]
    assert set(turns[1]) == {turn} and sorted(turn) == list(range(20)), turns[1]
    assert not {after - before for before, after in zip(turn, turn[1:])} & {1, -1}, turn
    assert set(turns[2]) == {turn}, "permuted is the default, and the same always"


GENOME = [64, 64, 1518, 128, 256, 512, 1024, 1280]
SIZES = [  # the verb, its --size, and the frames of each trial of one size or mix, round and round
    ("trial", "64,65,512,1518", [[64], [65], [512], [1518]]),
    ("trial", "aagbcdef", [GENOME]),
    ("search", "imix", [None]),
    ("search", "65,512", [[65], [512]]),
    ("calibrate", "aagbcdef", [GENOME]),
]


@SUITE.case
def sizes_in_their_order():
    """A list: one after the other. A mix: its frames in the order of its letters."""
    with Wire("c1") as wire:
        for verb, text, _ in SIZES:
            wire.run(verb, *words_of(verb), "--size", text)
    for (verb, text, rounds), (_, trials) in zip(SIZES, wire.frames("frame.len", *SUMS)):
        order = []  # a trial may be repeated, on a busy machine
        for frames in trials:
            seen = [int(frame["frame.len"]) + 4 for frame in frames]
            if rounds == [None]:
                assert sorted(seen[:12]) == 7 * [64] + 4 * [570] + [1518], seen[:12]
                rounds = [seen[:12]]
            sizes = next((one for one in rounds if seen == (one * len(seen))[:len(seen)]), None)
            assert sizes and len(seen) > 50, (verb, text, seen[:40])
            order += [sizes] if sizes not in order else []
            sound(frames)
        assert order == rounds, (verb, text, order)


@SUITE.case
def sizes_are_told_as_asked():
    """One size is no mix, and is not told as one."""
    for size in ("64", "aag"):
        words = ["--tx", "loopback:a", "--rx", "loopback:b", *words_of("trial"), "--size", size]
        done = wireproof("trial", *words, *gentle([])[:-1])
        assert done.code == 0, done
        assert ("64-byte frames" in done.out) == (size == "64"), done
        assert ("a mix of frames, mean 548.67 bytes" in done.out) == (size == "aag"), done


def router(net):
    """`device` routes between the tester's two interfaces, IPv4 and IPv6."""
    for where, host in (("device", 1), ("tester", 2)):
        for n in (0, 1):
            name = f"{where[0]}{n}"
            net.ip(where, "addr", "add", f"10.{n + 1}.0.{host}/24", "dev", name)
            net.ip(where, "addr", "add", f"2001:2:{n + 1}::{host}/64", "dev", name, "nodad")
    for ip in ("10.2.0.2", "2001:2:2::2"):  # the far side, which nobody is asked for
        net.ip("device", "neighbour", "add", ip, "lladdr", "02:00:00:00:00:01", "dev", "d1")
    check(*net.inside("device", "sysctl", "-qw", "net.ipv4.ip_forward=1",
                      "net.ipv6.conf.all.forwarding=1"))


HOPS = {"ip": ("10.1.0.1", ["--src-ip", "10.1.0.2", "--dst-ip", "10.2.0.2"]),
        "ipv6": ("2001:2:1::1", ["--ipv6", "--size", "84", "--src-ip", "2001:2:1::2", "--dst-ip",
                                 "2001:2:2::2"])}


@SUITE.case
def next_hop_is_asked_and_used():
    """The neighbour is the kernel of another namespace: it answers by itself, and routes."""
    for backend in BACKENDS:
        with Topology(ipv6=True) as net:
            router(net)
            runs = [("trial", "ip"), ("search", "ipv6")] if backend == "af_packet" else [
                ("trial", "ipv6"), ("search", "ip")]
            with Capture(net, "device", "d0", "arp or icmp6 or udp", both=True) as tap:
                for verb, ip in runs:
                    hop, flags = HOPS[ip]
                    done = net.run("tester", verb, "--tx", f"{backend}:t0", "--rx", "af_packet:t1",
                                   *words_of(verb), *gentle(["--next-hop", hop, *flags]))
                    assert done.code in (0, INVALID) and sum(offered(document(done.out))) > 50, done
            answers = tap.decode("arp.src.hw_mac", only="arp.opcode == 2 and "
                                 f"arp.src.proto_ipv4 == {HOPS['ip'][0]}")
            assert set(values(answers, "arp.src.hw_mac")) == {(D0,)}, answers
            answers = tap.decode("icmpv6.opt.linkaddr", only="icmpv6.type == 136 and "
                                 f"icmpv6.nd.na.target_address == {HOPS['ipv6'][0]}")
            assert set(values(answers, "icmpv6.opt.linkaddr")) == {(D0,)}, answers
            sent = tap.decode("eth.dst", "ip.version", only="udp.dstport == 9")
            assert set(values(sent, "eth.dst", "ip.version")) == {(D0, "4"), (D0, "6")}, sent


@SUITE.case
def calibrate_asks_for_a_next_hop_too():
    """Both ways, each side's own."""
    with Topology() as net:
        for n in (0, 1):
            net.ip("device", "addr", "add", f"10.{n + 1}.0.1/24", "dev", f"d{n}")
            net.ip("tester", "addr", "add", f"10.{n + 1}.0.2/24", "dev", f"t{n}")
        check(*net.inside("device", "sysctl", "-qw", "net.ipv4.ip_forward=1"))
        with Capture(net, "device", "d1", "arp or udp", count=60) as tap:
            done = net.run("tester", "calibrate", "--tx", "af_packet:t0", "--rx", "af_packet:t1",
                           *words_of("calibrate"), *gentle([
                               "--bidirectional", "--next-hop", "10.1.0.1,10.2.0.1", "--src-ip",
                               "10.1.0.2", "--dst-ip", "10.2.0.2", "--warm-up", "100ms"]),
                           env={**os.environ, "XDG_STATE_HOME": tap.folder})
        assert done.code == 0, done
        sent = tap.decode("eth.dst", only="udp.dstport == 9")
        assert set(values(sent, "eth.dst")) == {("02:00:00:00:01:01",)}, sent


@SUITE.case
def sockets_set_dscp_and_ttl():
    """And size; each queue is one flow, and takes one port."""
    with Topology(pairs=0, ipv6=True) as net:
        for verb, host, ip, dscp, ttl, engine in (
                ("trial", "127.0.0.1", "ip", "ip.dsfield.dscp", "ip.ttl", "mmsg"),
                ("search", "[::1]", "ipv6", "ipv6.tclass.dscp", "ipv6.hlim", "io_uring")):
            with Capture(net, "tester", "lo") as tap:
                done = net.run("tester", verb, "--tx", f"io_uring:{host}:7941,engine={engine}", "--rx",
                               f"io_uring:{host}:7951,engine={engine}", *words_of(verb), *gentle([
                                   "--dscp", "46", "--ttl", "7", "--size", "128", "--queues", "2",
                                   "--flows", "2"]))
            assert done.code in (0, INVALID), done
            seen = values(tap.decode(dscp, ttl, f"{ip}.version", "udp.srcport", "udp.dstport", "frame.len"),
                          dscp, ttl, f"{ip}.version", "udp.srcport", "udp.dstport", "frame.len")
            headers = document(done.out)["trials"][0]["directions"][0]["headers"]
            assert set(seen) == {("46", "7", "4" if ip == "ip" else "6", str(port), str(7951 + n), "124")
                                 for n, port in enumerate(headers["src_ports"])}, (seen, headers)
            assert min(seen.values()) > 30, seen


if __name__ == "__main__":
    sys.exit(SUITE.main())
