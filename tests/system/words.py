"""What a run tells people and scripts: verdict words, criteria, `-v`, refusals that are the same with
and without --dry-run, cures that work, and names that a user may choose.
"""

import re
import sys

from expect import DRY, INVALID, PRECONDITION, USAGE, document, refused, sentence
from harness import WIREPROOF, Skip, Suite, Topology, run, wireproof

SUITE = Suite()
BACKENDS = ("af_packet", "af_xdp")
GENTLE = ("--rate", "1kpps", "--duration", "600ms", "--warm-up", "0", "--burst", "1024", "--waiting-time", "50ms")
NOTHING = ("--rate", "1pps", "--duration", "100ms")


def memory(impairment="", *more):
    return ["trial", "--tx", f"loopback:a{impairment}", "--rx", "loopback:b", *GENTLE, *more]


def over(backend, tx="t0", rx="t1", *more):
    return ["trial", "--tx", f"{backend}:{tx}", "--rx", f"{backend}:{rx}", *GENTLE, *more]


@SUITE.case
def an_interface_may_be_named_none():
    """Half of the frames die in a device in front of it, and are missed."""
    with Topology() as net:
        net.ip("tester", "link", "set", "t1", "down")
        net.ip("tester", "link", "set", "t1", "name", "none", "up")
        device = net.start("device", "dut", "--a", "af_packet:d0", "--b", "af_packet:d1", "--loss", "50%")
        device.wait_for("forwarding")
        found = document(net.run("tester", *over("af_packet", "t0", "none", "--json")).out)
        counts = found["trials"][0]["directions"][0]["counts"]
        assert counts["offered"] > 100 and 0 < counts["unique"] < counts["offered"], counts
        assert counts["lost"] == counts["offered"] - counts["unique"], counts
        assert "lost" in found["trials"][0]["reason"], found["trials"][0]["reason"]
        device.stop()


# (impairment, criteria, those that fail); each is held to what the document itself has measured.
CRITERIA = [
    (",loss=20%", ["loss > 0.1%"], ["loss"]),
    (",loss=20%", ["loss>60%"], []),
    (",duplicate=20%", ["duplicates>1%, loss>0", "reordering > 0"], ["duplicates"]),
    (",reorder=20%", ["reordering>1%", "duplicates>0"], ["reordering"]),
    (",delay=20ms", ["delay_min>19ms,delay_p50>19ms", "delay_max>1h"], ["delay_min", "delay_p50"]),
    (",jitter=5ms", ["jitter>1us,ipdv_mean_abs>1us,pdv_max>1us"], ["jitter", "ipdv_mean_abs", "pdv_max"]),
    ("", ["delay_p99_999 > 1h"], ["delay_p99_999"]),  # 600 frames have none
]


def measured(direction, name):
    counts = direction["counts"]
    table = {"loss": counts["lost"] / counts["offered"], "duplicates": counts["duplicate"] / counts["offered"],
             "reordering": direction["reordering"]["ratio"], "jitter": direction["jitter"].get("rfc3550_ns")}
    if name in table:
        return table[name]
    if name.startswith("delay_"):
        return direction["latency"].get(name.removeprefix("delay_") + "_ns")
    return direction["jitter"].get(name + "_ns")


def sent_whole(found):
    """The document of a trial for which the sender had its core."""
    reason = found["trials"][0]["reason"]
    if reason.startswith("tx shortfall"):
        raise Skip(f"this machine is too busy to tell: {reason}")
    return found


@SUITE.case
def criteria_of_loss_delay_jitter_and_order():
    for impairment, given, failing in CRITERIA:
        flags = [word for one in given for word in ("--fail-if", one)]
        done = wireproof(*memory(impairment, *flags, "--json"))
        found = sent_whole(document(done.out))
        assert found["trials"][0]["verdict"] != "invalid", found["trials"][0]["reason"]
        criteria = found["result"]["criteria"]
        assert [one["name"] for one in criteria if one["failed"]] == failing, criteria
        assert done.code == (1 if failing else 0), done
        assert found["status"] == ("failed" if failing else "ok"), found["status"]
        for one in criteria:
            direct = measured(found["trials"][0]["directions"][0], one["name"])
            assert one.get("measured") == direct, (one, direct)
            assert one["failed"] == (direct is None or direct > one["limit"]), one
    done = wireproof(*memory(",loss=20%", "--fail-if", "loss>0.1%, delay_max>1h"))
    if done.code == INVALID and "tx shortfall" in done.out:
        raise Skip(f"this machine is too busy to tell: {done.out.splitlines()[0]}")
    assert done.code == 1 and re.search(r"^FAILED   loss > 0.1%: \d", done.out, re.M), done.out
    assert re.search(r"^ok       delay_max > ", done.out, re.M), done.out


