"""What `wireproof dut` does to a frame, from its published description alone (docs/dut.md) and from
its log (docs/dut-log.md): shares nothing with the program.
"""

import collections
import csv

WORD = (1 << 64) - 1
JITTER_STREAM = 0x6A69747465720000

# One line of the log of one direction. Times in ns from the log's first record.
LogLine = collections.namedtuple(
    "LogLine", "arrival fate damaged copy departure payload arrived_ns departed_ns")


def splitmix64(seed):
    """Steele, Lea and Flood's generator: 64-bit words without end."""
    state = seed & WORD
    while True:
        state = (state + 0x9E3779B97F4A7C15) & WORD
        word = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & WORD
        word = ((word ^ (word >> 27)) * 0x94D049BB133111EB) & WORD
        yield word ^ (word >> 31)


def jitter_draws(seed, width_ns):
    """J of the first frame, of the second, and so on, in ns."""
    for word in splitmix64(seed ^ JITTER_STREAM):
        yield (word * width_ns) >> 64


def due_times(arrived_ns, delay_ns, jitter_ns, seed):
    """When the law lets each of these arrivals leave: none before the one in front of it."""
    due, last = [], None
    for arrived, extra in zip(arrived_ns, jitter_draws(seed, jitter_ns)):
        own = arrived + delay_ns + extra
        last = own if last is None else max(last, own)
        due.append(last)
    return due


def read_timed_log(path, direction="a-to-b"):
    """Every LogLine of one direction, in order of arrival."""
    with open(path, newline="", encoding="ascii") as file:
        return [LogLine(int(line["arrival"]), line["fate"], line["damaged"] == "1",
                        line["copy"] == "1", int(line["departure"] or 0), line["payload"],
                        int(line["arrived_ns"]),
                        int(line["departed_ns"]) if line["departed_ns"] else None)
                for line in csv.DictReader(file) if line["direction"] == direction]
