#!/usr/bin/env python3
"""What hdr_v2_base64 writes, read back by two who do not know the writer: a decoder in this file,
written from the format, and HdrHistogram's own library under Java, where both are installed
(Debian: libhdrhistogram-java and a JDK such as default-jdk-headless, for the start from source).

usage: hdr_export_test.py PRINT_HDR
"""
import base64
import json
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import zlib

JAR = pathlib.Path(os.environ.get("HDRHISTOGRAM_JAR", "/usr/share/java/hdrhistogram.jar"))
READER = pathlib.Path(__file__).parent / "HdrReader.java"
PERCENTILES = [0.1, 10, 50, 90, 99, 99.9, 99.99]  # as in READER
# By HdrHistogram 2.1.11 for Java: that the decoder below reads what others write.
FOREIGN = "HISTFAAAADN4nJNpmSzMwMAAwiDADKUZgZj3h3sEg/0HqAgbE8ME5q/yXPv7GB8c5dj8l5EJANOZCpg="
FOREIGN_COUNTS = [(1, 1, 3), (2, 2, 1), (4, 4, 200), (2048, 2049, 5), (999936, 1000447, 70000),
                  (59995324416, 60028878847, 1)]
failures = 0


def case(name, wrong):
    global failures
    failures += bool(wrong)
    print(f"not ok {name}: {wrong}" if wrong else f"ok {name}")


def edges(index):
    """The least and greatest value of a counter: 2,048 in the first bucket, 1,024 in each next."""
    shift, low = (0, index) if index < 2048 else (index // 1024 - 1, index % 1024 + 1024)
    return low << shift, ((low + 1) << shift) - 1


def numbers(payload):
    """ZigZag LEB128, at most nine bytes, the ninth with eight bits of its own."""
    at = 0
    while at < len(payload):
        value = 0
        for i in range(9):
            byte = payload[at]
            at += 1
            value |= (byte if i == 8 else byte & 0x7f) << (7 * i)
            if byte < 0x80:
                break
        yield (value >> 1) ^ -(value & 1)


def decode(text):
    """[(low, high, count)] of the steps that are not empty; ValueError on what is not as it must."""
    outer = base64.b64decode(text, validate=True)
    cookie, length = struct.unpack_from(">II", outer)
    if cookie != 0x1c849314 or length != len(outer) - 8:
        raise ValueError(f"compressed: cookie {cookie:#x}, length {length} of {len(outer) - 8}")
    inner = zlib.decompress(outer[8:])
    head = struct.unpack_from(">IIIIQQd", inner)
    if head != (0x1c849313, len(inner) - 40, 0, 3, 1, 60_000_000_000, 1.0):
        raise ValueError(f"header {head} of {len(inner)} bytes")
    counts, index, last = [], 0, 1
    for last in numbers(inner[40:]):
        if last > 0:
            counts.append((*edges(index), last))
        index += max(1, -last)
    if index > 27648 or (counts and last <= 0):
        raise ValueError(f"{index} counters, the last {last}")
    return counts


def expected(sample):
    """What a reader must find: the samples beyond the last step are in it."""
    counts = [tuple(step) for step in sample["counts"]]
    if sample["overflow"]:
        low, high = edges(27647)
        already = counts.pop()[2] if counts and counts[-1][0] == low else 0
        counts.append((low, high, already + sample["overflow"]))
    return counts


def difference(found, wanted):
    if found == wanted:
        return ""
    at = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), "the end")
    return f"{len(found)} steps of {len(wanted)}, other from {at}: {found[-1:]} for {wanted[-1:]}"


def no_java():
    """Why HdrHistogram's own library cannot be asked; empty when it can."""
    if not JAR.is_file():
        return f"no {JAR.name} (package libhdrhistogram-java)"
    java = shutil.which("java")
    if java is None:
        return "no java (package default-jdk-headless)"
    modules = subprocess.run([java, "--list-modules"], capture_output=True, text=True, timeout=60)
    if "jdk.compiler" not in modules.stdout:
        return "this java cannot start a program from source (package default-jdk-headless)"
    return ""


def ask_java(samples):
    """{name: (counts, percentiles, (total, lowest, highest, digits))}"""
    lines = "".join(f"{s['name']} {s['encoded']}\n" for s in samples)
    ran = subprocess.run(["java", "-cp", str(JAR), str(READER)], input=lines, capture_output=True,
                         text=True, timeout=120)
    if ran.returncode:
        raise ValueError(ran.stderr.strip().splitlines()[-1] if ran.stderr else "no word")
    answers = {}
    for line in ran.stdout.splitlines():
        steps, percentiles, rest = line.split(" |")
        name, *words = steps.split()
        words = [int(word) for word in words]
        answers[name] = (list(zip(words[::3], words[1::3], words[2::3])),
                         dict(zip(PERCENTILES, map(int, percentiles.split()))),
                         tuple(map(int, rest.split())))
    return answers


def compare_java(sample, answer):
    counts, percentiles, rest = answer
    wanted = expected(sample)
    total = sum(count for _, _, count in wanted)
    if wrong := difference(counts, wanted):
        return wrong
    if rest != (total, 1, 60_000_000_000, 3):
        return f"total, lowest, highest, digits: {rest}"
    # Where a double cannot hold the rank, there is no telling whose percentile is right.
    for percentile, value in sample["percentiles"] if total < 2**50 else []:
        if percentiles[percentile] != value:
            return f"p{percentile:g}: {percentiles[percentile]} for {value}"
    return ""


def main():
    case("hdr/decoder reads HdrHistogram's own", difference(decode(FOREIGN), FOREIGN_COUNTS))
    printed = subprocess.run([sys.argv[1]], capture_output=True, text=True, check=True, timeout=60)
    samples = [json.loads(line) for line in printed.stdout.splitlines()]
    for sample in samples:
        try:
            wrong = difference(decode(sample["encoded"]), expected(sample))
        except (ValueError, zlib.error, struct.error, IndexError) as error:
            wrong = str(error)
        case(f"hdr/{sample['name']}", wrong)
    if why := no_java():
        for sample in samples:
            print(f"skip hdr/java/{sample['name']}: {why}")
        return 1 if failures else 0
    answers = ask_java(samples)
    for sample in samples:
        case(f"hdr/java/{sample['name']}", compare_java(sample, answers[sample["name"]]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