@SUITE.case
def the_worst_direction_decides():
    done = wireproof(*memory(",loss=30%", "--bidirectional", "--fail-if", "loss>5%", "--json"))
    found = sent_whole(document(done.out))
    assert done.code == 1, done
    one = found["result"]["criteria"][0]
    assert (one["from"], one["to"]) == ("a", "b") and one["measured"] > 0.1, one


@SUITE.case
def criteria_that_can_never_be_judged_are_refused():
    for more in (["--latency", "off", "--fail-if", "delay_max>1s"], ["--latency", "off", "--fail-if", "pdv_max>1s"],
                 ["--latency", "1/10", "--fail-if", "jitter>1s"]):
        refused(*memory("", *more), USAGE, ["--fail-if", "--latency all"])
    refused("trial", "--tx", "loopback:a", "--rx", "none", "--dst-mac", "02:00:00:00:00:09", *GENTLE, "--fail-if",
            "loss>1%", USAGE, ["--fail-if loss", "--rx none"])
    for text, words in (("loss", ["loss>0.1%"]), ("delay_p98>1ms", ["did you mean"]), ("loss>1ms", ["loss>"]),
                        ("delay_p99>1%", ["delay_p99>"]), ("loss>1%,", ["''"]), ("invalid>1", ["invalid"])):
        refused(*memory("", "--fail-if", text), USAGE, ["--fail-if", *words])


@SUITE.case
def an_invalid_trial_fails_where_that_is_a_criterion():
    too_much = ["trial", "--tx", "loopback:a", "--rx", "loopback:b", "--rate", "900Mpps", "--duration", "50ms",
                "--warm-up", "0"]
    done = wireproof(*too_much, "--fail-if", "loss>0", "--json")
    assert done.code == INVALID and "criteria" not in document(done.out)["result"], done
    done = wireproof(*too_much, "--fail-if", "loss>0,invalid", "--json")
    found = document(done.out)
    assert done.code == 1 and found["status"] == "failed", done
    assert found["trials"][0]["verdict"] == "invalid", found["trials"][0]["verdict"]
    assert [one["name"] for one in found["result"]["criteria"]] == ["invalid"], found["result"]
    assert wireproof(*memory("", "--fail-if", "invalid")).code == 0
    # What would help is said, and what the sender was short of.
    assert any("--tx-cores" in note and "doctor" in note for note in found["trials"][0]["notes"]), found["trials"]


@SUITE.case
def the_headline_is_of_all_directions():
    done = wireproof(*memory(",loss=30%", "--bidirectional", "--json"))
    trial = sent_whole(document(done.out))["trials"][0]
    lost = [one["counts"]["lost"] for one in trial["directions"]]
    offered = [one["counts"]["offered"] for one in trial["directions"]]
    assert trial["reason"] == (f"{sum(lost):,} of {sum(offered):,} offered frames were lost: "
                               f"a -> b {lost[0]:,} of {offered[0]:,}, b -> a {lost[1]:,} of {offered[1]:,}"), trial


@SUITE.case
def verbose_shows_every_trial_and_the_drivers_counters():
    search = ["search", "--tx", "loopback:a,rate=5kpps", "--rx", "loopback:b", "--max-rate", "20kpps", "--precision",
              "20%", "--trial-duration", "50ms", "--waiting-time", "20ms", "--warm-up", "0", "--burst", "1024"]
    plain, verbose = wireproof(*search), wireproof(*search, "-v")
    assert "counters" not in plain.out and " verdict" not in plain.out, plain.out
    rows = re.findall(r"^ +(\d+) +64 +0\.05 +\S+ +\S+ +\S+ +\S+  (pass|fail|invalid)$", verbose.out, re.M)
    told = re.search(r"^ *64 +.*?(\d+)(?: +\[\d+\])?$", verbose.out, re.M)
    assert rows and len(rows) == int(told.group(1)), (rows, verbose.out)
    assert "counters a (since the port was opened)" in verbose.out, verbose.out
    with Topology(pairs=1) as net:
        device = net.start("device", "dut", "-v", "--a", "af_packet:d0", "--b", "loopback:a")
        device.wait_for("forwarding")
        assert "counters d0 (since the port was opened)" in device.stop().out


