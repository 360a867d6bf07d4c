"""Bad words on the command line: every row of the number grammar through the whole program, ports,
flags and files. Nothing here needs a network: ports are loopback's.
"""

import os
import sys
import tempfile

from expect import MEMORY, OUTPUT, PRECONDITION, USAGE, document, refusal, refused, sentence
from harness import WIREPROOF, Suite, run, wireproof

SUITE = Suite()
TRIAL = [*MEMORY, "--rate", "1kpps", "--duration", "100ms"]
SEARCH = ["search", *MEMORY[1:]]
SUITE_2544 = ["rfc2544", *MEMORY[1:], "--throughput", "1kpps", "--tests", "latency", "--quick"]
DUT = ["dut", "--a", "loopback:a", "--b", "loopback:b"]
CALIBRATE = ["calibrate", *MEMORY[1:]]

# What strict grammars refuse and lenient ones read as something.
SOMEWHERE = ["-1", "1e3", "0x10", "010", "5x", " 5", "nan", "18446744073709551616"]
NOWHERE = ["-1", "+1", "1e3", "1e999", "nan", "inf", "infinity", "0x10", "010", " 5", "5 ", "5\t",
           "5x", "18446744073709551616", "99999999999G", "1_000", ".5", "5.", "1.2.3", "five",
           "--", "'5'", "5;", "\u0665", "5\x7f", "-0", "1/2"]
