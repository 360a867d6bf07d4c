"""What the documents say exists, exists: commands, flags, paths, keys; what they work out comes out
so; and the README's example runs."""

import collections
import csv
import glob
import json
import math
import os
import re
import shlex
import struct
import sys
import tempfile

import frames
from harness import BUILD, ROOT, Skip, Suite, run, wireproof

SUITE = Suite()
DOCUMENTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md",
             *sorted(os.path.relpath(path, ROOT) for path in glob.glob(f"{ROOT}/docs/*.md"))]
# Named as not there yet, or on another host.
ABSENT = {"src/suite", "src/tcp", "src/control", "src/mesh", "drivers/dpdk"}
VERBS = ("trial", "search", "rfc2544", "calibrate", "dut", "backends", "doctor", "cleanup")


def text_of(name):
    with open(os.path.join(ROOT, name), encoding="utf-8") as file:
        return file.read()


def commands(text):
    """Every wireproof command line of the code blocks, continuation lines joined."""
    for block in re.findall(r"^```[a-z]*\n(.*?)^```", text, re.S | re.M):
        for line in re.sub(r"\\\n\s*", "", block).splitlines():
            match = re.match(r"(?:\$ )?(wireproof .*)", line)
            if match:
                yield shlex.split(match.group(1), comments=True)


def flags_of(*verb):
    done = wireproof(*verb, "--help")
    assert done.code == 0, done
    return set(re.findall(r"--[a-z][a-z0-9-]*", done.out)) | set(re.findall(r"-[A-Za-z]\b", done.out))


@SUITE.case
def flags_in_commands_are_flags_of_the_verb():
    known = {verb: flags_of(verb) for verb in VERBS}
    seen = 0
    for name in DOCUMENTS:
        for words in commands(text_of(name)):
            verb = next((word for word in words[1:] if not word.startswith("-")), None)
            if verb is None:
                continue
            assert verb in VERBS, f"{name}: no verb {verb!r} in {words}"
            for word in words[2:]:
                if word.startswith("-") and not re.match(r"-[0-9]", word):
                    assert word.split("=")[0] in known[verb], f"{name}: {verb} has no {word}"
                    seen += 1
    assert seen > 20, f"only {seen} flags found: the documents are read wrongly"


@SUITE.case
def flags_in_the_manual_exist():
    known = set().union(*(flags_of(verb) for verb in VERBS)) | flags_of()
    for flag in set(re.findall(r"`(--[a-z][a-z0-9-]*)", text_of("docs/manual.md"))):
        assert flag in known, f"docs/manual.md: {flag} is no flag of any verb"


@SUITE.case
def tables_of_settings_are_the_programs():
    done = run(os.path.join(ROOT, "scripts", "write_tables"), BUILD, "--check")
    assert done.code == 0 and done.out.startswith("10 tables"), done


@SUITE.case
def paths_exist():
    pattern = r"`((?:src|drivers|tools|tests|scripts|docs)/[A-Za-z0-9_./-]+)"
    missing, seen = [], 0
    for name in DOCUMENTS:
        for path in re.findall(pattern, text_of(name)):
            path = path.rstrip("./")
            seen += 1
            candidates = glob.glob(f"{ROOT}/{path}*")
            if path not in ABSENT and not candidates:
                missing.append(f"{name}: {path}")
    assert seen > 20, seen
    assert not missing, missing


def words_of(name):
    """The text with every run of blanks as one, so that a sentence is found over line ends."""
    return re.sub(r"\s+", " ", text_of(name))


@SUITE.case
def signature_example():
    """The frame of docs/signature.md, field by field and sum by sum."""
    block = re.findall(r"^```\n((?:[0-9a-f]{2}[ \n])+)```", text_of("docs/signature.md"), re.M)
    assert len(block) == 1, block
    frame = bytes.fromhex(block[0].replace("\n", " "))
    assert len(frame) == 60, len(frame)
    assert frame[12:14] == b"\x08\x00" and frame[23] == 17, frame[:34].hex()
    assert frame[26:34] == bytes([198, 18, 0, 1, 198, 19, 0, 1]), frame[26:34]
    assert struct.unpack("!HHH", frame[34:40]) == (49152, 9, 26), frame[34:40]
    assert frames.checksum(frame[14:34]) == 0, "the IPv4 header's sum"
    pseudo = frame[26:34] + struct.pack("!BBH", 0, 17, 26)
    assert frames.checksum(pseudo + frame[34:60]) == 0, "the UDP datagram's sum"
    assert frames.read_signature(frame) == (2, 0, 1000)
    sent, lateness = frames.read_times(frame)
    assert (sent, lateness, frames.lateness_range(lateness)) == (10_000_000, 278, (300, 301)), (sent, lateness)
    assert frame[42:] == frames.signature(2, 0, 1000, stamp=10_000_000, lateness=300)
    assert frame[42:] == frames.signature(2, 0, 1000, stamp=10_000_000 + 2**36, lateness=301)
    assert "300 ns is code 278, which is 300 or 301 ns" in words_of("docs/signature.md")


