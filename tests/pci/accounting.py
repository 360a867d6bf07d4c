"""What every direction of every trial owes, whatever happened on the wire.

    accounting.py --self-test   proves on bad results that each rule can fail
"""

import copy
import sys

LOST_BY = ("dut", "rx_ring", "rx_socket", "rx_nic", "tx_ring", "late", "not_attributable")


def broken(direction):
    """The rules that a direction of a result breaks, as sentences; empty when none."""
    counts, where = direction["counts"], direction["attribution"]
    found = []

    def owe(right, sentence):
        if not right:
            found.append(f"{sentence}: {counts}, {where}")

    owe(counts["intended"] == counts["offered"] + counts["unsent"], "intended = offered + unsent")
    owe(counts["offered"] == counts["unique"] + counts["lost"], "offered = unique + lost")
    owe(counts["received"] == counts["unique"] + counts["duplicate"],
        "received = unique + duplicate")
    owe(min(counts.values()) >= 0, "no count is negative")
    owe(where["tx_shortfall"] == counts["unsent"], "unsent is the sender's shortfall")
    owe(sum(where.get(key, 0) for key in LOST_BY) == counts["lost"], "the lost are attributed")
    for name in ("foreign", "corrupt", "misdirected", "duplicate", "unclassified"):
        owe(counts[name] == 0, f"a wire makes no {name} frames")
    return found


def clean(direction, frames):
    """The rules broken by a direction that should have carried so many frames without a loss. That
    all were offered is the verdict's to say. In order is not among them: QEMU's wire lets frames
    overtake those that wait for a slow receiver.
    """
    counts = direction["counts"]
    found = broken(direction)
    for name, wanted in {"intended": frames, "unique": counts["offered"], "lost": 0, "late": 0,
                         "stale": 0, "rx_dropped": 0}.items():
        if counts[name] != wanted:
            found.append(f"{name} is {counts[name]}, not {wanted}")
    if not 0 < direction["latency"]["min_ns"] <= direction["latency"]["max_ns"]:
        found.append(f"no delay: {direction['latency']}")
    return found


GOOD = {"counts": {"intended": 10, "offered": 8, "unsent": 2, "received": 5, "unique": 5, "lost": 3,
                   "duplicate": 0, "reordered": 0, "late": 1, "stale": 0, "corrupt": 0,
                   "foreign": 0, "misdirected": 0, "unclassified": 0, "rx_dropped": 2},
        "attribution": {"tx_shortfall": 2, "tx_ring": 0, "dut": 0, "rx_ring": 2, "rx_nic": 0,
                        "late": 1},
        "latency": {"min_ns": 5, "max_ns": 9}}


def with_change(**changes):
    changed = copy.deepcopy(GOOD)
    for name, value in changes.items():
        part = next(part for part in changed.values() if name in part)
        part[name] = value
    return changed


def self_test():
    whole = with_change(offered=10, unsent=0, received=10, unique=10, lost=0, rx_dropped=0,
                        tx_shortfall=0, rx_ring=0)
    whole["counts"]["late"] = whole["attribution"]["late"] = 0
    right = {"good": not broken(GOOD), "whole": not clean(whole, 10),
             "fewer": bool(clean(whole, 11)), "lossy_is_not_clean": bool(clean(GOOD, 10))}
    for name in ("intended", "offered", "unsent", "received", "unique", "lost", "duplicate",
                 "corrupt", "foreign", "misdirected", "unclassified", "tx_shortfall", "dut"):
        changed = with_change(**{name: 77})
        right[name] = bool(broken(changed))
    for name in ("stale", "rx_dropped", "late", "min_ns"):
        right[f"clean_{name}"] = bool(clean(
            {**whole, "counts": {**whole["counts"], name: 1}} if name != "min_ns"
            else {**whole, "latency": {"min_ns": 0, "max_ns": 9}}, 10))
    for name, good in right.items():
        print(f"{'ok' if good else 'not ok'} {name}")
    return 0 if all(right.values()) else 1


if __name__ == "__main__":
    sys.exit(self_test())
