"""Every header compiles alone: headers.py BUILD-DIRECTORY (of a clang preset).

What a source includes before anything else the build compiles alone already; only the others are compiled here."""
import concurrent.futures
import os
import re
import subprocess
import sys

from compile_flags import CompileFlags
from sources import ROOT, Passed, digest, finish, tracked


def compile_alone(header, flags):
    """None, or what the compiler says."""
    run = subprocess.run(["clang++", *flags, "-fsyntax-only", "-Wno-pragma-once-outside-header", "-x", "c++", header],
                         cwd=ROOT, capture_output=True, text=True)
    if run.returncode == 0:
        return None
    first = [line for line in run.stderr.splitlines() if "error:" in line][:1]
    return f"{header}: does not compile alone: {(first or ['?'])[0]}"


def first_include(source):
    """What the file includes before all else, as it is written there; None: nothing."""
    for line in (ROOT / source).read_text(encoding="utf-8").splitlines():
        found = re.match(r'\s*#\s*include\s+[<"]([^>"]+)[>"]', line)
        if found:
            return found.group(1)
    return None


def proven_by_build():
    return {first_include(source) for source in tracked("*.cpp")}


def main(build):
    proven = proven_by_build()
    headers = [header for header in tracked("*.h") if header not in proven]
    flags = CompileFlags(build)
    passed = Passed(build, "headers")
    everything = digest(*(ROOT / header for header in headers))  # a header depends on others
    waiting = [h for h in headers if not passed.knows(digest(h, everything, *flags.for_header(h)))]
    problems = []
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for header, problem in zip(waiting, pool.map(lambda h: compile_alone(h, flags.for_header(h)), waiting)):
            if problem:
                problems.append(problem)
            else:
                passed.add(digest(header, everything, *flags.for_header(header)))
    passed.save()
    return finish("headers", problems, f"{len(headers)} headers that no source includes first, {len(waiting)} to look at")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
