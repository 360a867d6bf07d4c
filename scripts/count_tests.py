#!/usr/bin/env python3
"""Counts cases, not programs: reads the logs that `meson test` left and the steps of scripts/test.

    count_tests.py [--steps FILE] [--strict LIST] BUILD...
                                             prints the seconds of every program, every failure and
                                             every skip with its reason, then `N passed, N failed,
                                             N skipped`; exit 1 when something failed or nothing
                                             passed
    count_tests.py --self-test               proves on made-up logs that nothing is miscounted

With --strict a skip that is not on the list, with the reason that the list expects, is a failure.
LIST (tests/skips.txt) has a line `CASE | REASON | why` a skip: patterns of the shell for both, and
`at most 1/5` as the first words of why where no more of a program's cases may be skipped so.

A test program speaks GoogleTest (`[       OK ] A.B (1 ms)`) or our own lines (`ok NAME`,
`not ok NAME: why`, `skip NAME: why`). One that says neither is itself one case. One that ends badly
without naming a failed case (a crash, a time-out, a sanitizer) is a failure of its own.
"""

import collections
import fnmatch
import json
import pathlib
import re
import sys
import tempfile

GTEST = re.compile(r"^\[\s+(OK|FAILED|SKIPPED)\s+\] ([^ ,]+).* \(\d+ ms\)$")
GTEST_RUN = re.compile(r"^\[ RUN\s+\] (\S+)")
OWN = re.compile(r"^(ok|not ok|skip) ([^:]+?)(?:: (.*))?$")
SKIP_STATUS = 77
SHARE = "at most 1/5"


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped = [], [], []  # (name, why)
        self.seconds = []  # (seconds, program)

    def add(self, verdict, name, why=""):
        {"ok": self.passed, "not ok": self.failed, "skip": self.skipped}[verdict].append((name, why))


def count_gtest(where, text, tally):
    """Returns the case that had begun and not ended, or ''."""
    running, said = "", []
    for line in text.splitlines():
        run, end = GTEST_RUN.match(line), GTEST.match(line)
        if run:
            running, said = run.group(1), []
        elif end and running:
            verdict = {"OK": "ok", "FAILED": "not ok", "SKIPPED": "skip"}[end.group(1)]
            why = " ".join(" ".join(said).split())
            why = re.sub(r"^\S+:\d+: (Skipped|Failure)\s*", "", why)
            tally.add(verdict, f"{where} {running}", "" if verdict == "ok" else why[:400])
            running = ""
        elif running:
            said.append(line)
    return running


def shortened(why, most=1000):
    """The whole is in the log of its program."""
    return why if len(why) <= most else f"{why[:most // 2]} ... {why[-most // 2:]}"


def count_lines(where, text, tally):
    for line in text.splitlines():
        match = OWN.match(line)
        if match:
            tally.add(match.group(1), f"{where} {match.group(2)}", match.group(3) or "")


def count_program(build, entry, tally):
    """One line of testlog.json: one program."""
    where = f"{build}: {entry['name'].split(' / ')[-1]}"
    text = entry.get("stdout", "")
    tally.seconds.append((entry.get("duration", 0), where))
    cases = Tally()
    running = ""
    if "[==========]" in text:
        running = count_gtest(where, text, cases)
    else:
        count_lines(where, text, cases)
    counted = len(cases.passed) + len(cases.failed) + len(cases.skipped)
    good = entry["result"] in ("OK", "SKIP")
    if not good and not cases.failed:
        last = " ".join((entry.get("stderr", "") or text).split())[-400:]
        state = f"in {running}, " if running else ""
        cases.add("not ok", where, f"{entry['result']}, {state}status {entry.get('returncode')}: {last}")
    elif counted == 0:
        cases.add("skip" if entry.get("returncode") == SKIP_STATUS else "ok", where, text.strip())
    for verdict, found in (("ok", cases.passed), ("not ok", cases.failed), ("skip", cases.skipped)):
        for name, why in found:
            tally.add(verdict, name, why)


def count_build(folder, tally):
    logs = sorted((folder / "meson-logs").glob("testlog*.json"))
    if not logs:
        tally.add("not ok", folder.name, "no test has run")
    for log in logs:
        for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
            count_program(folder.name, json.loads(line), tally)


class Allowed:
    """The list of skips: patterns of case and reason, and whether only a share of a program's."""

    def __init__(self, text):
        self.rows = []
        for line in text.splitlines():
            if line.strip() and not line.startswith("#"):
                case, reason, why = (part.strip() for part in line.split(" | ", 2))
                self.rows.append((case, reason, why.startswith(SHARE)))

    def find(self, name, why):
        return next((row for row in self.rows if fnmatch.fnmatchcase(name, row[0])
                     and fnmatch.fnmatchcase(why, row[1])), None)


