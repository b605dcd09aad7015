#!/usr/bin/env python3
"""What bench/run.sh measured, as tables: each row with its target, and whether it is met.

table.py FILE: a line of FILE is what one measurement gave, its columns parted by tabs, the kind first."""

import sys
from collections import defaultdict
from statistics import median

BASE = " (base)"
# Allocations that a secured reliable call made before anything was done about them, both ends.
ALLOCATIONS_BEFORE = 598


def read(path):
    kinds = defaultdict(list)
    for line in open(path):
        kind, *columns = line.rstrip("\n").split("\t")
        kinds[kind].append(columns)
    return kinds


def table(title, head, rows):
    """Prints a table of Markdown, unless there is nothing in it."""
    if not rows:
        return
    print(f"\n{title}\n")
    rows = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(row[at]) for row in [head, *rows]) for at in range(len(head))]

    def line(cells):
        text = [cells[0].ljust(widths[0])] + [cell.rjust(width) for cell, width in zip(cells[1:], widths[1:])]
        print("| " + " | ".join(text) + " |")

    line(head)
    print("| " + " | ".join(["-" * widths[0]] + ["-" * (width - 1) + ":" for width in widths[1:]]) + " |")
    for row in rows:
        line(row)


class Stacks:
    """Calls and openings: rounds of each name and number of sessions."""

    def __init__(self, lines):
        self.rounds = defaultdict(dict)
        for name, sessions, round_, _calls, rate, cpu in lines:
            self.rounds[name, int(sessions)][int(round_)] = (float(rate), float(cpu))

    def middle(self, name, sessions, column=1):
        rounds = self.rounds.get((name, sessions))
        return median(values[column] for values in rounds.values()) if rounds else None

    def ratio(self, one, other, sessions):
        """How often the CPU time of `one` is that of `other`: the median of the rounds' own ratios, since a round has one kind of noise."""
        a, b = self.rounds.get((one, sessions)), self.rounds.get((other, sessions))
        if not a or not b:
            return None
        both = [a[r][1] / b[r][1] for r in a if r in b and b[r][1] > 0]
        return median(both) if both else None


def per_call(lines):
    """Allocations, octets, copies and octets copied of one call, for client and service: what the last run made more than the one before."""
    found = defaultdict(list)
    for name, calls, *numbers in lines:
        numbers = [int(number) for number in numbers]
        client, before, after = numbers[:4], numbers[4:8], numbers[8:12]
        found[name].append((int(calls), client, [b - a for a, b in zip(before, after)]))
    costs = {}
    for name, runs in found.items():
        (few, *less), (many, *more) = runs[-2:]
        costs[name] = [[(b - a) / (many - few) for a, b in zip(*ends)] for ends in zip(less, more)]
    return costs


def judge(rows, what, value, target, unit="", *, least=False):
    """Adds a row of the targets, where it was measured."""
    if value is None:
        return
    met = value >= target if least else value <= target
    bound = "at least" if least else "at most"
    rows.append([what, f"{value:.3g}{unit}", f"{bound} {target:.3g}{unit}", "yes" if met else "NO"])


def plural(sessions):
    return "one session" if sessions == 1 else f"{sessions} sessions"


def spread(rounds, column):
    values = [r[column] for r in rounds.values()]
    return f"{min(values):.0f}–{max(values):.0f}"


