"""What a tester must have counted, derived from the log of the device alone (docs/dut-log.md).

Shares nothing with the program: the signature is decoded here, from docs/signature.md. As a
program, prints the counts of one trial as JSON:

    derive_truth.py LOG [--direction a-to-b|b-to-a] [--trial ID]

Without --trial it takes the trial id that most arrivals bear.
"""

import argparse
import collections
import json
import sys

HEAD = "direction,arrival,fate,damaged,copy,held,departure,payload"
MAGIC = "5750"
SIGNATURE_HEX = 36  # 18 bytes
CATCH_UP = 1 << 22  # of the field of the space, and no part of it: the frame left in or behind a burst


class LogError(Exception):
    """The log contradicts itself: nothing may be derived from it."""


def open_log(path):
    """The log at its first frame."""
    file = open(path, encoding="ascii")
    if not file.readline().startswith(HEAD):
        file.close()
        raise LogError(f"{path}: not a log of wireproof dut")
    return file


def read_log(path, direction):
    """Yields (arrival, fate, damaged, copy, departure or 0, payload hex) of one direction."""
    with open_log(path) as file:
        for line in file:
            columns = line.rstrip("\n").split(",")[:8]
            way, arrival, fate, damaged, copy, _, departure, payload = columns
            if way == direction:
                yield (int(arrival), fate, damaged == "1", copy == "1", int(departure or 0),
                       payload)


def signed(records):
    """Those that bear a signature, with (trial, space, sequence) instead of the payload."""
    for *record, payload in records:
        if len(payload) == SIGNATURE_HEX and payload.startswith(MAGIC):
            space = f"{int(payload[8:14], 16) & ~CATCH_UP:06x}"
            yield (*record, payload[4:8], space, int(payload[14:24], 16))


def collect(path, direction, trial):
    """What one trial offered, {space: [number]}, and what left, {departure number: (damaged, trial,
    space, number)}; None for what bears no signature, and for what left only when the device was
    told to stop. In one loop, for a million lines.
    """
    offered, departed = collections.defaultdict(list), {}
    arrivals = departures = 0
    with open_log(path) as file:
        for line in file:
            way, arrival, fate, damaged, copy, _, departure, rest = line.split(",", 7)
            if way != direction:
                continue
            end = rest[SIGNATURE_HEX:SIGNATURE_HEX + 1]
            signed_one = rest.startswith(MAGIC) and end in (",", "\n")
            bears, space, number = rest[4:8], 0, 0
            if signed_one:
                space, number = int(rest[8:14], 16) & ~CATCH_UP, int(rest[14:24], 16)
            if copy == "0":
                arrivals += 1
                if int(arrival) != arrivals:
                    raise LogError("arrival numbers have gaps: the log overflowed")
                if signed_one and bears == trial:
                    offered[space].append(number)
            if departure:
                departures += 1
                known = signed_one and fate == "forwarded"
                departed[int(departure)] = (damaged, bears, space, number) if known else None
    if departures and (len(departed) != departures or max(departed) != departures):
        raise LogError("departure numbers have gaps or repeat")
    return offered, departed


def check_offered(offered):
    """In every space each number from 0 on was offered once: nothing died before the device."""
    for space, numbers in offered.items():
        if len(set(numbers)) != len(numbers):
            raise LogError(f"space {space:06x}: a number arrived twice")
        if max(numbers) != len(numbers) - 1:
            raise LogError(f"space {space:06x}: {max(numbers) + 1 - len(numbers)} numbers never "
                           "reached the device")


def walk(departed, trial):
    """Counts over (damaged, trial, space, number) in order of departure."""
    counts = collections.Counter(unique=0, duplicate=0, reordered=0, corrupt=0, stale=0)
    seen = collections.defaultdict(set)
    expected = collections.defaultdict(int)  # RFC 4737 section 3.3: NextExp, by space
    begun = False
    for damaged, bears, space, number in departed:
        begun = begun or bears == trial
        if not begun:
            continue  # left before the first frame of the trial: an earlier one's business
        if damaged == "1":
            counts["corrupt"] += 1
        elif bears != trial:
            counts["stale"] += 1
        elif number in seen[space]:
            counts["duplicate"] += 1
        else:
            seen[space].add(number)
            counts["unique"] += 1
            if number < expected[space]:
                counts["reordered"] += 1
            else:
                expected[space] = number + 1
    return counts


def read_times(path, direction, trial, waiting_ns):
    """What the times of the log and the marks of bursts say of one trial, for a tester on the
    device's own clock. `late`: the departures that came after the waiting time. In (space, number):
    `in_time`, what came before; `too_late`, what came after it alone; `marked`, what the tester sent
    in or behind a burst, and `rounds`, the same by stamp.
    """
    left, marked, rounds, last_sent = [], set(), collections.defaultdict(set), 0
    with open_log(path) as file:
        for line in file:
            way, _, fate, damaged, _, _, departure, payload, arrived, departed = line.split(",")
            if way != direction or not payload.startswith(MAGIC + trial):
                continue
            last_sent = max(last_sent, int(arrived))
            field = int(payload[8:14], 16)
            frame = (field & ~CATCH_UP, int(payload[14:24], 16))
            if field & CATCH_UP:
                marked.add(frame)
                rounds[payload[24:33]].add(frame)
            if fate == "forwarded" and damaged == "0":
                left.append((int(departure), int(departed), frame))
    end = last_sent + waiting_ns
    in_time = {frame for _, departed, frame in left if departed <= end}
    return {"late": {departure for departure, departed, _ in left if departed > end},
            "in_time": in_time,
            "too_late": {frame for _, departed, frame in left if departed > end} - in_time,
            "marked": marked, "rounds": rounds}


def busiest_trial(path, direction):
    bears = collections.Counter(record[5] for record in signed(read_log(path, direction)))
    if not bears:
        raise LogError("no frame in the log bears a signature")
    return bears.most_common(1)[0][0]


def of_stream(space):
    return space >> 16 & 63


def derive(path, direction="a-to-b", trial=None, late=(), stream=None):
    """The counts of one trial, and `spaces` (offered per space), `trial` (its id). `late`: the
    departures that came too late (read_times). `stream`: of this one alone."""
    if trial is None:
        trial = busiest_trial(path, direction)
    else:
        trial = f"{trial:04x}"
    offered, departed = collect(path, direction, trial)
    if not offered:
        raise LogError(f"no frame in the log is of trial {trial}")
    if stream is not None:
        offered = {space: numbers for space, numbers in offered.items() if of_stream(space) == stream}
        departed = {at: left if left and of_stream(left[2]) == stream else None
                    for at, left in departed.items()}
    check_offered(offered)
    numbers = (number for number in range(1, len(departed) + 1) if number not in late)
    counts = walk(filter(None, map(departed.get, numbers)), trial)
    total = sum(len(numbers) for numbers in offered.values())
    return {
        "trial": int(trial, 16),
        "offered": total,
        "received": counts["unique"] + counts["duplicate"],
        "lost": total - counts["unique"],
        **counts,
        "spaces": {space: len(numbers) for space, numbers in sorted(offered.items())},
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("log")
    parser.add_argument("--direction", choices=["a-to-b", "b-to-a"], default="a-to-b")
    parser.add_argument("--trial", type=lambda text: int(text, 0))
    arguments = parser.parse_args()
    try:
        print(json.dumps(derive(arguments.log, arguments.direction, arguments.trial), indent=1))
    except LogError as error:
        sys.exit(f"derive_truth: {error}")


if __name__ == "__main__":
    main()