@SUITE.case
def a_trial_of_no_frame_is_refused():
    """Of nothing, nothing is lost: that is no pass."""
    ports = ["--tx", "loopback:a", "--rx", "loopback:b"]
    refused("trial", *ports, *NOTHING, "--fail-if", "loss>0.1%", USAGE, ["not one frame", "1.000 s"])
    refused("trial", *ports, *NOTHING, "--queues", "4", "--flows", "4", USAGE, ["not one frame"])
    refused("trial", *ports, *NOTHING, "--schedule", "bursty", "--burst-size", "64", USAGE, ["not one frame"])
    refused("calibrate", *ports, *NOTHING, USAGE, ["not one frame"])
    refused("search", *ports, "--max-rate", "1pps", "--trial-duration", "100ms", USAGE,
            ["one frame a trial", "--trial-duration"])
    refused("search", "--trial-command", "cat", "--max-rate", "1pps", "--trial-duration", "100ms", USAGE,
            ["one frame a trial"])
    done = wireproof("trial", *ports, "--rate", "10pps", "--duration", "100ms", "--queues", "2", "--flows", "2",
                     "--waiting-time", "20ms", "--json")
    assert document(done.out)["trials"][0]["directions"][0]["counts"]["intended"] == 1, done


@SUITE.case
def a_dry_run_says_what_the_run_says():
    ports = ["--tx", "loopback:a", "--rx", "loopback:b"]
    # refused() has each of them with --dry-run as well.
    refused("trial", *ports, "--rate", "0.09pps", USAGE, ["--rate", "frame in ten seconds"])
    refused("trial", *ports, "--rate", "1kpps", "--queues", "4", USAGE, ["--queues 4", "--flows 4"])
    refused("trial", *ports, "--rate", "50%", USAGE, ["--rate", "line rate", "--line-rate"])
    refused("search", *ports, "--max-rate", "50%", USAGE, ["--max-rate", "line rate"])
    refused("trial", "--tx", "loopback:a,los=1%", "--rx", "loopback:b", "--rate", "1kpps", USAGE, ["los"])
    refused("trial", "--tx", "io_uring:127.0.0.1:0", "--rx", "io_uring:127.0.0.1:0", "--rate", "1kpps", "--flows",
            "2", USAGE, ["--flows"])
    refused("trial", "--tx", "loopback:a", "--rx", "none", "--rate", "1kpps", USAGE, ["--dst-mac"])
    refused("trial", "--tx", "io_uring:127.0.0.1:0", "--rx", "none", "--rate", "1kpps", USAGE, ["--rx none", "receiving socket"])
    done = wireproof("trial", *ports, "--rate", "50%", "--line-rate", "10Mbps", "--duration", "1s", "--dry-run")
    assert done.code == 0 and " 7,440 frames\n" in done.out and "direction" not in done.out, done  # 5e6 / 672
    with Topology(mtu=600) as net:
        def both(backend, *more):
            done, dry = (net.run("tester", *over(backend, *more), *extra) for extra in ([], ["--dry-run"]))
            sentence(done, [])
            assert (done.code, dry.code, dry.err) == (PRECONDITION, PRECONDITION, done.err), (done, dry)
        for backend in BACKENDS:
            both(backend, "t0", "t1", "--size", "1518")
            both(backend, "t0", "t9")
        net.ip("tester", "link", "set", "t1", "down")
        for backend in BACKENDS:
            both(backend, "t0", "t1")
        done = run(*net.inside("tester", "setpriv", "--bounding-set", "-net_raw", "--inh-caps", "-net_raw", "--",
                               WIREPROOF, *over("af_packet", "t0", "t0"), "--dst-mac", "02:00:00:00:00:09",
                               "--dry-run"))
        assert done.code == PRECONDITION and "CAP_NET_RAW" in done.err, done


