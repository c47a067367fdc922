"""The tree itself: no path of one machine in a file, a README in every folder that holds code, no test that nobody builds, files of a
readable length."""
import re
import sys

from sources import ROOT, finish, tracked

MACHINE_PATH = re.compile(r"(?<![\w.$}/-])(/home/[a-z]\w*|/root|/work|/Users/\w+|/build)/")
LONG_FILE_LINES = 500


def machine_paths(name, text):
    return [f"{name}:{number}: path of one machine: {match.group(0)}"
            for number, line in enumerate(text.splitlines(), 1) if (match := MACHINE_PATH.search(line))]


def folders_without_readme(files):
    """Folders with code, tests apart: a test's folder is explained by the folder that it mirrors."""
    coded = {name.rpartition("/")[0] for name in files if name.endswith((".h", ".cpp"))}
    return sorted(folder for folder in coded
                  if folder and not folder.startswith("tests/") and f"{folder}/README.md" not in files)


def tests_not_built(files, read):
    """Sources of tests that their folder's CMakeLists.txt neither names nor takes by pattern: they would never run."""
    missing = []
    for name in sorted(files):
        folder, _, file = name.rpartition("/")
        if not file.endswith("_test.cpp"):
            continue
        lists = read(f"{folder}/CMakeLists.txt") if f"{folder}/CMakeLists.txt" in files else ""
        calls = re.findall(r"gatehouse_test\(([^)]*)\)", lists)
        taken = "*_test.cpp" in lists or any("SOURCES" not in call for call in calls)
        if not taken and not re.search(rf"(?<![\w]){re.escape(file)}\b", lists):
            missing.append(name)
    return missing


def main():
    files = tracked()
    problems = [f"{folder}/: no README.md" for folder in folders_without_readme(set(files))]
    problems += [f"{name}: no test program has it; name it in CMakeLists.txt beside it"
                 for name in tests_not_built(set(files), lambda name: (ROOT / name).read_text())]
    for name in files:
        try:
            text = (ROOT / name).read_text()
        except UnicodeDecodeError:
            continue  # corpus files and the like
        problems += machine_paths(name, text)
        lines = text.count("\n")
        if name.endswith((".h", ".cpp", ".py")) and lines > LONG_FILE_LINES:
            print(f"{name}: warning: {lines} lines; what is the second idea in it?")
    return finish("tree", problems, f"{len(files)} files")


if __name__ == "__main__":
    sys.exit(main())
