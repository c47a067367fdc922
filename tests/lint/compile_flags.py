"""Which flags compile a file, read from compile_commands.json."""
import json
import pathlib
import shlex

from sources import ROOT


class CompileFlags:
    def __init__(self, build):
        self.by_file = {}
        for entry in json.loads((pathlib.Path(build) / "compile_commands.json").read_text()):
            path = pathlib.Path(entry["directory"], entry["file"]).resolve()
            if path.is_relative_to(ROOT):
                self.by_file[path.relative_to(ROOT).as_posix()] = self._flags(entry)

    @staticmethod
    def _flags(entry):
        """Only what decides about the meaning of the text: include folders, definitions, the standard."""
        words = entry.get("arguments") or shlex.split(entry["command"])
        flags = ["-std=c++20"]
        for at, word in enumerate(words):
            if word == "-isystem":
                flags += [word, words[at + 1]]
            elif word.startswith(("-I", "-D")):
                flags.append(word)
        return flags

    def for_header(self, header):
        """Those of a source in the same folder; else those of all tests together, who may look anywhere."""
        folder = header.rpartition("/")[0]
        for name, flags in sorted(self.by_file.items()):
            if name.endswith(".cpp") and name.rpartition("/")[0] == folder:  # a header is C++, whoever is beside it
                return flags
        union = ["-std=c++20", f"-I{ROOT}"]
        for flags in self.by_file.values():
            for flag in flags:
                if flag.startswith("-D") and flag not in union:
                    union.append(flag)
        return union