# One flag of each kind of number has the whole table; the others show that they are of the kind.
WHOLE_TABLE = ("--rate", "--duration", "--size", "--flows", "--tx-cores", "--precision")
# By flag: the command, the flag, and what else this one refuses.
FLAGS = [
    (MEMORY, "--rate", ["1,5", "0", "0pps", "5", "1000", "0%", "101%", "-5%", "2Tpps", "1e3pps", "nanpps",
                        "1kkpps", "1 Mpps", "1mpps", "1KPPS", "2000Tbps", "min", "maximum", "1Mips",
                        "0.05pps", "50%"]),
    (TRIAL, "--frames", ["1,5", "0", "1e6", "-1", "1000000000001"]),
    (TRIAL, "--step", ["1kpps", "@1s", "1kpps@", "max@1s", "1kpps@0s", "1kpps@1year", "fast@1s"]),
    (TRIAL, "--duration", ["1,5", "0", "0s", "0.5ns", "1year", "73h", "10 s", "10S", "1d", "-1s",
                           "1h30m", "99999999999h", "0.9ms"]),
    (TRIAL, "--size", ["0", "1", "63", "9217", "64,64", "64,", ",64", "64,,128", "64;128", "1.5",
                       "64 128", "imixx", "IMIX", "z", "65536", "4294967360", "64,65k"]),
    (TRIAL, "--flows", ["1,5", "0", "1000000000", "1048577", "0.5", "1Gi"]),
    (TRIAL, "--networks", ["1,5", "0", "3", "257", "512"]),
    (TRIAL, "--queues", ["1,5", "0", "65", "4294967297"]),
    (TRIAL, "--ring", ["1,5", "0", "1", "63", "65", "1000", "2M", "4294967296"]),
    (TRIAL, "--burst", ["1,5", "0", "1025", "64k"]),
    (TRIAL, "--src-port", ["1,5", "0", "65536", "http", "1-2"]),
    (TRIAL, "--dst-port", ["1,5", "0", "65536", "http", "1-2"]),
    (TRIAL, "--vlan", ["1,5", "0", "4095", "4096"]),
    (TRIAL, "--dscp", ["1,5", "64", "ef"]),
    (TRIAL, "--ttl", ["1,5", "0", "256"]),
    (TRIAL, "--warm-up", ["1,5", "2h", "0.5ns"]),
    (TRIAL, "--waiting-time", ["1,5", "0", "11m", "1us", "61s", "60.001s"]),
    ([*TRIAL, "--schedule", "bursty"], "--burst-size", ["1,5", "0", "1", "1025", "64k"]),
    ([*TRIAL, "--frame-log", "/dev/null"], "--frame-log-frames", ["1,5", "0", "1e6", "1000000001", "2G"]),
    (TRIAL, "--interval", ["1,5", "0", "1ms", "2h"]),
    (TRIAL, "--line-rate", ["1,5", "0", "max", "50%", "10Mpps"]),
    (TRIAL, "--latency", ["1,5", "1/0", "1/", "2/3", "1/-1", "1/1000001", "none", "ALL", "1/1e3"]),
    (TRIAL, "--tx-cores", ["1,", ",1", "0,0", "1-0", "0-", "-", "4095", "999999999999", "0-999999999",
                           "all", "0 1"]),
    (TRIAL, "--rx-cores", ["1,", ",1", "0,0", "1-0", "0-", "-", "4095", "999999999999", "0-999999999",
                           "all", "0 1"]),
    (TRIAL, "--fail-if", ["loss", "loss>", "loss>101%", "loss>-1", "loss>1e-3", "loss<1%", "delay>1ms",
                          "loss>nan", "loss>=0.1%"]),
    (SEARCH, "--precision", ["1,5", "0", "0%", "51%", "101%", "1e-3", "0.00001%"]),
    (SEARCH, "--trial-duration", ["1,5", "0", "9ms", "73h"]),
    (SEARCH, "--final-duration", ["1,5", "0", "1s", "73h"]),
    (SEARCH, "--time-limit", ["1,5", "0", "999ms", "73h"]),
    (SEARCH, "--max-rate", ["1,5", "0", "0pps", "5", "50%"]),
    (SEARCH, "--min-rate", ["1,5", "0", "0pps", "5", "max", "50%"]),
    (SEARCH, "--goal", ["NDR", "loss", "loss=", "loss=100%", "loss=-1", "loss=1e-3", "ndr,pdr"]),
    (SUITE_2544, "--tests", ["1,5", "all", "throughput,", ",loss", "loss,loss", "LOSS", "jitter"]),
    (SUITE_2544, "--throughput", ["1,5", "0", "0pps", "5", "max", "50%"]),
    (SUITE_2544, "--repetitions", ["1,5", "0", "1001", "1e1"]),
    (SUITE_2544, "--settle", ["1,5", "11m", "1 s"]),
    ([*SUITE_2544[:-2], "reset", "--quick"], "--reset-duration", ["1,5", "0", "9ms", "73h"]),
    (SUITE_2544, "--allow-target", ["1,5", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "net", "::/129"]),
    (CALIBRATE, "--rate", ["1,5", "0", "10", "50%", "max", "1Gbps", "0.5pps"]),
    (CALIBRATE, "--duration", ["1,5", "0", "99ms", "73h"]),
    (CALIBRATE, "--precision", ["1,5", "0", "51%", "0.001%"]),
    (CALIBRATE, "--trial-duration", ["1,5", "0", "9ms"]),
    (DUT, "--loss", ["1,5", "101%", "1.1", "-0.1"]),
    (DUT, "--reorder-by", ["1,5", "0", "1e1"]),
    (DUT, "--delay", ["1,5", "11s", "1 ms"]),
    (DUT, "--jitter", ["1,5", "11s", "1 ms", "-5ms"]),
    (DUT, "--queue", ["1,5", "1e3"]),
    ([*DUT, "--log", "/dev/null"], "--log-frames", ["1,5", "0", "1e6"]),
    (DUT, "--core", ["1,5", "4095", "0,1", "all"]),
    (DUT, "--duration", ["1,5", "0", "73h"]),
    (DUT, "--ring", ["1,5", "0", "65", "2M"]),
    (["doctor"], "--plan", ["100", "0G", "100g", "10Mpps", "50%", "max", "ALL", "9Mbps", "11Tbps",
                            "100 G", "10G,25G"]),
]
ADDRESSES = [
    ("--src-mac", ["02:00:00:00:00", "02:00:00:00:00:00:00", "2:0:0:0:0:g0", "020000000001", "any"]),
    ("--dst-mac", ["ff:ff:ff:ff:ff:ff", "01:00:5e:00:00:01", "00:00:00:00:00:00", "02-00-00-00-00-01-"]),
    ("--src-ip", ["198.18.0", "198.18.0.256", "198.18.0.1/24", "0.0.0.0", "224.0.0.1", "::1", "010.0.0.1",
                  "0x7f.1", "localhost", "fe80::1%eth0", "255.255.255.255"]),
    ("--dst-ip", ["198.18.0", "198.18.0.256", "198.18.0.1/24", "0.0.0.0", "224.0.0.1", "::1", "1",
                  "255.255.255.255"]),
    ("--next-hop", ["gateway", "", "10.0.0"]),
]


def command(base, flag, value):
    """The command with the flag, in place of the one it may already hold."""
    words = list(base)
    if flag in words:
        del words[words.index(flag):words.index(flag) + 2]
    if base is MEMORY:
        words += ["--duration", "100ms"]
    return [*words, f"{flag}={value}"] if value.startswith("-") else [*words, flag, value]


