#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Scores prony's change points on labelled series, and measures what a long series costs.

usage: changepoints.py build/prony [FILE]

FILE holds series as changepoints_200.txt beside this script does. A change that was found counts when it
lies within five points of a true one, one to one, nearest pairs first. CPU is that of 10,000 points
without a change, with steps, and with a trend, a season and outliers.
"""
import collections
import math
import os
import random
import subprocess
import sys
import tempfile

WITHIN = 5


def places(text):
    return [] if text == "-" else [int(p) for p in text.split(",")]


def found(program, path):
    lines = subprocess.run([program, path], check=True, capture_output=True, text=True).stdout
    for line in lines.splitlines():
        name, kind, n, true, seen, ms = line.split("\t")
        yield name, kind, int(n), places(true), places(seen), float(ms)


def matches(true, seen):
    pairs = sorted((abs(a - b), a, b) for a in true for b in seen if abs(a - b) <= WITHIN)
    had, used = set(), set()
    for _, a, b in pairs:
        if a not in had and b not in used:
            had.add(a)
            used.add(b)
    return len(had)


class Score:
    def __init__(self):
        self.right = self.wrong = self.missed = self.quiet = self.alarms = 0

    def count(self, true, seen):
        right = matches(true, seen)
        self.right += right
        self.wrong += len(seen) - right
        self.missed += len(true) - right
        self.quiet += not true
        self.alarms += not true and bool(seen)

    def line(self, name):
        f1 = 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)
        return (f"{name:12} F1 {f1:.3f}   right {self.right:4} wrong {self.wrong:4} missed {self.missed:4}   "
                f"false alarms {self.alarms} of {self.quiet} quiet series")


def long_series():
    dice = random.Random(1)
    noise = [dice.gauss(0, 1) for _ in range(10000)]
    yield "noise", [100 + z for z in noise]
    yield "steps", [100 + 3 * (i // 1500 % 2) + z for i, z in enumerate(noise)]
    yield "mixed", [100 + i / 2000 + 2 * math.sin(i * 2 * math.pi / 288) + (30 if dice.random() < .01 else 0)
                    + 4 * (i > 6000) + z for i, z in enumerate(noise)]


def main():
    build = os.path.dirname(os.path.abspath(sys.argv[1]))
    path = sys.argv[2] if len(sys.argv) > 2 else os.path.join(os.path.dirname(__file__), "changepoints_200.txt")
    program = os.path.join(build, "tests/unit/labelled_found")
    scores = collections.defaultdict(Score)
    for i, (_, kind, _, true, seen, _) in enumerate(found(program, path)):
        for name in (kind, f"half {i % 2 + 1}", "all"):
            scores[name].count(true, seen)
    for name in sorted(scores):
        print(scores[name].line(name))
    with tempfile.NamedTemporaryFile("w") as f:
        for name, series in long_series():
            f.write(f"{name} long - " + " ".join(f"{v:.4f}" for v in series) + "\n")
        f.flush()
        for name, _, n, _, seen, ms in found(program, f.name):
            print(f"{n} points, {name}: {ms:.1f} ms CPU, changes at {seen}")


main()