def main(path):
    kinds = read(path)
    stacks = Stacks(kinds["call"])
    rows = []
    for (name, sessions), rounds in stacks.rounds.items():
        base = stacks.ratio(name, name + BASE, sessions)
        limit = stacks.ratio(name, "limit", sessions)
        rows.append([
            name, sessions, f"{stacks.middle(name, sessions, 0):.0f}", f"{stacks.middle(name, sessions):.1f}", spread(rounds, 1),
            f"{limit:.2f}" if limit and "opening" not in name else "", f"{base:.2f}" if base else "",
        ])
    table("Calls and openings: medians of the rounds.", ["stack", "sessions", "a second", "CPU µs each", "least–most", "/ limit", "/ base"], rows)

    heap = per_call(kinds["heap"])
    rows = [[f"{name}, {end}"] + [f"{number:.0f}" for number in numbers]
            for name, ends in heap.items() for end, numbers in zip(["client", "service"], ends)]
    table("Heap and copies of one call.", ["stack", "allocations", "octets", "copies", "octets copied"], rows)

    many = defaultdict(dict)
    for name, opened, called, round_, micros in kinds["many"]:
        many[name, int(opened), int(called)][int(round_)] = float(micros)
    rows = [[name, opened, called, f"{median(rounds.values()):.1f}"] for (name, opened, called), rounds in many.items()]
    table("A call, by how many sessions are open.", ["", "open", "called", "CPU µs each"], rows)

    at_once = defaultdict(list)
    for name, ratio in kinds["at-once"]:
        at_once[name].append(float(ratio))
    table("200 calls at once on one ordered session: how often their CPU time is that of 200 in turn.", ["service", "ratio"],
          [[name, f"{median(ratios):.2f}"] for name, ratios in at_once.items()])

    big = defaultdict(list)
    for name, _round, *numbers in kinds["big"]:
        big[name].append([float(number) for number in numbers])
    big = {name: [median(column) for column in zip(*rounds)] for name, rounds in big.items()}
    table("Big echoes.", ["message", "MB/s per core pair", "MB/s", "peak, client", "peak, service"],
          [[name, f"{pair:.0f}", f"{wall:.0f}", f"{client:.1f} ×", f"{service:.1f} ×"] for name, (pair, wall, client, service) in big.items()])

    idle = {end: median(float(value) for name, value in kinds["idle"] if name == end) for end in dict(kinds["idle"])}
    table("An idle session, connection included.", ["end", "KiB"], [[end, f"{value:.1f}"] for end, value in idle.items()])

    table("The disk alone: records of 2 KB, each group followed by fdatasync.", ["group", "records a second"],
          [[group, rate] for _, group, rate in kinds["disk"]])

    targets(stacks, heap, many, at_once, big, idle)


def targets(stacks, heap, many, at_once, big, idle):
    rows = []
    secured = "wsHttp message"
    for sessions, share in ((1, 40), (8, 50)):
        times = f"secured call, {plural(sessions)}"
        judge(rows, f"{times}: Metro's CPU by its own", stacks.ratio("Metro message", secured, sessions), 50, " ×", least=True)
        ratio = stacks.ratio("limit", secured, sessions)
        judge(rows, f"{times}: the limit's CPU by its own", ratio and ratio * 100, share, " %", least=True)
    if secured in heap:
        judge(rows, "allocations of a secured call, both ends", sum(end[0] for end in heap[secured]), ALLOCATIONS_BEFORE / 3)
    for end, most in (("service", 12), ("client", 24)):
        judge(rows, f"idle session, {end}", idle.get(end), most, " KiB")
    few = [rounds for (name, opened, called), rounds in many.items() if name == "many" and called == 8]
    if len(few) == 2:
        judge(rows, "a call with thousands of sessions open against 8", median(few[1].values()) / median(few[0].values()), 1.15, " ×")
    for name in ("openings", "openings negotiated"):
        judge(rows, f"{name}, 8 at once: the base's CPU by its own", stacks.ratio(name + BASE, name, 8), 2, " ×", least=True)
    judge(rows, "200 calls at once, secured", median(at_once.get("secured", [0])) or None, 2, " ×")
    for kind in ("text", "octets", "mtom"):
        for security in ("conversation", "mixed"):
            pair, _, client, service = big.get(f"{kind} {security}", [None] * 4)
            judge(rows, f"big {kind}, {security}", pair, 250, " MB/s", least=True)
            for end, peak in (("client", client), ("service", service)):
                judge(rows, f"big {kind}, {security}: peak at the {end}", peak, 3, " ×")
    judge(rows, "net.tcp alone, 8 sessions", stacks.middle("net.tcp", 8), 25, " µs")
    table("Targets.", ["what", "measured", "target", "met"], rows)


if __name__ == "__main__":
    main(*sys.argv[1:])