def every_row(base, flag, rows):
    for value in rows:
        done = wireproof(*command(base, flag, value), "--json", timeout=8)
        assert done.code == USAGE, f"{flag} {value!r} was taken: {done}"
        message, cure = sentence(done, [flag])
        error = document(done.out)["error"]
        assert (error["message"], error["hint"], error["code"]) == (message, cure, "usage"), error


for base, flag, rows in FLAGS:
    others = NOWHERE if flag in WHOLE_TABLE else SOMEWHERE
    SUITE.add(f"number_{base[0]}_{flag[2:]}", every_row, base, flag, ["", *others, *rows])
for flag, rows in ADDRESSES:
    SUITE.add(f"address_{flag[2:]}", every_row, TRIAL, flag, ["-1", " ", *rows])


@SUITE.case
def numbers_that_are_numbers():
    for flag, value in [("--rate", "0.5kpps"), ("--rate", "1000pps"), ("--duration", "0.1"),
                        ("--duration", "100000us"), ("--size", "64"), ("--size", "0.064k"),
                        ("--flows", "1k"), ("--ring", "1024"), ("--warm-up", "0"), ("--latency", "1/10")]:
        base = MEMORY if flag == "--rate" else TRIAL
        done = wireproof(*command(base, flag, value), "--json", timeout=8)
        assert done.code in (0, 6) and document(done.out)["error"] is None, done


@SUITE.case
def plans_that_are_plans():
    for words, rates in [(["--plan", "100G"], [100e9]), (["--plan=2.5Gbps"], [2.5e9]),
                         (["--plan", "all"], [10e9, 25e9, 40e9, 100e9, 200e9, 400e9])]:
        done = wireproof("doctor", *words, "--json")
        assert done.code == 0 and not done.err, done
        found = document(done.out)
        assert [rate["line_rate_bps"] for rate in found["plan"]["rates"]] == rates, found["plan"]
        assert any(finding["subject"] == "cores" for finding in found["findings"]), found
        text = wireproof("doctor", *words)
        assert text.code == 0 and "cores needed" in text.out and not text.err, text
        assert max(map(len, text.out.splitlines())) <= 80, text.out
    named = wireproof("doctor", "--plan", "10G", "--json", "lo")  # an interface, not a file
    assert named.code == PRECONDITION and document(named.out)["interface"] == "lo", named
    assert "plan" not in document(wireproof("doctor", "--json").out)


@SUITE.case
def unknown_flag():
    refused(*TRIAL, "--duraton", "1s", USAGE, ["--duraton", "--duration"])
    refused(*TRIAL, "-x", USAGE, ["-x"])
    refused(*TRIAL, "--rate=1kpps", USAGE, ["--rate", "twice"])
    refused(*TRIAL, "--waiting-time", "20ms", "--drain", "30ms", USAGE, ["--waiting-time", "twice"])
    refused(*TRIAL, "--drain", "11m", USAGE, ["--drain", "11m"])


@SUITE.case
def documents_of_lines_that_could_not_be_read():
    for verb in ("trial", "search", "dut"):
        done = wireproof(verb, "--bogus", "--json")
        assert done.code == USAGE and document(done.out)["kind"] == verb, done
    for verb in ("backends", "doctor"):  # documents of their own
        done = wireproof(verb, "--bogus", "--json")
        found = document(done.out)
        assert done.code == USAGE and found["schema"] == f"wireproof/{verb}", done
        assert found["error"]["code"] == "usage" and found["backends"], found
    with tempfile.TemporaryDirectory() as folder:
        for words in (["--json", f"{folder}/result.json"], [f"--json={folder}/result.json"]):
            done = wireproof("trial", *words, "--bogus")
            assert done.code == USAGE and done.out == "", done
            with open(f"{folder}/result.json", encoding="utf-8") as file:
                assert document(file.read())["status"] == "error"
            os.remove(f"{folder}/result.json")


@SUITE.case
def unknown_verb():
    refused("trail", USAGE, ["trail", "trial"])
    refused("", USAGE, ["verb"])
    plain = wireproof()
    assert plain.code == USAGE and plain.out == "", plain
    sentence(plain, ["verb", "--help"])