def be_strict(tally, allowed):
    """Skips that are not allowed, or more of them than are, become failures."""
    programs = collections.Counter(program_of(name) for verdicts in
                                   (tally.passed, tally.failed, tally.skipped) for name, _ in verdicts)
    shares = collections.defaultdict(list)
    for name, why in list(tally.skipped):
        row = allowed.find(name, why)
        if row is None:
            tally.skipped.remove((name, why))
            tally.add("not ok", name, f"skipped, and tests/skips.txt does not say so: {why}")
        elif row[2]:
            shares[program_of(name)].append((name, why))
    for program, skips in shares.items():
        if len(skips) * 5 > programs[program]:
            for skip in skips:
                tally.skipped.remove(skip)
                tally.add("not ok", skip[0], f"{len(skips)} of {programs[program]} cases of its program "
                          f"could not tell: {skip[1]}")


def program_of(name):
    """`build-release: system/truth truth_af_xdp_all_1` is a case of the first two words."""
    return " ".join(name.split(" ")[:2])


def report(tally):
    for seconds, name in sorted(tally.seconds, reverse=True):
        if seconds >= 1:
            print(f"{seconds:6.0f} s  {name}")
    for name, why in tally.failed:
        print(f"FAILED  {name}" + (f": {shortened(why)}" if why else ""))
    for name, why in tally.skipped:
        print(f"skipped {name}: {why or 'gives no reason'}")
    print(f"{len(tally.passed)} passed, {len(tally.failed)} failed, {len(tally.skipped)} skipped")
    return 0 if tally.passed and not tally.failed else 1


SAMPLE = [  # one program each
    {"name": "w / unit", "result": "FAIL", "returncode": 1, "stdout":
     "[==========] Running 4 tests from 1 test suite.\n[ RUN      ] A.Good\n"
     "[       OK ] A.Good (0 ms)\n[ RUN      ] A/T.Bad/1\nx.cc:1: Failure\nwrong\n"
     "[  FAILED  ] A/T.Bad/1, where GetParam() = 1 (2 ms)\n[ RUN      ] A.Absent\n"
     "x.cc:9: Skipped\nno NIC\n\n[  SKIPPED ] A.Absent (0 ms)\n[  PASSED  ] 1 test.\n"
     "[  SKIPPED ] 1 test, listed below:\n[  SKIPPED ] A.Absent\n"
     "[  FAILED  ] 1 test, listed below:\n[  FAILED  ] A/T.Bad/1, where GetParam() = 1\n"},
    {"name": "w / crash", "result": "FAIL", "returncode": -11, "stdout":
     "[==========] Running 2 tests from 1 test suite.\n[ RUN      ] A.Good\n"
     "[       OK ] A.Good (0 ms)\n[ RUN      ] A.Dies\n"},
    {"name": "w:system / system/x", "result": "OK", "returncode": 0, "stdout":
     "ok one\nskip two: needs root\nok of course: not a why\nokay no line\n"},
    {"name": "w:system / system/y", "result": "FAIL", "returncode": 1, "stdout":
     "ok one\nnot ok two: 1 != 2\n"},
    {"name": "w / leak", "result": "FAIL", "returncode": 23, "stdout": "ok one\n",
     "stderr": "LeakSanitizer: detected memory leaks"},
    {"name": "w / plain", "result": "OK", "returncode": 0, "stdout": ""},
    {"name": "w / absent", "result": "SKIP", "returncode": 77, "stdout": "no NIC"},
    {"name": "w / slow", "result": "TIMEOUT", "returncode": -15, "stdout": "ok one\n"},
]


def self_test():
    tally = Tally()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        (folder / "meson-logs").mkdir()
        text = "\n".join(json.dumps(entry) for entry in SAMPLE)
        (folder / "meson-logs" / "testlog.json").write_text(text, encoding="utf-8")
        count_build(folder, tally)
        count_build(folder / "never-built", tally)
    counts = (len(tally.passed), len(tally.failed), len(tally.skipped))
    skips = [why for _, why in tally.skipped]
    crash = [why for _, why in tally.failed if "in A.Dies" in why]
    good = {"counts": counts == (8, 6, 3), "reasons": skips == ["no NIC", "needs root", "no NIC"],
            "crash": len(crash) == 1, "nothing_is_a_failure": report(Tally()) == 1}
    be_strict(tally, Allowed("# a list\n*: unit A.Absent | no NIC | a NIC is not everywhere\n"
                             "*system/x two | needs *  | at most 1/5\n"))
    good["strict"] = [name for name, _ in tally.skipped] == [f"{folder.name}: unit A.Absent"]
    good["strict_reasons"] = len([why for _, why in tally.failed if "does not say so: no NIC" in why]) == 1
    good["strict_share"] = len([why for _, why in tally.failed if "1 of 3 cases" in why]) == 1
    for name, right in good.items():
        print(f"ok {name}" if right else f"not ok {name}: {counts}, {skips}, {tally.failed}")
    return 0 if all(good.values()) else 1


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    tally, allowed = Tally(), None
    while arguments[:1] in (["--steps"], ["--strict"]):
        text = pathlib.Path(arguments[1]).read_text(encoding="utf-8")
        if arguments[0] == "--steps":
            count_lines("step:", text, tally)
        else:
            allowed = Allowed(text)
        arguments = arguments[2:]
    for build in arguments:
        count_build(pathlib.Path(build), tally)
    if allowed is not None:
        be_strict(tally, allowed)
    return report(tally)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
