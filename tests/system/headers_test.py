"""The headers of the frames: what is asked for, what is told of them, and what leaves. Judged by a
router that is the kernel's, by captures and by the kernel's counters.
"""

import json
import os
import sys

from cable import cable
from expect import PRECONDITION, USAGE, document, refused, refused_in
from harness import Skip, Suite, Topology, check, run, wireproof

SUITE = Suite()
BACKENDS = ("af_packet", "af_xdp")
LOAD = ("--rate", "1kpps", "--duration", "300ms", "--burst", "1024")
MEMORY = ("trial", "--tx", "loopback:a", "--rx", "loopback:b", "--rate", "1kpps", "--duration", "100ms")
D0, D1 = "02:00:00:00:01:00", "02:00:00:00:01:01"
WRONG = "02:00:00:00:00:99"
NEIGHBOUR = os.path.join(os.path.dirname(os.path.abspath(__file__)), "tagged_neighbour.py")
ROUTED = ("--src-ip", "10.1.0.2", "--dst-ip", "10.2.0.2")
ROUTED6 = ("--ipv6", "--size", "128", "--src-ip", "2001:2:1::2", "--dst-ip", "2001:2:2::2")


def router(net):
    """`device` routes between 10.1.0.0/24 and 10.2.0.0/24 (2001:2:1::/64 and 2001:2:2::/64); the
    tester is host 2 of each."""
    for where, host in (("device", 1), ("tester", 2)):
        for n in (0, 1):
            name = f"{where[0]}{n}"
            net.ip(where, "addr", "add", f"10.{n + 1}.0.{host}/24", "dev", name)
            if net.ipv6:
                net.ip(where, "addr", "add", f"2001:2:{n + 1}::{host}/64", "dev", name, "nodad")
    families = ["net.ipv4.ip_forward=1"] + (["net.ipv6.conf.all.forwarding=1"] if net.ipv6 else [])
    check(*net.inside("device", "sysctl", "-qw", *families))


def port(backend, name):
    return f"dpdk:net_af_packet{name[1]},iface={name}" if backend == "dpdk" else f"{backend}:{name}"


def trial(net, backend, *more, rx="t1"):
    done = net.run("tester", "trial", "--tx", port(backend, "t0"), "--rx",
                   port(backend, rx) if rx != "none" else rx, *LOAD, *more, "--json")
    found = document(done.out)
    assert found["trials"], done
    return found, done


def received(net, where, name):
    return json.loads(net.ip(where, "-j", "-s", "link", "show", name))[0]["stats64"]["rx"]["packets"]


def lossless(found):
    for direction in found["trials"][0]["directions"]:
        counts = direction["counts"]
        assert counts["lost"] == 0 and counts["unique"] == counts["offered"] > 0, direction


@SUITE.case_for_each(BACKENDS)
def both_ways_through_a_router(backend):
    with Topology() as net:
        router(net)
        before = [received(net, "device", name) for name in ("d0", "d1")]
        found, _ = trial(net, backend, "--bidirectional", "--next-hop", "10.1.0.1,10.2.0.1", *ROUTED)
        lossless(found)
        there, back = found["trials"][0]["directions"]
        for n, (direction, was) in enumerate(zip((there, back), before)):
            got = received(net, "device", f"d{n}") - was
            assert got >= direction["counts"]["offered"], (got, direction["counts"])
        h = there["headers"], back["headers"]
        assert [x["dst_mac"] for x in h] == [D0, D1], h
        assert [x["src_mac"] for x in h] == ["02:00:00:00:00:00", "02:00:00:00:00:01"], h
        assert [x["next_hop"] for x in h] == ["10.1.0.1", "10.2.0.1"], h
        assert [(x["src_ip"], x["dst_ip"]) for x in h] == [("10.1.0.2", "10.2.0.2"),
                                                           ("10.2.0.2", "10.1.0.2")], h
        config = found["config"]["headers"]
        assert config["reverse"]["next_hop"] == "10.2.0.1", config


@SUITE.case_for_each(BACKENDS)
def the_way_back_is_never_guessed(backend):
    """One alone is refused, for every verb, and so are two where there is one direction."""
    with Topology() as net:
        for verb, more in (("trial", ("--rate", "1kpps")), ("search", ()), ("calibrate", ())):
            ports = (verb, "--tx", f"{backend}:t0", "--rx", f"{backend}:t1", *more)
            for flag, one in (("--next-hop", "10.1.0.1"), ("--dst-mac", D0)):
                refused_in(net, *ports, "--bidirectional", flag, one, USAGE,
                           [flag, "reverse", "never guessed"])
                refused_in(net, *ports, flag, f"{one},{one}", USAGE, [flag, "--bidirectional"])