@SUITE.case
def lateness_codes():
    """What docs/signature.md says of them: exact, or within 0.4 %, without a hole."""
    for lateness in [*range(4096), *(1 << bits for bits in range(39)), 10**9 + 7, 2**38 - 1]:
        code = frames.lateness_code(lateness)
        low, high = frames.lateness_range(code)
        assert code < 4096, (lateness, code)
        if lateness < 2**38:
            assert low <= lateness <= high, (lateness, code, low, high)
            assert (high + 1 - low) / 2 <= max(0.004 * lateness, 0.5), (lateness, low, high)
    ranges = [frames.lateness_range(code) for code in range(4096)]
    assert [after[0] - before[1] for before, after in zip(ranges, ranges[1:])] == [1] * 4095
    assert frames.lateness_range(frames.lateness_code(2**60))[1] == 2**38 - 1


def rfc4737(arrivals, apart=10):
    """Of numbers from 1 without copies, one arrival every `apart`, by the letter of RFC 4737."""
    expected, last = 1, -1
    found = {"reordered": [], "extents": [], "late": [], "n": collections.Counter(),
             "discontinuities": [], "free_runs": []}
    for index, number in enumerate(arrivals):
        if number >= expected:
            if number > expected:
                found["discontinuities"].append(number - expected)
            expected = number + 1
            continue
        first = next(i for i, other in enumerate(arrivals) if other > number)
        before = 0
        while before < index and arrivals[index - before - 1] > number:
            before += 1
        found["reordered"].append(number)
        found["extents"].append(index - first)
        found["late"].append((index - first) * apart)
        found["n"].update(range(1, before + 1))
        found["free_runs"].append(index - last - 1)
        last = index
    found["free_runs"].append(len(arrivals) - last - 1)
    found["n"] = [found["n"][n] for n in sorted(found["n"])]
    return found


@SUITE.case
def metrics_of_order():
    page = words_of("docs/metrics.md")
    first = rfc4737([1, 2, 3, 5, 6, 7, 8, 4, 9, 10])
    assert first == {"reordered": [4], "extents": [4], "late": [40], "n": [1, 1, 1, 1],
                     "discontinuities": [1], "free_runs": [7, 2]}, first
    assert ("1 2 3 5 6 7 8 4 9 10, one every 10 us. Reordered: 4. Ratio 0.1; extent 4, since 5 came four "
            "places earlier; late time 40 us; n_reordering 1 1 1 1; one discontinuity, of one number; "
            "free runs of 7 and 2.") in page
    second = rfc4737([1, 2, 3, 4, 7, 5, 6, 8, 9, 10])
    assert (second["extents"], second["n"]) == ([1, 2], [1]), second
    assert (second["discontinuities"], second["free_runs"]) == ([2], [5, 0, 3]), second
    assert ("1 2 3 4 7 5 6 8 9 10: extents 1 and 2, n_reordering 1, because 6 came right behind 5; one "
            "discontinuity, of two numbers; free runs of 5, 0 and 3.") in page
    lost = sorted(set(range(10)) - {0, 1, 4, 5, 9})
    starts = [number for number in lost if number - 1 not in lost]
    assert (lost, starts) == ([2, 3, 6, 7, 8], [2, 6])
    assert "0 1 4 5 9. Lost: 2 3 and 6 7 8: two bursts, the longest 3, 2.5 in the mean." in page


