"""The witness itself: logs of a few frames whose counts a person can check."""

import os
import sys
import tempfile

from derive_truth import LogError, derive, read_times
from harness import Suite

SUITE = Suite()
HEAD = "direction,arrival,fate,damaged,copy,held,departure,payload"
TRIAL = 0x1234


def payload(space, number, trial=TRIAL, magic="5750"):
    """The signature of docs/signature.md as the log has it, its time and lateness zero."""
    return f"{magic}{trial:04x}{space:06x}{number:010x}{0:012x}"


def counts(*lines, trial=TRIAL, waiting_ns=None):
    """With a waiting time also `times`, and without what is late by them."""
    with tempfile.NamedTemporaryFile("w", suffix=".csv", delete=False) as file:
        file.write("\n".join((HEAD, *lines)) + "\n")
    try:
        if waiting_ns is None:
            return derive(file.name, trial=trial)
        times = read_times(file.name, "a-to-b", f"{trial:04x}", waiting_ns)
        return dict(derive(file.name, trial=trial, late=times["late"]), times=times)
    finally:
        os.unlink(file.name)


def line(arrival, number, fate="forwarded", departure="", damaged=0, copy=0, space=0, trial=TRIAL):
    return (f"a-to-b,{arrival},{fate},{damaged},{copy},0,{departure},"
            f"{payload(space, number, trial)}")


@SUITE.case
def every_harm_is_counted_once():
    got = counts(
        line(1, 0, departure=1),
        line(2, 1, fate="dropped"),
        line(3, 2, departure=4),  # overtaken by 3: reordered
        line(4, 3, departure=2),
        line(4, 3, departure=3, copy=1),
        line(5, 4, departure=5, damaged=1),
        line(6, 5, departure=6))
    wanted = {"offered": 6, "unique": 4, "lost": 2, "duplicate": 1, "reordered": 1, "corrupt": 1,
              "stale": 0, "received": 5}
    assert {name: got[name] for name in wanted} == wanted, got


@SUITE.case
def spaces_are_apart_and_other_trials_are_stale():
    got = counts(
        line(1, 0, departure=1, trial=TRIAL - 1),  # before the trial: not its business
        line(2, 0, departure=2, space=0),
        line(3, 1, departure=4, space=0),
        line(4, 0, departure=3, space=1),  # out of order only against another space
        line(5, 9, departure=5, trial=TRIAL - 1))
    assert got["spaces"] == {0: 2, 1: 1}, got
    assert (got["reordered"], got["stale"], got["lost"]) == (0, 1, 0), got


@SUITE.case
def the_mark_of_a_burst_is_no_part_of_the_space():
    got = counts(line(1, 0, departure=1) + ",0,5", line(2, 1, departure=2, space=1 << 22) + ",9,9",
                 line(3, 2, departure=3) + ",10,15", waiting_ns=100)
    assert (got["spaces"], got["unique"], got["reordered"]) == ({0: 3}, 3, 0), got
    assert got["times"]["marked"] == {(0, 1)}, got


@SUITE.case
def what_left_after_the_waiting_time_of_the_last_frame_is_late():
    got = counts(
        line(1, 0, departure=1) + ",0,109",  # the last is sent at 10: until 110 is in time
        line(2, 1, departure=2) + ",5,110",
        line(2, 1, departure=3, copy=1) + ",5,111",
        line(3, 2, departure=4, damaged=1) + ",7,112",
        line(4, 3, departure=5) + ",10,112",
        line(5, 4, fate="dropped") + ",10,", waiting_ns=100)
    assert got["times"]["late"] == {3, 5}, got
    assert got["times"]["too_late"] == {(0, 3)}, got
    assert (got["unique"], got["duplicate"], got["lost"], got["corrupt"]) == (2, 0, 3, 1), got


@SUITE.case
def a_damaged_original_with_an_intact_copy_is_no_loss():
    got = counts(line(1, 0, departure=1, damaged=1), line(1, 0, departure=2, copy=1))
    assert (got["lost"], got["corrupt"], got["unique"], got["duplicate"]) == (0, 1, 1, 0), got


@SUITE.case
def frames_of_others_and_of_the_other_way_are_none_of_its_business():
    got = counts(
        line(1, 0, departure=1),
        line(1, 7, departure=1).replace("a-to-b", "b-to-a"),
        "a-to-b,2,forwarded,0,0,0,2,5750",
        line(3, 1, departure=3),
        line(4, 2, departure=4) + ",123,456")
    assert (got["offered"], got["unique"], got["lost"], got["stale"]) == (3, 3, 0, 0), got


@SUITE.case
def what_left_only_when_the_device_was_stopped_came_too_late():
    got = counts(
        line(1, 0, departure=1),
        line(2, 1, departure=3, fate="drained"),
        line(3, 2, departure=2))
    assert (got["offered"], got["unique"], got["lost"], got["reordered"]) == (3, 2, 1, 0), got


@SUITE.case
def the_trial_that_most_arrivals_bear_is_taken_unless_one_is_named():
    got = counts(line(1, 0, departure=1, trial=7), line(2, 0, departure=2),
                 line(3, 1, departure=3), trial=None)
    assert (got["trial"], got["unique"]) == (TRIAL, 2), got


@SUITE.case
def a_log_that_misses_frames_is_refused():
    for lines in ((line(1, 0, departure=1), line(3, 1, departure=2)),  # arrival 2 is not there
                  (line(1, 0, departure=1), line(2, 2, departure=2)),  # number 1 never arrived
                  (line(1, 0, departure=1), line(2, 1, departure=1)),  # two left first
                  (line(1, 0, departure=1), line(2, 1, departure=3)),  # none left second
                  (line(1, 0, departure=1, trial=TRIAL + 1),)):  # another trial's
        try:
            got = counts(*lines)
        except LogError:
            continue
        raise AssertionError(f"taken: {got}")


if __name__ == "__main__":
    sys.exit(SUITE.main())
