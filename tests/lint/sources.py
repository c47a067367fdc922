"""What all lint scripts share: the tracked files, and a memory of what passed before."""
import hashlib
import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def tracked(*patterns):
    """Tracked and new, not ignored, files of the work tree that match the patterns of git, sorted."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT, check=True, capture_output=True)
    names = listing.stdout.decode().split("\0")
    return sorted({name for name in names if name and (ROOT / name).is_file()})


def digest(*parts):
    """One key for file contents (pathlib.Path) and texts (str)."""
    key = hashlib.sha256()
    for part in parts:
        key.update(part.read_bytes() if isinstance(part, pathlib.Path) else part.encode())
        key.update(b"\0")
    return key.hexdigest()


class Passed:
    """Keys of what was found clean, kept in a build directory, so that a second run looks only at what changed."""

    def __init__(self, build, name):
        self.file = pathlib.Path(build) / f"lint-{name}.json"
        self.before = set(json.loads(self.file.read_text())) if self.file.exists() else set()
        self.now = set()

    def knows(self, key):
        if key in self.before:
            self.now.add(key)
        return key in self.before

    def add(self, key):
        self.now.add(key)

    def save(self, keep_unseen=False):
        self.file.write_text(json.dumps(sorted(self.now | (self.before if keep_unseen else set()))))


def finish(name, problems, looked_at):
    """Prints the verdict of one script and gives its exit code."""
    for problem in problems:
        print(problem)
    print(f"lint: {name}: {looked_at}, {len(problems) or 'no'} problem{'s' if len(problems) != 1 else ''}")
    sys.stdout.flush()
    return 1 if problems else 0