@SUITE.case
def each_direction_has_its_own_addresses():
    """Neither the exchange of the other's: as the frames say that a capture holds."""
    with Topology(pairs=0) as net:
        cable(net)
        # Each at the end that receives: what leaves past the queueing discipline is tapped nowhere.
        dumps = [capture(net, name, "udp", count=5) for name in ("c0", "c1")]
        done = net.run("tester", "trial", "--tx", "af_packet:c0", "--rx", "af_packet:c1", "--bidirectional",
                       "--rate", "20pps", "--duration", "500ms", "--warm-up", "0", "--src-mac",
                       "02:00:00:00:0a:0a,02:00:00:00:0b:0b", "--src-ip", "10.1.0.1,10.2.0.1", "--dst-ip",
                       "10.3.0.1,10.4.0.1", "--ttl", "9", "--dscp", "11", "--json")
        found = document(done.out)
        lossless(found)
        seen = {frame for dump in dumps for frame in frames_of(dump)}
        told = {(d["headers"]["src_mac"], d["headers"]["src_ip"], d["headers"]["dst_ip"], 11 << 2, 9)
                for d in found["trials"][0]["directions"]}
        assert told == {("02:00:00:00:0a:0a", "10.1.0.1", "10.3.0.1", 44, 9),
                        ("02:00:00:00:0b:0b", "10.2.0.1", "10.4.0.1", 44, 9)}, told
        assert seen == told, (seen, told)


def capture(net, interface, *expression, count=1):
    if run("tcpdump", "--version").code != 0:
        raise Skip("needs tcpdump")
    dump = net.start_command("tester", "tcpdump", "-xx", "-nn", "-t", "--immediate-mode", "-c", count,
                             "-i", interface, *expression)
    dump.wait_for("listening on")
    return dump


def bytes_of(dump):
    """Of each frame that tcpdump -xx printed."""
    done = dump.wait(15)
    packets, text = [], ""
    for line in done.out.splitlines() + [""]:
        if line.startswith("\t0x"):
            text += line.split(":", 1)[1].replace(" ", "")
        elif text:
            packets.append(bytes.fromhex(text))
            text = ""
    assert packets, done
    return packets


def frames_of(dump):
    for frame in bytes_of(dump):
        assert frame[12:14] == b"\x08\x00", frame
        yield (frame[6:12].hex(":"), ".".join(map(str, frame[26:30])), ".".join(map(str, frame[30:34])),
               frame[15], frame[22])


@SUITE.case
def silence_is_told_at_once():
    """A router does not take what is not for its MAC."""
    with Topology() as net:
        router(net)
        found, done = trial(net, "af_packet", "--dst-mac", WRONG, *ROUTED)
        notes = [note for note in found["trials"][0]["notes"] if "arrived undamaged" in note]
        assert len(notes) == 1 and "of the warm-up" in notes[0] and WRONG in notes[0], notes
        assert done.err.count("arrived undamaged") == 1 and "destination MAC" in done.err, done
        found, done = trial(net, "af_packet", "--dst-mac", D0, *ROUTED)
        assert "arrived undamaged" not in done.err + str(found["trials"][0]["notes"]), done
        quiet = net.run("tester", "trial", "--tx", "af_packet:t0", "--rx", "af_packet:t1", *LOAD,
                        "--dst-mac", WRONG, *ROUTED, "-q")
        assert quiet.err == "", quiet


@SUITE.case_for_each(BACKENDS)
def neighbour_entries_are_not_believed(backend):
    """Stale or fresh, unless the user made them permanent; IPv4 and IPv6."""
    with Topology(ipv6=True) as net:
        router(net)
        for hop, traffic in (("10.1.0.1", ROUTED), ("2001:2:1::1", ROUTED6)):
            for state in ("stale", "reachable"):
                net.ip("tester", "neigh", "replace", hop, "lladdr", WRONG, "nud", state, "dev", "t0")
                found, _ = trial(net, backend, "--next-hop", hop, *traffic)
                assert found["trials"][0]["directions"][0]["headers"]["dst_mac"] == D0, found["trials"]
                lossless(found)
        net.ip("tester", "neigh", "replace", "10.1.0.1", "lladdr", WRONG, "nud", "permanent", "dev", "t0")
        found, _ = trial(net, backend, "--next-hop", "10.1.0.1", *ROUTED, rx="none")
        assert found["trials"][0]["directions"][0]["headers"]["dst_mac"] == WRONG, found["trials"]