@SUITE.case
def a_missing_interface_ends_with_3():
    with Topology() as net:
        for backend in ("", "af_packet:", "af_xdp:"):
            for verb in DRY:
                rate = ["--rate", "1kpps"] if verb == "trial" else []
                for extra in ([], ["--json"], ["--dry-run"]):
                    done = net.run("tester", verb, "--tx", f"{backend}t0", "--rx", f"{backend}t7", *rate, *extra)
                    assert done.code == PRECONDITION and "t7" in done.err, done
            done = net.run("tester", "dut", "--a", f"{backend}t0", "--b", f"{backend}t7")
            assert done.code == PRECONDITION and "t7" in done.err, done
        done = net.run("tester", "doctor", "t7", "--json")
        assert done.code == PRECONDITION and document(done.out)["error"]["code"] == "precondition", done


@SUITE.case
def ranges_are_told_with_an_example_that_fits():
    for flag, value, least, most in (("--vlan", "4095", 1, 4094), ("--dscp", "64", 0, 63), ("--ttl", "0", 1, 255),
                                     ("--queues", "65", 1, 64), ("--burst", "1025", 1, 1024),
                                     ("--dst-port", "65536", 1, 65535), ("--flows", "2M", 1, 1 << 20),
                                     ("--ring", "2M", 64, 1 << 20)):
        done = wireproof("trial", "--tx", "loopback:a", "--rx", "loopback:b", "--rate", "1kpps", flag, value)
        assert done.code == USAGE, done
        message, cure = sentence(done, [flag])
        assert f"{least} to {most}" in message, message
        example = re.search(r"such as ([0-9kM]+)", cure).group(1)
        number = int(example.replace("k", "000").replace("M", "000000"))
        assert least <= number <= most, (message, cure)
        if flag == "--ring":
            assert number & (number - 1) == 0, cure


@SUITE.case
def few_open_files_are_told_as_that():
    """Whatever it is that finds no descriptor left."""
    with Topology() as net:
        for backend, least in (("af_packet", 1), ("af_xdp", 5)):
            refusals = 0
            for limit in range(6, 20):
                done = run(*net.inside("tester", "prlimit", f"--nofile={limit}", WIREPROOF,
                                       *over(backend, "t0", "t1", "--json")))
                if done.code in (0, 1, INVALID):
                    continue
                refusals += 1
                assert done.code == PRECONDITION, done
                assert "too many open files" in done.err.lower() and "ulimit -n" in done.err, str(done)
            assert refusals >= least, f"{refusals} refusals over {backend}: the limits are wrong"


@SUITE.case
def a_cure_does_not_lead_to_the_next_refusal():
    """Of jumbo frames over af_xdp: what the sentence says is done, and the trial runs."""
    with Topology(mtu=9000) as net:
        def tell(*arguments):
            done = net.run("tester", *arguments)
            assert done.code == PRECONDITION, done
            return sentence(done, [])
        # No mode carries them: another backend, or smaller frames.
        message, cure = tell(*over("af_xdp", "t0", "t1", "--size", "9018"))
        assert "mode=generic" not in cure and "af_packet" in cure, (message, cure)
        most = int(re.search(r"at most (\d+) bytes", message).group(1))
        assert net.run("tester", *over("af_packet", "t0", "t1", "--size", "9018")).code == 0
        # Small frames at that MTU: generic mode carries them, and so does a lower MTU in native mode.
        small = over("af_xdp", "t0,mode=native", "t1,mode=native", "--size", str(most))
        message, cure = tell(*small)
        assert "mode=generic" in cure, (message, cure)
        done = net.run("tester", *over("af_xdp", "t0,mode=generic", "t1,mode=generic", "--size", "64"))
        assert done.code == 0, done
        mtu = re.search(r"mtu (\d+)", cure)
        assert mtu, cure
        for where, name in (("tester", "t0"), ("tester", "t1"), ("device", "d0"), ("device", "d1")):
            net.ip(where, "link", "set", name, "mtu", mtu.group(1))
        done = net.run("tester", *over("af_xdp", "t0,mode=native", "t1,mode=native", "--size", "64"))
        assert done.code == 0, done


if __name__ == "__main__":
    sys.exit(SUITE.main())