@SUITE.case
def metrics_of_delay():
    page = words_of("docs/metrics.md")
    jitter, told = 0.0, ["0"]
    delays = [20, 10, 20, 25, 20, 20, 60, 20]
    for before, delay in zip(delays, delays[1:]):
        jitter += (abs(delay - before) - jitter) / 16
        told.append(f"{jitter:.4f}".rstrip("0"))
    assert f"{' '.join(map(str, delays))} give J = {' '.join(told)}." in page, told
    delays = delays[:5]
    ipdv = [delay - before for before, delay in zip(delays, delays[1:])]
    assert f"give {' '.join(map(str, ipdv))}: four pairs, 7.5 in the mean of sizes" in page, ipdv
    assert sum(map(abs, ipdv)) / len(ipdv) == 7.5 and (min(ipdv), max(ipdv)) == (-10, 10)
    pdv = [delay - min(delays) for delay in delays]
    assert f"give {' '.join(map(str, pdv))}. With the second frame lost: 0 0 5 0." in page, pdv
    assert [delay - 20 for delay in delays if delay != 10] == [0, 0, 5, 0]
    # Nearest rank of 20 samples, and the 1,024 steps between 8,192 and 16,384 ns.
    rank = sorted(range(1000, 21_000, 1000))[math.ceil(0.5 * 20) - 1]
    step = 8192 // 1024
    assert (rank, rank // step * step + step - 1) == (10_000, 10_007)
    assert "p50 is the tenth, 10,000 ns; steps there are 8 ns wide, and it is told as 10,007." in page
    from_schedule = [1000 - 100 * frame + 50 for frame in range(11)]
    assert (from_schedule[0], from_schedule[-1], sum(from_schedule) / 11) == (1050, 50, 550)
    assert "they are 1,050, 950 ... 50 us, 550 in the mean." in page


@SUITE.case
def metrics_name_every_key():
    """Every key of these parts of the schema is defined on the page, and no key there is made up."""
    page = text_of("docs/metrics.md")
    schema = json.loads(text_of("docs/schema/result-1.0.schema.json"))
    parts = schema["$defs"]
    direction = parts["direction"]["properties"]
    known = set()
    for part in (parts["latency"], parts["distribution"], parts["jitter"], parts["preemptions"],
                 parts["preemptions"]["properties"]["log"]["items"], parts["interval"]["properties"]["delay"],
                 direction["reordering"], direction["loss_bursts"], direction["pacing"],
                 direction["receiver"]):
        known |= set(part["properties"])
    named = set(re.findall(r"[a-z0-9_]+", " ".join(re.findall(r"`([^`]+)`", page))))
    assert len(known) > 50, len(known)
    assert not known - named, f"docs/metrics.md does not name {sorted(known - named)}"
    keys = set(re.findall(r'"([a-z0-9_]+)": ', text_of("docs/schema/result-1.0.schema.json")))
    keys |= {"burst", "frame", "one_way", "round_trip", "same_clock", "constant", "poisson", "bursty",
             "precise", "poll", "off", "ipdv_", "pdv_"}
    made_up = {word for word in re.findall(r"`([a-z0-9_]+)`", page)} - keys
    assert not made_up, f"docs/metrics.md: no key of a result: {sorted(made_up)}"


@SUITE.case
def frame_log_and_pointers():
    """A run's log is as docs/frame-log.md draws it, and the manual's pointers lead somewhere."""
    head = re.search(r"^```\n(.*)\n", text_of("docs/frame-log.md"), re.M).group(1)
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "log.csv")
        done = wireproof("trial", "--tx", "loopback:a,duplicate=5%,reorder=5%,loss=5%", "--rx", "loopback:b",
                         "--rate", "2kpps", "--duration", "1s", "--flows", "3", "--burst", "256",
                         "--frame-log", path, "--json", timeout=60)
        assert done.code in (0, 6), done
        with open(path, encoding="ascii") as file:
            assert file.readline() == head + "\n", head
            file.seek(0)
            rows = list(csv.DictReader(file))
    direction = done.json["trials"][0]["directions"][0]
    counts = direction["counts"]
    classes = collections.Counter(row["class"] for row in rows)
    assert classes["in_order"] + classes["reordered"] == counts["unique"] > 1000, (classes, counts)
    assert (classes["duplicate"], classes["reordered"]) == (counts["duplicate"], counts["reordered"])
    assert counts["duplicate"] > 20 < counts["reordered"], counts
    delays = [int(row["arrived_ns"]) - int(row["sent_ns"]) for row in rows
              if row["class"] in ("in_order", "reordered")]
    latency = direction["latency"]
    assert (min(delays), max(delays)) == (latency["min_ns"], latency["max_ns"]), latency
    for row in rows:  # one is due every 500 us; the lateness is known to 0.4 %
        due, lateness = int(row["scheduled_ns"]), int(row["sent_ns"]) - int(row["scheduled_ns"])
        assert lateness >= 0 and abs(due - round(due / 500_000) * 500_000) <= 0.004 * lateness + 1, row
    assert {row["space"] for row in rows} == {"0", "1", "2"}
    pointers = re.findall(r"`/(trials/0/directions[^`]*)`", text_of("docs/manual.md"))
    assert len(pointers) > 6, pointers
    for pointer in pointers:
        if "floor_ns" in pointer:  # there only where somebody calibrated
            continue
        value = done.json
        for word in pointer.split("/"):
            value = value[int(word) if word.isdigit() else word]


@SUITE.case
def readme_names_the_two_commands():
    readme = text_of("README.md")
    for command in ("scripts/quickstart", "scripts/test"):
        assert f"\n{command}\n" in readme, command
        assert os.access(os.path.join(ROOT, command), os.X_OK), command


@SUITE.case
def readme_example_runs():
    """The trial that needs no privilege: its verdict, and the counts that do not depend on chance."""
    trials = [words for words in commands(text_of("README.md")) if "loopback:a,loss=0.1%" in words]
    assert len(trials) == 1, trials
    for _ in range(3):
        done = wireproof(*trials[0][1:], timeout=60)
        if done.code == 0:
            break
        assert done.out.startswith("INVALID: tx shortfall"), done
    else:
        raise Skip("this machine is too busy for 5,000 frames/s")
    assert re.match(r"FAIL: \d+ of 2[45],\d{3} offered frames were lost", done.out), done.out[:200]


if __name__ == "__main__":
    sys.exit(SUITE.main())