@SUITE.case_for_each((*BACKENDS, "dpdk"))
def neighbours_are_asked_under_the_tag(backend):
    """The neighbour is in VLAN 5 alone, and there with a MAC of its own. DPDK's port asks by itself."""
    usable = json.loads(wireproof("backends", "--json").out)["backends"]
    if not any(one["name"] == backend and one["state"] == "usable" for one in usable):
        raise Skip(f"{backend} is not usable here")
    with Topology(ipv6=True) as net:
        mac = "02:00:00:00:05:05"
        neighbour = net.start_command("device", sys.executable, NEIGHBOUR, "d0", "5", mac, "10.1.0.1",
                                      "2001:2:1::1")
        neighbour.wait_for("ready")
        for hop, traffic in (("10.1.0.1", ROUTED), ("2001:2:1::1", ROUTED6)):
            found, _ = trial(net, backend, "--vlan", "5", "--size", "128", "--next-hop", hop,
                             *(word for word in traffic if word not in ("--size", "128")), rx="none")
            told = found["trials"][0]["directions"][0]["headers"]
            assert (told["dst_mac"], told["vlan"]) == (mac, 5), told
        asked = [line for line in neighbour.output()[0].splitlines() if line.startswith("asked")]
        assert set(asked) == {"asked ARP under 5", "asked ND under 5"}, asked


@SUITE.case_for_each(BACKENDS)
def a_tag_is_no_part_of_the_mtu(backend):
    """Through a device that forwards it; one byte more is refused. By the kernel's count of bytes."""
    with Topology() as net:
        dut = net.start("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1")
        dut.wait_for("forwarding")
        before = json.loads(net.ip("tester", "-j", "-s", "link", "show", "t0"))[0]["stats64"]["tx"]
        found, _ = trial(net, backend, "--vlan", "5", "--size", "1522", "--warm-up", "0")
        lossless(found)
        after = json.loads(net.ip("tester", "-j", "-s", "link", "show", "t0"))[0]["stats64"]["tx"]
        sent = after["packets"] - before["packets"]
        assert after["bytes"] - before["bytes"] == 1518 * sent, (before, after)
        assert sent == found["trials"][0]["directions"][0]["counts"]["offered"], (sent, found["trials"])
        dut.stop()
        refused_in(net, "trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1", *LOAD, "--vlan", "5",
                   "--size", "1523", PRECONDITION, ["MTU", "1523", "1501"])
        refused_in(net, "trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1", *LOAD, "--size", "1519",
                   PRECONDITION, ["MTU", "1519", "1501"])


@SUITE.case
def mixes_are_raised_to_what_has_room():
    """A hundred times the mix as sent, by the kernel's count of bytes; and the bits that are told."""
    for more, least in ((("--vlan", "5"), 68), (("--ipv6",), 84), (("--ipv6", "--vlan", "5"), 88)):
        with Topology(pairs=0) as net:
            cable(net)
            done = net.run("tester", "trial", "--tx", "af_packet:c0", "--rx", "af_packet:c1", "--size",
                           "imix", "--rate", "4kpps", "--duration", "300ms", "--warm-up", "0", "--burst",
                           "1024", *more, "--json")
            sent = json.loads(net.ip("tester", "-j", "-s", "link", "show", "c0"))[0]["stats64"]["tx"]
        found = document(done.out)
        lossless(found)
        assert sent["packets"] == found["trials"][0]["directions"][0]["counts"]["offered"] > 1000, sent
        # Where the sender was kept from the last frames, the last round of the mix is not whole.
        rounds, rest = divmod(sent["packets"], 12)
        last = sent["bytes"] + 4 * sent["packets"] - rounds * (7 * least + 4 * 570 + 1518)
        assert rest * least <= last <= rest * 1518, (sent, rounds, rest)
        sizes = found["config"]["frame_sizes"]
        assert sorted(set(sizes)) == [least, 570, 1518] and len(sizes) == 12, sizes
        assert any(str(least) in note and "imix" in note for note in found["notes"]), found["notes"]
        direction = found["trials"][0]["directions"][0]
        mean = sum(sizes) / 12
        assert abs(direction["offered_l2_bps"] / direction["offered_fps"] - 8 * mean) < 1e-6, direction
    genome = wireproof(*MEMORY, "--size", "aaag", "--ipv6", "--json")
    assert document(genome.out)["config"]["frame_sizes"] == [84, 84, 84, 1518], genome


