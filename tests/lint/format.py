"""clang-format: every C++ file is as .clang-format says. Mend with: clang-format -i FILE."""
import subprocess
import sys

from sources import ROOT, finish, tracked


def main():
    files = tracked("*.h", "*.cpp")
    problems = []
    for first in range(0, len(files), 50):
        run = subprocess.run(["clang-format", "--dry-run", "-Werror", "--ferror-limit=1", *files[first:first + 50]],
                             cwd=ROOT, capture_output=True, text=True)
        if run.returncode != 0:
            found = [line for line in run.stderr.splitlines() if "error:" in line]
            problems += found or [run.stderr.strip()]
    return finish("format", problems, f"{len(files)} files")


if __name__ == "__main__":
    sys.exit(main())
