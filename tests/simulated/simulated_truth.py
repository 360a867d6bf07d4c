#!/usr/bin/env python3
"""The truth test in simulated time: what the program says of a trial must be what the device's log says.

The program's own loops send through its own device (simulated_trial.cc), on a clock that stands
still while they compute: no case depends on the machine, and none may be skipped.

    simulated_truth.py PROGRAM [--cases N] [--seed S] [NUMBER...]

The cases are those of cases.py: every pair of values, and random ones up to N. Prints a line a case.
"""

import argparse
import collections
import concurrent.futures
import json
import os
import subprocess
import sys
import tempfile

import cases
from judge import judge

LIMIT_S = 300  # of a case, which takes a tenth of a second, under a sanitizer on a busy machine


def run(program, number, case):
    """(what is wrong, the kind of verdict)."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log.csv")
        words = cases.words(number, case)
        done = subprocess.run([program, log, *words], capture_output=True, text=True, check=False,
                              timeout=LIMIT_S)
        again = f"; {program} LOG {' '.join(words)}"
        if done.returncode != 0:
            return f"exit {done.returncode}: {done.stderr[-600:]}{again}", ""
        try:
            return "", judge(case, log, json.loads(done.stdout)["trial"])
        except Exception as error:  # pylint: disable=broad-except
            return f"{type(error).__name__}: {error}{again}", ""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program")
    parser.add_argument("numbers", nargs="*", type=int)
    parser.add_argument("--cases", type=int, default=120)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chosen = list(enumerate(cases.choose(options.cases, options.seed)))
    chosen = [one for one in chosen if not options.numbers or one[0] in options.numbers]
    verdicts, failed = collections.Counter(), 0
    with concurrent.futures.ProcessPoolExecutor(os.cpu_count()) as pool:
        runs = [pool.submit(run, options.program, *one) for one in chosen]
        for (number, case), done in zip(chosen, runs):
            wrong, verdict = done.result()
            verdicts[verdict] += 1
            failed += bool(wrong)
            name = cases.name_of(number, case)
            print(f"not ok {name}: {' '.join(wrong.split())}" if wrong else f"ok {name}", flush=True)
    print(f"{len(chosen)} cases: {dict(verdicts)}", file=sys.stderr)
    return 1 if failed or not chosen else 0


if __name__ == "__main__":
    sys.exit(main())