@SUITE.case
def layer_3_is_what_header_tag_and_fcs_leave():
    for more, size, fps in (((), 64, 10e6 / 8 / 46), (("--vlan", "5"), 68, 10e6 / 8 / 46),
                            (("--vlan", "5", "--ipv6"), 88, 10e6 / 8 / 66)):
        done = wireproof("trial", "--tx", "loopback:a", "--rx", "loopback:b", "--rate", "10Mbps",
                         "--rate-layer", "l3", "--size", size, *more, "--duration", "50ms", "--json")
        found = document(done.out)["trials"][0]
        assert abs(found["intended_fps"] - fps) < 1e-3, (found["intended_fps"], fps)
        direction = found["directions"][0]
        tag = 4 if more else 0
        assert abs(direction["offered_l3_bps"] / direction["offered_fps"]
                   - 8 * (size - 18 - tag)) < 1e-6, direction
    done = wireproof(*MEMORY[:5], "--rate", "10Mbps", "--rate-layer", "l3", "--size", "68", "--vlan", "5",
                     "--duration", "1s", "--dry-run")
    assert done.code == 0 and "27,174 frames" in done.out, done


@SUITE.case
def addresses_that_no_host_has():
    for flag in ("--src-mac", "--dst-mac"):
        for mac in ("01:00:5e:00:00:01", "ff:ff:ff:ff:ff:ff", "00:00:00:00:00:00"):
            refused(*MEMORY, flag, mac, USAGE, [flag, "unicast"])
    for flag in ("--src-ip", "--dst-ip"):
        for ip in ("127.0.0.1", "0.0.0.9", "239.1.1.1", "255.255.255.255"):
            refused(*MEMORY, flag, ip, USAGE, [flag, ip])
    for ip in ("ff02::1", "::", "::1"):
        refused(*MEMORY, "--ipv6", "--size", "128", "--dst-ip", ip, USAGE, ["--dst-ip", ip])
    for ip in ("223.255.255.255", "126.255.255.255", "255.255.255.253"):
        refused(*MEMORY, "--dst-ip", ip, "--flows", "40000", USAGE, ["--dst-ip", ip, "40000"])
    refused(*MEMORY, "--ipv6", "--size", "128", "--dst-ip", "2001:2::ffff:ffff", "--flows", "20000", USAGE,
            ["--dst-ip", "last address"])
    # The reverse direction's count up too, from the forward one's source.
    refused(*MEMORY, "--bidirectional", "--src-ip", "223.255.255.255", "--flows", "20000", USAGE,
            ["--src-ip", "multicast"])
    done = wireproof(*MEMORY, "--src-ip", "223.255.255.255", "--flows", "20000", "--json")
    assert done.code == 0, done
    refused(*MEMORY, "--ipv6", "--src-ip", "10.0.0.1", "--size", "128", USAGE, ["--src-ip", "IPv6"])
    for ip in ("224.0.0.1", "0.0.0.0"):
        refused(*MEMORY, "--next-hop", ip, USAGE, ["--next-hop", ip, "unicast"])
    refused(*MEMORY, "--ipv6", "--next-hop", "10.0.0.1", "--size", "128", USAGE, ["--next-hop", "IPv6"])


@SUITE.case_for_each(BACKENDS)
def frames_to_ourselves(backend):
    with Topology() as net:
        ports = ("trial", "--tx", f"{backend}:t0", "--rx", f"{backend}:t1", *LOAD)
        refused_in(net, *ports, "--dst-mac", "02:00:00:00:00:00", USAGE, ["02:00:00:00:00:00", "t0"])
        refused_in(net, *ports, "--src-mac", D0, "--dst-mac", D0, USAGE, [D0, "source MAC"])


@SUITE.case
def sockets_send_what_is_said_of_them():
    """Length, DSCP, TTL, addresses and ports: as told, and as captured."""
    with Topology(pairs=0, ipv6=True) as net:
        for host, v6 in (("127.0.0.1", False), ("[::1]", True)):
            ports = ("--tx", f"io_uring:{host}:7931", "--rx", f"io_uring:{host}:7932")
            for engine in ("mmsg", "io_uring"):
                dump = capture(net, "lo", "udp", "dst", "port", "7932")
                done = net.run("tester", "trial", ports[0], ports[1] + f",engine={engine}", *ports[2:],
                               *LOAD, "--size", "128", "--dscp", "46", "--ttl", "7", "--json")
                check_socket_headers(document(done.out), bytes_of(dump)[0][14:], v6)


