#!/usr/bin/env python3
"""Where a program allocates: sites.py PROGRAM SITES [BEFORE] [--calls N] [--frames N] [--top N]

SITES is what count.c writes, BEFORE a copy of it from before what is looked at; N calls were made between the two. Printed are
the functions that allocate, most often first: how often and how many octets for a call, and by way of whom. Names come from the
program's symbols, by nm: it must not be stripped of them.
"""

import argparse
import bisect
import collections
import re
import struct
import subprocess

FRAMES = 24
STACK = struct.Struct(f"<{3 + FRAMES}Q")
# Whoever calls these is the one who allocates.
LIBRARY = re.compile(r"^_*(malloc|realloc|calloc|posix_memalign|rust_|rdl_)|^<?&?(mut )?(alloc|core|hashbrown|smallvec|std)::|<(T|F|I|A|B|&?usize|&?str) as |^$")


def symbols(program):
    found = []
    for line in subprocess.run(["nm", "-C", program], capture_output=True, text=True, check=True).stdout.splitlines():
        address, kind, name = (line.split(" ", 2) + ["", ""])[:3]
        if kind in ("t", "T", "w", "W"):
            found.append((int(address, 16), re.sub(r"::h[0-9a-f]{16}$", "", name)))
    found.sort()
    return [address for address, _ in found], [name for _, name in found]


def stacks(path):
    octets = open(path, "rb").read()
    for at in range(0, len(octets), STACK.size):
        used, allocations, allocated, *frames = STACK.unpack_from(octets, at)
        if used:
            yield allocations, allocated, frames


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("program")
    arguments.add_argument("sites")
    arguments.add_argument("before", nargs="?")
    arguments.add_argument("--calls", type=int, default=1)
    arguments.add_argument("--frames", type=int, default=2)
    arguments.add_argument("--top", type=int, default=60)
    options = arguments.parse_args()
    addresses, names = symbols(options.program)

    def name(frame):
        at = bisect.bisect_right(addresses, frame - 1) - 1
        return names[at] if 0 <= at and frame <= addresses[-1] else ""

    def sites(path):
        found = collections.defaultdict(lambda: [0, 0])
        for allocations, allocated, frames in stacks(path):
            path = [name(frame) for frame in frames if frame]
            own = [function for function in path if not LIBRARY.search(function)]
            site = found[" < ".join(own[: options.frames]) or " < ".join(path[:3])]
            site[0] += allocations
            site[1] += allocated
        return found

    # What lies outside of the program is elsewhere in each process: by their names, functions are the same.
    sites, before = sites(options.sites), sites(options.before) if options.before else {}
    for where, (allocations, allocated) in before.items():
        sites[where][0] -= allocations
        sites[where][1] -= allocated
    print(f"{sum(site[0] for site in sites.values()) / options.calls:9.2f} {sum(site[1] for site in sites.values()) / options.calls:9.0f} all")
    for where, (allocations, allocated) in sorted(sites.items(), key=lambda site: -site[1][0])[: options.top]:
        print(f"{allocations / options.calls:9.2f} {allocated / options.calls:9.0f} {where}")


main()
