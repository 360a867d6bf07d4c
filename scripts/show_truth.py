#!/usr/bin/env python3
"""Prints a search's answers beside the device's known capacity.

    show_truth.py RESULT.json CAPACITY_FPS QUEUE_FRAMES [LOG]

The truth of a trial of T seconds is capacity + queue / T: a queue that is empty at the start takes
that much more than the device passes on. Exit 0 when every size has an answer within 0.5 % of it
that the search guarantees.
"""

import json
import sys

TOLERANCE = 0.005


def row(search, capacity, queue):
    """One line of the table, whether the answer is right, and whether the search guarantees it."""
    truth = capacity + queue / search["goal"]["final_duration_s"]
    found = search.get("lower_bound_fps")
    if found is None:
        return f"{search['frame_size']:>6}  {'none':>12}  {truth:>12,.0f}", False, False
    error = found / truth - 1
    limited = search["tester_limited"] or not search["regular"]
    mark = f"  {search['reason']}" if limited else ""
    line = (f"{search['frame_size']:>6}  {found:>12,.0f}  {truth:>12,.0f}  {error * 100:>+8.3f}"
            f"  {search['trials']:>6}  {search['elapsed_s']:>6.1f}{mark}")
    return line, abs(error) <= TOLERANCE, not limited


def main(arguments):
    path, capacity, queue = arguments[0], float(arguments[1]), float(arguments[2])
    with open(path, encoding="utf-8") as file:
        document = json.load(file)
    searches = document["result"].get("searches", [])
    print(f"The device's capacity, unknown to the search: {capacity:,.0f} frames/s "
          f"(queue {queue:.0f} frames).\n")
    print(f"{'frame':>6}  {'found':>12}  {'truth':>12}  {'error':>8}  {'trials':>6}  {'time':>6}")
    print(f"{'bytes':>6}  {'frames/s':>12}  {'frames/s':>12}  {'%':>8}  {'':>6}  {'s':>6}")
    rows = [row(search, capacity, queue) for search in searches]
    for line, _, _ in rows:
        print(line)
    right = bool(rows) and all(good for _, good, _ in rows)
    sure = all(guaranteed for _, _, guaranteed in rows)
    print("\nevery answer is within 0.5 % of the truth" if right else
          "\nnot every answer is within 0.5 % of the truth")
    if not sure:
        print("the search does not guarantee all of them, for the reasons above: on a busy host, run it again")
    return 0 if right and sure else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