@SUITE.case
def words_that_belong_to_nothing():
    refused(*TRIAL, "eth7", USAGE, ["eth7"])
    refused(*MEMORY, "--rate", "--duration", "1s", USAGE, ["--rate", "needs a value"])
    done = wireproof(*MEMORY, "--rate")
    assert done.code == USAGE, done
    sentence(done, ["--rate", "needs a value"])
    refused("trial", "--rate", "1kpps", "--tx", "loopback:a", USAGE, ["--rx"])
    refused("search", "--tx", "loopback:a", USAGE, ["--rx"])
    refused("search", *MEMORY[1:3], "--rx", "none", USAGE, ["--rx none"])


@SUITE.case
def ports_that_cannot_be():
    def trial(tx, rx, words, code=USAGE):
        refused("trial", "--tx", tx, "--rx", rx, "--rate", "1kpps", code, words)
    trial("loopbck:a", "loopback:b", ["loopbck", "loopback"])
    trial("", "loopback:b", ["--tx"])
    trial("loopback:", "loopback:b", ["no device"])
    trial(":a", "loopback:b", ["':a'"], PRECONDITION)  # an interface that is not there
    trial("loopback:c", "loopback:b", ["'c'"])
    trial("loopback:a,los=1%", "loopback:b", ["los", "loss"])
    trial("loopback:a,loss", "loopback:b", ["key=value"])
    trial("loopback:a,loss=2", "loopback:b", ["loss"])
    trial("loopback:a,loss=1%,loss=2%", "loopback:b", ["twice"])
    trial("loopback:a", "loopback:b1", ["loopback:b1", "loopback:b"])
    trial("none", "loopback:b", ["--tx none"])
    trial("loopback:a", "none", ["--dst-mac"])


@SUITE.case
def same_port_twice():
    """A port is its own other end for a loopback cable at most, never for a wire in memory."""
    refused("trial", "--tx", "loopback:a", "--rx", "loopback:a", "--rate", "1kpps", USAGE,
            ["same port", "a"])


@SUITE.case
def ports_of_different_layers():
    refused("trial", "--tx", "loopback:a", "--rx", "io_uring:127.0.0.1:0", "--rate", "1kpps", USAGE,
            ["loopback:a", "io_uring:127.0.0.1:0"])
    refused("trial", "--tx", "io_uring:127.0.0.1:0", "--rx", "loopback:b", "--rate", "1kpps", USAGE,
            ["loopback:b", "io_uring:127.0.0.1:0"])


@SUITE.case
def both_ways_without_a_way_back():
    refused("trial", "--tx", "loopback:a", "--rx", "none", "--bidirectional", "--rate", "1kpps", USAGE,
            ["--bidirectional", "--rx none"])


@SUITE.case
def choices():
    for flag in ("--rate-layer", "--flow-order", "--idle", "--pacing", "--schedule", "--tx-stamp"):
        refused(*TRIAL, flag, "l7", USAGE, [flag, "l7"])
    refused(*DUT, "--only", "c-to-d", USAGE, ["--only", "a-to-b"])


@SUITE.case
def schedules_that_cannot_be():
    refused(*TRIAL, "--schedule", "bursty", USAGE, ["--schedule bursty", "--burst-size"])
    refused(*SEARCH, "--schedule", "bursty", USAGE, ["--schedule bursty", "--burst-size"])
    for words in ([], ["--schedule", "poisson"], ["--schedule", "constant"]):
        refused(*TRIAL, *words, "--burst-size", "16", USAGE, ["--burst-size", "--schedule bursty"])
    for words in (["poisson"], ["bursty", "--burst-size", "16"]):
        refused(*MEMORY, "--rate", "max", "--duration", "100ms", "--schedule", *words, USAGE,
                ["--schedule", "--rate max"])
    refused(*TRIAL, "--schedule", "Poisson", USAGE, ["'Poisson'", "constant, poisson, bursty"])


@SUITE.case
def schedules_that_can_be():
    for words in (["poisson"], ["bursty", "--burst-size", "2"], ["bursty", "--burst-size", "1024"]):
        for pacing in ("burst", "precise"):
            done = wireproof(*MEMORY, "--rate", "20kpps", "--duration", "100ms", "--pacing", pacing,
                             "--schedule", *words, "--json", timeout=8)
            assert done.code in (0, 6), done
            found = document(done.out)["trials"][0]["directions"][0]["pacing"]
            assert (found["schedule"], found["mode"]) == (words[0], pacing), found
    done = wireproof(*MEMORY, "--rate", "max", "--duration", "20ms", "--schedule", "constant", "--json")
    assert "schedule" not in document(done.out)["trials"][0]["directions"][0]["pacing"], done
    for name in ("--waiting-time", "--drain"):  # the second is its old name
        done = wireproof(*TRIAL, name, "60s", "--end-when-complete", "--json", timeout=20)
        assert document(done.out)["trials"][0]["waiting_time_s"] == 60, done


