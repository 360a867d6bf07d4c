"""How many frames a trial sends, how long it lasts, how long it waits, and what its rates are over:
judged by arithmetic on what was asked for."""

import signal
import sys
import time

from harness import Process, Suite, WIREPROOF, wireproof

SUITE = Suite()
# Gentle rates; what a busy machine holds up is caught up.
QUIET = ["--idle", "sleep", "--warm-up", "0", "--burst", "1024"]


def trial_of(done):
    assert done.code in (0, 6, 130), done
    return done.json["trials"][0]


def over_memory(*words, fault=""):
    done = wireproof("trial", "--tx", f"loopback:a{fault}", "--rx", "loopback:b", *QUIET, *words,
                     "--json")
    return trial_of(done)


@SUITE.case
def many_queues_send_what_one_would():
    for queues, rate, duration, frames in ((64, 100, 1, 100), (3, 10, 1, 10), (2, 1, 1, 1),
                                           (7, 10, 0.25, 3)):
        for more in ([], ["--bidirectional"]):
            trial = over_memory("--queues", queues, "--flows", 64, "--rate", f"{rate}pps", "--duration",
                                f"{int(duration * 1000)}ms", "--waiting-time", "20ms", *more)
            assert trial["duration_s"] == duration, trial["duration_s"]
            for one in trial["directions"]:
                assert one["counts"]["intended"] == frames, (queues, rate, one["counts"])
                # One queue of many may be kept from its last turn, by what runs beside this.
                held = frames // 10 if frames >= 10 else frames // 3
                assert frames - held <= one["counts"]["offered"] <= frames, (queues, rate, one["counts"], trial)
                assert one.get("tx_duration_ns", 0) < 2e9, one


@SUITE.case
def the_waiting_time_counts_from_the_last_frame():
    trial = over_memory("--rate", "1kpps", "--duration", "1200ms", fault=",delay=600ms")
    one = trial["directions"][0]
    counts = one["counts"]
    # Sent in the last 100 ms, come 600 ms later, waited for 500 ms.
    assert 40 <= counts["late"] <= 160, counts
    assert counts["lost"] == counts["late"] == one["attribution"]["late"], one
    assert counts["unique"] == counts["offered"] - counts["late"], counts
    assert counts["intended"] == 1200 and counts["offered"] >= 1140, counts
    assert one["latency"]["min_ns"] >= 600_000_000, one["latency"]
    assert one["latency"]["samples"] == counts["unique"], one["latency"]


@SUITE.case
def a_burst_has_the_rate_that_was_asked_for():
    trial = over_memory("--rate", "1kpps", "--duration", "1s", "--schedule", "bursty", "--burst-size",
                        1000, "--waiting-time", "50ms")
    one = trial["directions"][0]
    assert trial["duration_s"] == 1, trial
    assert one["counts"]["intended"] == one["counts"]["offered"] == 1000, one["counts"]
    for key in ("intended_fps", "offered_fps", "forwarding_fps"):
        assert abs(one[key] - 1000) < 1e-6, one
    assert abs(one["offered_l1_bps"] - 1000 * 84 * 8) < 1e-3, one
    assert one["tx_duration_ns"] < 1e9, one


@SUITE.case
def a_trial_that_is_stopped_has_the_rate_of_what_ran():
    process = Process([WIREPROOF, "trial", "--tx", "loopback:a,delay=5ms", "--rx", "loopback:b", *QUIET,
                       "--rate", "1kpps", "--duration", "30s", "--json"])
    time.sleep(1.5)
    trial = trial_of(process.stop(signal.SIGINT))
    one = trial["directions"][0]
    assert trial["interrupted"] and trial["duration_s"] < 29, trial["duration_s"]
    # The first frame is due at 0; one that is held up as the senders end still counts.
    assert abs(one["counts"]["intended"] - trial["duration_s"] * 1000) <= 1.01, trial
    # What was on its way had 40 ms to come, of which a busy machine may have taken all.
    assert one["counts"]["lost"] == one["attribution"].get("not_attributable", 0) < 100, one["counts"]


@SUITE.case
def a_search_has_forwarded_no_more_than_its_answer():
    done = wireproof("search", "--tx", "loopback:a,rate=1kpps,queue=40", "--rx", "loopback:b", *QUIET,
                     "--schedule", "bursty", "--burst-size", 16, "--max-rate", "2kpps", "--precision",
                     "5%", "--trial-duration", "330ms", "--waiting-time", "50ms", "--json")
    assert done.code in (0, 6), done
    found = done.json["result"]["searches"][0]
    # A trial sends whole frames: half of one more than its load at the most.
    assert found["conditional_throughput_fps"] <= found["lower_bound_fps"] + 0.5 / 0.33 + 1e-6, found


if __name__ == "__main__":
    sys.exit(SUITE.main())
