"""Every header compiles alone: headers.py BUILD-DIRECTORY (of a clang preset)."""
import concurrent.futures
import os
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


def main(build):
    headers = tracked("*.h")
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
    return finish("headers", problems, f"{len(headers)} headers, {len(waiting)} to look at")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