@SUITE.case
def courses_that_cannot_be():
    refused(*TRIAL, "--frames", "100", USAGE, ["--frames", "--duration"])
    refused(*MEMORY, "--rate", "max", "--step", "1kpps@1s", USAGE, ["--step", "--rate max"])
    refused(*MEMORY, "--rate", "1kpps", "--frames", "9", "--step", "2kpps@1s", USAGE, ["--frames", "--step"])
    refused(*TRIAL, "--step", "2kpps@100ms", USAGE, ["--step", "over by then"])
    refused(*MEMORY, "--rate", "1pps", "--frames", "1000000", USAGE, ["--frames 1000000", "longer than a day"])


@SUITE.case
def frame_logs_that_cannot_be():
    refused(*TRIAL, "--frame-log-frames", "100", USAGE, ["--frame-log-frames", "--frame-log"])
    refused("trial", "--tx", "loopback:a", "--rx", "none", "--dst-mac", "02:00:00:00:00:01", "--rate",
            "1kpps", "--duration", "100ms", "--frame-log", "/dev/null", USAGE, ["--frame-log", "--rx none"])
    done = wireproof(*SEARCH, "--frame-log", "/dev/null")
    assert done.code == USAGE and "--frame-log" in done.err, done
    with tempfile.TemporaryDirectory() as folder:
        refused(*TRIAL, "--frame-log", f"{folder}/missing/log.csv", OUTPUT, ["log.csv", "create the folder"])
        refused(*TRIAL, "--frame-log", folder, OUTPUT, [folder, "name a file in it"])
        assert os.listdir(folder) == [], os.listdir(folder)
        refused(*TRIAL, "--frame-log", "/dev/full", OUTPUT, ["/dev/full", "No space left", "free some space"])
        # What stood in the file stays when the trial is refused for another reason.
        path = os.path.join(folder, "log.csv")
        with open(path, "w", encoding="ascii") as file:
            file.write("kept\n")
        refused(*TRIAL, "--frame-log", path, "--vlan", "7", USAGE, ["64", "68"])
        with open(path, encoding="ascii") as file:
            assert file.read() == "kept\n"
        # One file by two names, neither of which is there yet.
        done = run("sh", "-c", f"cd {folder} && exec \"$@\"", "sh", WIREPROOF, *TRIAL, "--json=new.json",
                   "--frame-log", "./new.json")
        assert done.code == USAGE and "the result and the log are both" in done.err, done
        with open(os.path.join(folder, "new.json"), encoding="utf-8") as file:
            assert "both" in document(file.read())["error"]["message"]  # the refusal, and no log


@SUITE.case
def frames_too_small_for_what_they_carry():
    """The least size that works is named."""
    refused(*TRIAL, "--vlan", "7", USAGE, ["64", "68"])
    refused(*TRIAL, "--ipv6", USAGE, ["64", "84"])
    refused(*TRIAL, "--ipv6", "--vlan", "7", USAGE, ["64", "88"])
    refused(*TRIAL, "--ipv6", "--size", "128,64", USAGE, ["64", "84"])


@SUITE.case
def flows_beyond_the_last_port():
    refused(*TRIAL, "--flows", "20k", "--src-port", "65000", USAGE, ["--src-port", "49152"])
    refused(*TRIAL, "--queues", "2", "--flows", "1", USAGE, ["queues", "--flows 2"])


@SUITE.case
def configuration_file():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "test.toml")

        def with_file(text, words, mode=0o600):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)
            os.chmod(path, mode)
            refused(*TRIAL, "--config", path, USAGE, words)

        refused(*TRIAL, "--config", f"{folder}/missing.toml", USAGE, ["missing.toml"])
        refused(*TRIAL, "--config", folder, USAGE, [folder])
        refused(*TRIAL, "--config", "/dev/zero", USAGE, ["/dev/zero"])
        refused(*TRIAL, "--config", "", USAGE, ["--config"])
        with_file("[trial]\nsizes = 64\n", ["sizes"])
        with_file("[trial]\nflows = \"many\"\n", ["flows in", "test.toml", "many"])
        with_file("[trial]\nflows = [1, 2]\n", ["flows in"])
        with_file("[trial]\nflows = []\n", ["flows in", "empty list"])
        with_file("[trial]\nflwos = 4\n", ["flwos", "did you mean 'flows'?"])
        with_file("[trial]\nfail_if = \"loss>1%\"\n", ["fail_if", "did you mean 'fail-if'?"])
        with_file("[trial]\nipv6 = \"\x1b[2J\"\n", ["ipv6 in", "?[2J"])
        with_file("[trial\nflows = 1\n", [path])
        with open(path, "w", encoding="utf-8") as file:
            file.truncate(2 << 30)
        refused(*TRIAL, "--config", path, USAGE, [path])


