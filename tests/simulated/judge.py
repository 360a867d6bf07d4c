"""What the program must say of a trial, worked out from the device's log; shares nothing with it."""

import os
import sys

from cases import BURST_SIZE, FRAMES, WAITING_MS

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "system"))
# pylint: disable=wrong-import-position
from derive_truth import busiest_trial, derive, read_log, read_times

WAYS = ("a-to-b", "b-to-a")
FROM_LOG = ("offered", "received", "unique", "lost", "duplicate", "reordered", "corrupt")
NEVER = ("readdressed", "unclassified", "rx_dropped")
STRANGER_EVERY = 10
LEFT_OUT = 32  # frames that may be left out of the shortest trial
UNSENT_RATIO = 0.001
SPACES_MAX = 4096  # of one queue


class Seen:
    """What the log says of one direction."""

    def __init__(self, case, log, way):
        self.fates = [(fate, departure) for _, fate, _, _, departure, _ in read_log(log, way)]
        trial = busiest_trial(log, way)
        self.times = read_times(log, way, trial, WAITING_MS * 1_000_000)
        self.truth = derive(log, way, int(trial, 16), self.times["late"])
        self.truth["late"] = len(self.times["late"])
        self.marked_lost = len(self.times["marked"] - self.times["in_time"])
        left = sum(fate == "forwarded" for fate, _ in self.fates)
        strangers = left // STRANGER_EVERY if case["strangers"] else 0
        self.truth["foreign"] = (strangers + 2) // 3
        self.truth["stale"] += (strangers + 1) // 3
        self.truth["misdirected"] = strangers // 3


def read(case, log):
    return [Seen(case, log, way) for way in WAYS[:case["ways"]]]


