#!/usr/bin/env python3
"""The truth test in simulated time: what the program says of a trial must be what the device's log says.

The program's own loops send through its own device (simulated_trial.cc), on a clock that stands
still while they compute: no case depends on the machine, and none may be skipped.

    simulated_truth.py PROGRAM [--cases N] [--seed S] [--every N] [NUMBER...]

The cases are those of cases.py: every pair of values, and random ones up to N. Prints a line a case.
--every takes one case of N.
"""

import argparse
import collections
import copy
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import cases
from judge import judge, read

LIMIT_S = 300  # of a case, which takes a tenth of a second, under a sanitizer on a busy machine


def lies(told):
    """(what, the trial with that one figure or word changed)."""
    for way in range(len(told["directions"])):
        for part in ("counts", "attribution"):
            for name in told["directions"][way][part]:
                lie = copy.deepcopy(told)
                lie["directions"][way][part][name] += 1
                yield f"{way} {part} {name}", lie
    for word in ("verdict", "reason"):
        yield word, {**told, word: "pass" if word == "verdict" else told[word].replace(" of ", "1 of ", 1)}


def judge_and_doubt(case, seen, told):
    """Judges, and sees that no lie would have passed."""
    for what, lie in lies(told):
        try:
            judge(case, seen, lie)
        except AssertionError:
            continue
        raise AssertionError(f"a wrong {what} is not found out")
    return judge(case, seen, told)


def run(program, number, case, judged=judge):
    """(what is wrong, the kind of verdict)."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log.csv")
        words = cases.words(number, case)
        again = f"; {program} LOG {' '.join(words)}"
        try:
            done = subprocess.run([program, log, *words], capture_output=True, text=True, check=False,
                                  timeout=LIMIT_S)
            if done.returncode != 0:
                return f"exit {done.returncode}: {done.stderr[-600:]}{again}", ""
            return "", judged(case, read(case, log), json.loads(done.stdout)["trial"])
        except Exception as error:  # pylint: disable=broad-except
            return f"{type(error).__name__}: {error}{again}", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("numbers", nargs="*", type=int)
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--every", type=int, default=1)
    options = parser.parse_args()
    chosen = list(enumerate(cases.choose(options.cases, options.seed)))[::options.every]
    chosen = [one for one in chosen if not options.numbers or one[0] in options.numbers]
    verdicts, failed = collections.Counter(), 0
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        proof = pool.submit(run, options.program, 0, cases.SPOILED, judge_and_doubt)
        runs = [pool.submit(run, options.program, *one) for one in chosen]
        for (number, case), done in zip(chosen, runs):
            wrong, verdict = done.result()
            verdicts[verdict] += 1
            failed += bool(wrong)
            name = cases.name_of(number, case)
            print(f"not ok {name}: {' '.join(wrong.split())}" if wrong else f"ok {name}", flush=True)
        wrong = proof.result()[0]
        failed += bool(wrong)
        print(f"not ok can_fail: {' '.join(wrong.split())}" if wrong else "ok can_fail", flush=True)
    print(f"{len(chosen)} cases: {dict(verdicts)}", file=sys.stderr)
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
