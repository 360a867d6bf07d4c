"""A trial's --frame-log, and the metrics of methodology computed from it again: from the definitions
of the RFCs alone, over lists of everything. Shares nothing with the program.
"""

import collections
import csv
import math

Row = collections.namedtuple(
    "Row", "trial direction queue space sequence scheduled_ns sent_ns arrived_ns kind")


def read_frame_log(path, direction="forward"):
    """Every Row of one direction, in the order of the file: that of arrival, queue by queue."""
    with open(path, newline="", encoding="ascii") as file:
        return [Row(int(line["trial"]), line["direction"], int(line["queue"]), int(line["space"]),
                    int(line["sequence"]), int(line["scheduled_ns"]), int(line["sent_ns"]),
                    int(line["arrived_ns"]), line["class"])
                for line in csv.DictReader(file) if line["direction"] == direction]


def percentile(values, share):
    """Nearest rank: the smallest value with at least that share of all at or below it. None where
    fewer than ten samples lie beyond it on either side.
    """
    ordered = sorted(values)
    if len(ordered) * min(share, 1 - share) < 10:
        return None
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def delays(rows):
    return [row.arrived_ns - row.sent_ns for row in rows]


def rfc3550(rows):
    """The estimator of RFC 3550 section 6.4.1 at the end, by space: in order of arrival, over every
    copy that came, J begins at 0.
    """
    jitter, transit = {}, {}
    for row in rows:
        now = row.arrived_ns - row.sent_ns
        if row.space in transit:
            difference = abs(now - transit[row.space])
            jitter[row.space] = jitter.get(row.space, 0.0) + (
                difference - jitter.get(row.space, 0.0)) / 16
        transit[row.space] = now
    return jitter


def ipdv(rows):
    """RFC 3393: D(i) - D(i-1) of neighbours in number that both came, first copies, by no other
    pair; in order of number.
    """
    delay = {}
    for row in rows:
        delay.setdefault((row.space, row.sequence), row.arrived_ns - row.sent_ns)
    return [delay[space, number] - delay[space, number - 1]
            for space, number in sorted(delay) if (space, number - 1) in delay]


def pdv(values):
    """RFC 5481 section 4.2: above the least."""
    least = min(values)
    return [value - least for value in values]


def last_gaps(rows):
    """By space, of those with numbers missing below the highest that came: how many are missing, and
    when the earliest arrival behind the last of them was sent.
    """
    found = {}
    for space in {row.space for row in rows}:
        came = [row for row in rows if row.space == space and row.kind != "duplicate"]
        numbers = {row.sequence for row in came}
        missing = set(range(max(numbers))) - numbers
        if missing:
            last = max(missing)
            found[space] = len(missing), next(row.sent_ns for row in came if row.sequence > last)
    return found
