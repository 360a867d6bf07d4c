"""Frames made and read without the program: raw sockets, checksums, the signature of
docs/signature.md. For tests that need a second opinion."""

import os
import socket
import struct
import threading
import time

ETH_P_ALL = 3
SOL_PACKET = 263
PACKET_IGNORE_OUTGOING = 23
SO_RCVBUFFORCE = 33
MAGIC = 0x5750
SRC_IP, DST_IP = "198.18.0.1", "198.19.0.1"
SRC_PORT, DST_PORT = 49152, 9


def checksum(data):
    """RFC 1071."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total >> 16) + (total & 0xffff)
    return ~total & 0xffff


def udp(payload, src_mac="02:00:00:00:00:00", dst_mac="02:00:00:00:00:01", src_ip=SRC_IP,
        dst_ip=DST_IP, src_port=SRC_PORT, dst_port=DST_PORT):
    """An Ethernet frame, at least 60 bytes, all checksums right."""
    source, destination = socket.inet_aton(src_ip), socket.inet_aton(dst_ip)
    length = 8 + len(payload)
    pseudo = source + destination + struct.pack("!BBH", 0, 17, length)
    head = struct.pack("!HHH", src_port, dst_port, length)
    check = checksum(pseudo + head + b"\0\0" + payload) or 0xffff
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + length, 0, 0, 64, 17, 0) + source + destination
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    macs = bytes.fromhex((dst_mac + src_mac).replace(":", ""))
    frame = macs + b"\x08\x00" + ip + head + struct.pack("!H", check) + payload
    return frame.ljust(60, b"\0")


def lateness_code(lateness):
    """The 12 bits that say by how many ns a frame was late: exact below 256, then 128 steps to each
    power of two."""
    lateness = min(lateness, 2**38 - 1)
    shift = max(lateness.bit_length() - 8, 0)
    return 128 * shift + (lateness >> shift)


def lateness_range(code):
    """(least, greatest) lateness in ns of a code."""
    shift = max(code // 128 - 1, 0)
    low = code - 128 * shift
    return low << shift, ((low + 1) << shift) - 1


def signature(trial, space, sequence, stamp=0, magic=MAGIC, lateness=0):
    """The 18 bytes at the head of the UDP payload. stamp: ns since the start of the phase; lateness: ns
    after the scheduled time."""
    time_word = (stamp % 2**36) << 12 | lateness_code(lateness)
    return (struct.pack("!HH", magic, trial) + space.to_bytes(3, "big") +
            sequence.to_bytes(5, "big") + time_word.to_bytes(6, "big"))


def read_signature(frame):
    """(trial, space, sequence) of an IPv4/UDP frame that bears one, else None."""
    if len(frame) < 60 or frame[12:14] != b"\x08\x00" or frame[23] != 17:
        return None
    payload = frame[42:60]
    if payload[:2] != MAGIC.to_bytes(2, "big"):
        return None
    # Bit 22 is no part of the space: the frame left in or behind a burst (docs/signature.md).
    return (int.from_bytes(payload[2:4], "big"), int.from_bytes(payload[4:7], "big") & ~(1 << 22),
            int.from_bytes(payload[7:12], "big"))


def read_times(frame):
    """(ns since the start of the phase modulo 2^36, lateness code) of such a frame."""
    word = int.from_bytes(frame[54:60], "big")
    return word >> 12, word & 0xfff


class Namespace:
    """`with Namespace(name):` this thread makes sockets in that network namespace."""

    def __init__(self, name):
        self.name = name

    def __enter__(self):
        self._before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        there = os.open(f"/run/netns/{self.name}", os.O_RDONLY)
        try:
            setns(there)
        finally:
            os.close(there)

    def __exit__(self, *_):
        setns(self._before)
        os.close(self._before)


def setns(descriptor):
    """os.setns came with Python 3.12."""
    import ctypes  # pylint: disable=import-outside-toplevel
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, 0x40000000) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def raw_socket(namespace, interface, receive=False):
    """A raw socket on an interface of a namespace; it hears nothing of its own host's sending."""
    with Namespace(namespace):
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        sock.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        if receive:
            sock.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
        sock.bind((interface, ETH_P_ALL if receive else 0))
    return sock


def send(sock, frames, per_second=0):
    """Sends them in order, evenly where a rate is given; returns the seconds it took."""
    begin = time.monotonic()
    for number, frame in enumerate(frames):
        if per_second:
            while time.monotonic() - begin < number / per_second:
                pass
        sock.send(frame)
    return time.monotonic() - begin


class Receiver:
    """Collects (seconds by the monotonic clock, frame) from an interface until stopped."""

    def __init__(self, namespace, interface):
        self.frames = []
        self._sock = raw_socket(namespace, interface, receive=True)
        self._sock.settimeout(0.1)
        self._stop = False
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self):
        while True:
            try:
                frame = self._sock.recv(2048)
                self.frames.append((time.monotonic(), frame))
            except socket.timeout:
                if self._stop:
                    return

    def stop(self):
        """Waits until nothing has come for 0.1 s and returns what did."""
        self._stop = True
        self._thread.join(10)
        self._sock.close()
        return self.frames