def check_socket_headers(found, packet, v6):
    direction = found["trials"][0]["directions"][0]
    told = direction["headers"]
    udp = packet[40 if v6 else 20:]
    assert told["ip_version"] == packet[0] >> 4 == (6 if v6 else 4), told
    # The whole frame, with the Ethernet header that the kernel's would have, and the FCS.
    assert len(packet) + 14 + 4 == found["trials"][0]["frame_size"] == 128, packet
    if v6:
        dscp, ttl = (packet[0] << 8 | packet[1]) >> 6 & 63, packet[7]
        assert int.from_bytes(packet[4:6], "big") == 128 - 18 - 40, packet
    else:
        dscp, ttl = packet[1] >> 2, packet[8]
        assert int.from_bytes(packet[2:4], "big") == 128 - 18, packet
    assert (dscp, ttl) == (told["dscp"], told["ttl"]) == (46, 7), (dscp, ttl, told)
    assert (found["config"]["dscp"], found["config"]["ttl"]) == (46, 7), found["config"]
    assert int.from_bytes(udp[0:2], "big") == told["src_port"], told
    assert int.from_bytes(udp[2:4], "big") == told["dst_port"] == 7932, told
    assert found["config"]["dst_port"] == 7932 and "src_port" not in found["config"], found["config"]
    assert abs(direction["offered_l2_bps"] / direction["offered_fps"] - 8 * 128) < 1e-6, direction


@SUITE.case
def flags_that_sockets_cannot_keep():
    v4 = ("trial", "--tx", "io_uring:127.0.0.1:0", "--rx", "io_uring:127.0.0.1:0", "--rate", "1kpps")
    for flag, value in (("--src-ip", "127.0.0.2"), ("--dst-ip", "127.0.0.2"), ("--src-port", "5000"),
                        ("--dst-port", "5000"), ("--vlan", "5"), ("--src-mac", D0), ("--dst-mac", D0),
                        ("--next-hop", "127.0.0.2")):
        refused(*v4, flag, value, USAGE, [flag, "socket"])
        done = wireproof(*v4, flag, value, "--dry-run")
        assert done.code == USAGE, done
    refused(*v4, "--ipv6", USAGE, ["--ipv6", "127.0.0.1"])
    refused(*v4, "--flows", "2", USAGE, ["--flows 2", "--flows 1"])
    refused("trial", "--tx", "io_uring:127.0.0.1:0", "--rx", "io_uring:[::1]:0", "--rate", "1kpps", USAGE,
            ["127.0.0.1", "::1", "family"])
    refused("trial", "--tx", "io_uring:[::1]:0", "--rx", "io_uring:[::1]:0", "--rate", "1kpps", "--size",
            "64", USAGE, ["84"])
    refused("trial", "--tx", "io_uring:127.0.0.1:0", "--rx", "none", "--rate", "1kpps", USAGE,
            ["--rx none"])
    done = wireproof(*v4, "--queues", "2", "--flows", "2", "--duration", "100ms", "--json")
    found = document(done.out)["trials"][0]["directions"][0]
    assert found["counts"]["lost"] == 0 and len(set(found["headers"]["src_ports"])) == 2, done


@SUITE.case
def a_plan_shows_the_headers():
    done = wireproof(*MEMORY, "--bidirectional", "--next-hop", "10.1.0.1,10.2.0.1", "--src-mac",
                     "02:00:00:00:0a:0a,02:00:00:00:0b:0b", "--vlan", "7", "--size", "128", "--dscp", "3",
                     "--flows", "4", "--dry-run")
    lines = [line for line in done.out.splitlines() if line.startswith("headers")]
    assert len(lines) == 2, done
    for line, words in zip(lines, (["forward", "02:00:00:00:0a:0a", "10.1.0.1 will be asked"],
                                   ["reverse", "02:00:00:00:0b:0b", "10.2.0.1 will be asked"])):
        for word in [*words, "VLAN 7", "49152-49155 to 9", "TTL 64", "DSCP 3"]:
            assert word in line, (word, line)
    done = wireproof(*MEMORY, "--vlan", "7", "--size", "128", "-v")
    shown = " ".join(done.out[done.out.index("headers  a -> b"):].split())
    assert ("a -> b: 02:77:70:00:00:0a to 02:77:70:00:00:0b, VLAN 7, 198.18.0.1 to 198.19.0.1, UDP port "
            "49152 to 9, TTL 64, DSCP 0") in shown, done
    done = wireproof(*MEMORY, "--dry-run")
    assert "loopback:a's own MAC to loopback:b's own MAC" in done.out, done


if __name__ == "__main__":
    sys.exit(SUITE.main())