class Way:
    """One direction: what the log says of it, and what the program says."""

    def __init__(self, case, seen, told):
        self.told, self.counts, self.where = told, told["counts"], told["attribution"]
        self.fates, self.times, self.marked_lost = seen.fates, seen.times, seen.marked_lost
        poisson = case["schedule"] == "poisson"  # how many it draws only the program knows
        intended = self.counts["intended"] if poisson else FRAMES
        self.truth = dict(seen.truth, intended=intended, unsent=intended - seen.truth["offered"])

    def check_counts(self):
        names = FROM_LOG + ("late", "intended", "unsent", "stale", "foreign", "misdirected")
        true = {**{name: self.truth[name] for name in names}, **dict.fromkeys(NEVER, 0)}
        wrong = {name: (self.counts[name], value) for name, value in true.items()
                 if self.counts[name] != value}
        assert not wrong, f"told and true differ: {wrong}"
        assert self.truth["unsent"] >= 0, self.truth

    def check_spaces(self, case):
        spaces = case["flows"] if case["queues"] > 1 else min(case["flows"], SPACES_MAX)
        assert self.told["sequence_spaces"] == spaces, (self.told["sequence_spaces"], spaces)
        used = len(self.truth["spaces"])
        assert used == spaces, f"{used} of {spaces} spaces reached the device"
        if spaces == case["flows"]:
            assert self.told["flows_sent"] == used, (self.told["flows_sent"], used)

    def check_attribution(self, queues):
        """Each lost frame died in the device, came too late, or left in or behind a burst, where the
        program may not say that it was the device."""
        behind = self.told["pacing"]["lost_behind_burst"]
        late = len(self.times["too_late"])
        true = {"tx_shortfall": self.truth["unsent"], "tx_ring": 0, "rx_ring": 0, "rx_nic": 0,
                "late": late, "dut": self.truth["lost"] - late - behind}
        assert {name: self.where[name] for name in true} == true, (self.where, true)
        assert self.where.get("not_attributable", 0) == behind, (self.where, behind)
        assert self.told["pacing"]["caught_up"] == len(self.times["marked"]), self.told["pacing"]
        least, most = self.behind_bounds(queues, self.truth["lost"] - late)
        assert least <= behind <= most, (least, behind, most)

    def behind_bounds(self, queues, lost):
        """Of the marked frames that were lost, as many as left together with others; a few more
        losses beside many are the burst's too."""
        spaces = self.told["sequence_spaces"]
        together = 0
        for frames in self.times["rounds"].values():
            by_queue = [0] * queues
            for space, _ in frames:
                index = space & 0xffff
                by_queue[max(queue for queue in range(queues)
                             if spaces * queue // queues <= index)] += 1
            together += sum(size for size in by_queue if size > 1)
        if self.marked_lost == 0:
            return 0, 0
        few = max(len(self.times["marked"]) // 64, min(self.marked_lost // 8, 3))
        return min(together, self.marked_lost, lost), min(self.marked_lost + few, lost)

    def name(self):
        return f"{self.told['from']} -> {self.told['to']}"

    def ratio(self, lost):
        return lost / self.truth["offered"]


def verdict(ways, case):
    """(verdict, how the reason begins)."""
    several = len(ways) > 1
    goal = float(case["goal"].rstrip("%")) / 100
    at_once = max(LEFT_OUT, BURST_SIZE if case["schedule"] == "bursty" else 1)
    for way in ways:
        true = way.truth
        if true["unsent"] > max(UNSENT_RATIO * true["intended"], at_once):
            return "invalid", (f"tx shortfall: {true['unsent']:,} of {true['intended']:,} intended frames"
                               " were not offered" + (f" ({way.name()})" if several else ""))
    over = [way for way in ways if way.ratio(way.truth["lost"]) > goal]
    if not over:
        return "pass", ""
    certain = [way for way in over if way.ratio(
        way.truth["lost"] - way.where.get("not_attributable", 0)) > goal]
    if not certain:
        return "invalid", (f"not attributable: {over[0].where['not_attributable']:,} of "
                           f"{over[0].truth['lost']:,} lost frames were in or behind bursts")
    lost, offered = (sum(way.truth[name] for way in ways) for name in ("lost", "offered"))
    each = [f"{way.name()} {way.truth['lost']:,} of {way.truth['offered']:,}" for way in ways]
    return "fail", (f"{lost:,} of {offered:,} offered frames were lost"
                    + (": " + ", ".join(each) if several else ""))


def check_verdict(told, ways, case):
    want, reason = verdict(ways, case)
    assert told["verdict"] == want, (told["verdict"], told["reason"], want, reason)
    begun = told["reason"].startswith(reason) if "bursts" in reason else told["reason"] == reason
    assert begun, (told["reason"], reason)
    assert not told["interrupted"]


def check_harm(way, case):
    """That the case tests what its name says."""
    harm, truth = case["harm"], way.truth
    seen = {"loss": any(fate == "dropped" for fate, _ in way.fates),
            "duplicate": truth["duplicate"] > 0,
            # Few frames a flow: whether they overtake each other is chance.
            "reorder": truth["reordered"] > 0 or case["flows"] > 1024,
            "corrupt": truth["corrupt"] > 0,
            "capacity": any(fate == "queue_full" for fate, _ in way.fates)}
    missing = [name for name, there in seen.items() if harm in (name, "all") and not there]
    assert not missing, f"the device did no {missing}"
    assert (truth["late"] > 0) == case["late"], truth
    if case["pre_empted"] == "caught_up":
        assert way.times["marked"], "nothing was caught up"
    if case["pre_empted"] == "too_long":
        assert truth["unsent"] > 0, "nothing was left out"
    clean = harm in ("none", "delay", "duplicate") and not case["late"]
    assert not clean or truth["lost"] == 0, truth


def judge(case, seen, told):
    """Raises AssertionError where the program's trial and the device's log, as read, differ."""
    assert len(told["directions"]) == case["ways"]
    ways = [Way(case, *one) for one in zip(seen, told["directions"])]
    for way in ways:
        way.check_counts()
        way.check_spaces(case)
        way.check_attribution(case["queues"])
        check_harm(way, case)
    check_verdict(told, ways, case)
    return told["verdict"] + (" " + told["reason"].split(":")[0] if told["verdict"] == "invalid" else "")