@SUITE.case
def configuration_file_is_read():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "test.toml")
        with open(path, "w", encoding="utf-8") as file:
            file.write("[trial]\nflows = 3\nrate = \"2kpps\"\n[search]\nprecision = \"1%\"\n")
        for words in (["--config", path, *MEMORY], [*MEMORY, "--config", path]):
            done = wireproof(*words, "--duration", "100ms", "--json")
            assert done.code in (0, 6), done
            assert document(done.out)["config"]["flows"] == 3, done
            settings = document(done.out)["settings"]
            assert (settings["flows"], settings["rate"], settings["duration"]) == (3, "2000pps", "100ms"), settings
        done = wireproof(*MEMORY, "--flows", "5", "--config", path, "--duration", "100ms", "--json")
        assert document(done.out)["config"]["flows"] == 5, "the command line has the last word"


@SUITE.case
def help_and_version():
    """At once: nobody waits for a probe of the machine to be told a version."""
    limit = 0.05 if os.environ.get("WIREPROOF_SANITIZERS", "none") == "none" else 0.5
    for words in (["--help"], ["-h"], ["--version"], ["-V"], ["trial", "--help"], ["search", "-h"],
                  ["dut", "--help"], ["doctor", "--help"]):
        fastest = 1
        for _ in range(40):  # on a machine that does other things, one undisturbed run is enough
            done = wireproof(*words)
            assert done.code == 0 and done.out and not done.err, done
            fastest = min(fastest, done.seconds)
            if fastest < limit:
                break
        assert fastest < limit, (words, fastest)


@SUITE.case
def dry_run_sends_nothing():
    done = wireproof(*TRIAL, "--dry-run")
    assert done.code == 0 and "nothing was sent" in done.out and not done.err, done
    for words in (TRIAL, [*SEARCH, "--goal", "ndr"]):
        done = wireproof(*words, "--dry-run", "--json")
        found = document(done.out)
        assert done.code == 0 and found["status"] == "ok" and found["trials"] == [], done
        assert any("nothing was sent" in note for note in found["notes"]), found["notes"]
    refused("trial", "--tx", "nothing:x", "--rx", "loopback:b", "--rate", "1kpps", "--dry-run", USAGE,
            ["nothing"])
    refused(*TRIAL, "--vlan", "7", "--dry-run", USAGE, ["64", "68"])


@SUITE.case
def hostile_bytes():
    """Nothing a user types reaches a terminal or a document raw."""
    def harmless(done):
        assert "\x1b" not in done.err and "\x07" not in done.err, done.err[:200]
        assert len(done.err) < 1000, len(done.err)
        document(done.out)

    options = {"loopback:a": "loss", "af_packet:lo": "guard", "af_xdp:lo": "mode", "dpdk:net_null0": "size",
               "io_uring:127.0.0.1:0": "engine"}
    for text in ("\x1b]0;owned\x07", "a" * 100_000, "\xff\xfe", "%s%n", "{}", "$(id)", "\n\n"):
        for flag in ("--rate", "--size", "--tx", "--src-mac", "--goal", "--fail-if", "--latency"):
            base = SEARCH if flag == "--goal" else TRIAL
            done = run(WIREPROOF, *command(base, flag, text), "--json")
            assert done.code == (PRECONDITION if flag == "--tx" and done.code != USAGE else USAGE), done
            harmless(done)
        for limit in (f"loss>{text}", f"latency_{text}>1ms"):
            done = run(WIREPROOF, *TRIAL, "--fail-if", limit, "--json")
            assert done.code == USAGE and "--fail-if" in done.err, done
            harmless(done)
        for port, option in options.items():
            for words in (f"{port},{text}=1", f"{port},{option}={text}"):
                done = run(WIREPROOF, "trial", "--tx", words, "--rx", "none", "--dst-mac",
                           "02:00:00:00:00:01", "--rate", "1kpps", "--duration", "100ms", "--json")
                assert done.code in (USAGE, PRECONDITION), done
                harmless(done)


if __name__ == "__main__":
    sys.exit(SUITE.main())
