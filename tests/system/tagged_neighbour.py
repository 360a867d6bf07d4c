"""A station that lives in one VLAN of an interface alone: answers ARP and neighbour solicitations that
come under the tag, and says what it was asked. A program of its own, for a namespace of its own.

    tagged_neighbour.py INTERFACE VLAN MAC IPV4 IPV6
"""

import socket
import struct
import sys

from frames import ETH_P_ALL, SOL_PACKET, checksum

PACKET_AUXDATA = 8
VLAN_VALID = 1 << 4


def tag_of(ancillary):
    for level, kind, data in ancillary:
        if (level, kind) == (SOL_PACKET, PACKET_AUXDATA):
            status, = struct.unpack_from("=I", data)
            return struct.unpack_from("=H", data, 16)[0] & 0xfff if status & VLAN_VALID else 0
    return 0


def main(interface, vlan, mac, ipv4, ipv6):
    vlan, mac = int(vlan), bytes.fromhex(mac.replace(":", ""))
    ipv4, ipv6 = socket.inet_aton(ipv4), socket.inet_pton(socket.AF_INET6, ipv6)
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL))
    wire.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
    wire.bind((interface, 0))
    print("ready", flush=True)
    while True:
        frame, ancillary, _, _ = wire.recvmsg(2048, 256)
        kind, tag = frame[12:14], tag_of(ancillary)
        arp = kind == b"\x08\x06" and frame[20:22] == b"\0\1" and frame[38:42] == ipv4
        nd = kind == b"\x86\xdd" and frame[20] == 58 and frame[54] == 135 and frame[62:78] == ipv6
        if not arp and not nd:
            continue
        print("asked", "ARP" if arp else "ND", "under", tag, flush=True)
        if tag != vlan:
            continue
        head = frame[6:12] + mac + b"\x81\x00" + vlan.to_bytes(2, "big") + kind
        if arp:
            wire.send(head + frame[14:20] + b"\0\2" + mac + ipv4 + frame[22:32])
            continue
        message = b"\x88\0\0\0\x60\0\0\0" + ipv6 + b"\2\1" + mac
        pseudo = ipv6 + frame[22:38] + struct.pack("!II", len(message), 58)
        check = checksum(pseudo + message).to_bytes(2, "big")
        ip = struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + ipv6 + frame[22:38]
        wire.send(head + ip + message[:2] + check + message[4:])


if __name__ == "__main__":
    main(*sys.argv[1:])
