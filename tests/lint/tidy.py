"""clang-tidy with .clang-tidy on every source: tidy.py BUILD-DIRECTORY [--seconds N].

The sources changed last come first, and none is begun after N seconds (0: no bound), so that a bounded run looks at what a
change touched. What passed is remembered under its content and that of all headers.
"""
import argparse
import concurrent.futures
import os
import subprocess
import sys
import time

from compile_flags import CompileFlags
from sources import ROOT, Passed, digest, finish, tracked


def newest_first(sources):
    """Work not yet committed, then by the time of the last commit."""
    order = {}
    dirty = subprocess.run(["git", "status", "--porcelain", "-uall"], cwd=ROOT, capture_output=True, text=True)
    log = subprocess.run(["git", "log", "--format=", "--name-only"], cwd=ROOT, capture_output=True, text=True)
    for name in [line[3:] for line in dirty.stdout.splitlines()] + log.stdout.split("\n"):
        order.setdefault(name, len(order))
    return sorted(sources, key=lambda name: order.get(name, len(order)))


def tidy(build, source):
    """The warnings for one source, empty if none."""
    run = subprocess.run(["clang-tidy", "-p", build, "--quiet", "--warnings-as-errors=*", source],
                         cwd=ROOT, capture_output=True, text=True)
    if run.returncode == 0:
        return []
    return [line for line in run.stdout.splitlines() if " error: " in line] or [f"{source}: {run.stderr.strip()}"]


def main():
    options = argparse.ArgumentParser()
    options.add_argument("build")
    options.add_argument("--seconds", type=int, default=0)
    args = options.parse_args()
    passed = Passed(args.build, "tidy")
    flags = CompileFlags(args.build).by_file
    headers = digest(ROOT / ".clang-tidy", *(ROOT / header for header in tracked("*.h")))
    keys = {s: digest(headers, ROOT / s, *flags[s]) for s in tracked("*.cpp") if s in flags}
    waiting = newest_first([source for source, key in keys.items() if not passed.knows(key)])
    deadline = time.monotonic() + args.seconds if args.seconds else None

    def look(source):
        if deadline and time.monotonic() > deadline:
            return None
        return tidy(args.build, source)

    problems, left = [], 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for source, found in zip(waiting, pool.map(look, waiting)):
            if found is None:
                left += 1
            elif found:
                problems += [problem for problem in found if problem not in problems]  # a header's comes many times
            else:
                passed.add(keys[source])
    passed.save()
    note = f", {left} left for lack of time" if left else ""
    return finish("clang-tidy", problems, f"{len(keys)} sources, {len(waiting)} to look at{note}")


if __name__ == "__main__":
    sys.exit(main())
