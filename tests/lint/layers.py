"""Include layers: who may include whom. The CMake link lists say the same; this script says it in words and names the line."""
import re
import sys

from sources import ROOT, finish, tracked

# Folder -> folders whose headers it may include, besides its own and those that they may include in turn.
# The longest matching folder decides. "folder/*" is a row for each of its subfolders. As a permission, "=folder" means the
# headers directly in it, not those of its subfolders, and "*" means all.
LAYERS = {
    "cse/primitive": [],
    "cse/codec": ["cse/primitive"],
    "cse/codec/xml": ["cse/schema"],  # XML says nothing of types: the tables do
    "cse/schema": ["cse/primitive", "cse/codec"],
    "cse/dialect": ["cse/schema"],
    "cse/store": ["cse/schema"],
    "cse/store/memory": ["=cse/store"],
    "cse/store/sqlite": ["=cse/store"],
    "cse/core": ["=cse/store"],
    "cse/jose": ["cse/primitive", "cse/codec"],
    "cse/services/esprim": ["=cse/core", "cse/jose"],
    "cse/services/*": ["=cse/core"],  # each on its own
    "mgmt-objects": ["cse/schema", "=cse/core"],
    "bindings/security": ["cse/primitive", "cse/codec"],
    "bindings/query": ["cse/primitive"],
    "bindings/http": ["bindings/security", "bindings/query"],
    "bindings/mqtt": ["bindings/security"],
    "bindings/coap": ["bindings/security", "bindings/query"],
    "bindings/websocket": ["bindings/security"],
    "certs": ["cse/primitive"],
    "certs/sim": ["certs"],
    "ae-apps/sdk": ["cse/jose", "bindings/http", "bindings/mqtt", "bindings/coap", "bindings/websocket", "bindings/security"],
    "ae-apps/ota/crypto": ["cse/primitive", "cse/codec"],
    "ae-apps/ota/image": ["ae-apps/ota/crypto"],
    "ae-apps/ota/uptane": ["ae-apps/ota/crypto"],
    "ae-apps/ota/coding": ["ae-apps/ota/crypto"],
    "ae-apps/ota/uds": ["ae-apps/ota/crypto"],
    "ae-apps/ota/can": ["ae-apps/ota/crypto"],
    "ae-apps/ota/download": ["ae-apps/ota/uptane"],
    "ae-apps/ota/isotp": ["ae-apps/ota/can", "ae-apps/ota/uds"],
    "ae-apps/ota": ["ae-apps/sdk", "ae-apps/ota/crypto", "ae-apps/ota/image", "ae-apps/ota/uptane", "ae-apps/ota/uds",
                    "ae-apps/ota/can", "ae-apps/ota/isotp", "ae-apps/ota/coding"],
    "ae-apps/ota/gateway": ["ae-apps/ota", "ae-apps/attestation/tpm"],  # keys of ECUs that can only make MACs
    "ae-apps/attestation/evidence/log": ["ae-apps/ota/crypto"],
    "ae-apps/attestation/evidence/trust": ["ae-apps/ota/crypto"],
    "ae-apps/attestation/evidence/witness": ["ae-apps/attestation/evidence/log", "bindings/http"],
    # The auditor: no network in reach.
    "ae-apps/attestation/evidence/operation": ["ae-apps/attestation/evidence/log", "ae-apps/attestation/evidence/trust",
                                              "ae-apps/attestation/verifier", "cse/codec"],
    "ae-apps/attestation/evidence/audit": ["ae-apps/attestation/evidence/operation"],
    "ae-apps/attestation/evidence/tool": ["ae-apps/attestation/evidence/operation", "ae-apps/attestation/evidence/witness"],
    "ae-apps/attestation/center": ["ae-apps/attestation/evidence/operation"],
    "ae-apps/ota/program": ["ae-apps/ota/crypto"],
    "ae-apps/attestation/quote": ["ae-apps/ota/crypto"],
    "ae-apps/attestation/tpm": ["ae-apps/attestation/quote"],
    "ae-apps/attestation/report": ["ae-apps/attestation/quote"],
    "ae-apps/attestation/verifier": ["ae-apps/attestation/quote", "ae-apps/attestation/report", "ae-apps/ota/image"],
    "ae-apps/attestation/verifier/database": ["=ae-apps/attestation/verifier"],
    "ae-apps/attestation/verifier/process": ["ae-apps/attestation/verifier", "ae-apps/attestation/verifier/database",
                                             "ae-apps/attestation/evidence/operation", "ae-apps/ota/program", "bindings/http"],
    "ae-apps/attestation/verifier/client": ["cse/codec", "bindings/http"],
    "ae-apps/attestation/tnc/stream": ["=ae-apps/attestation/tnc", "bindings/security"],
    "ae-apps/attestation/tnc/program": ["ae-apps/attestation/tnc", "ae-apps/attestation/tnc/stream", "ae-apps/attestation/support", "ae-apps/attestation/verifier/client",
                                        "bindings/security"],
    "ae-apps/attestation/support": ["ae-apps/attestation/tnc/stream", "ae-apps/attestation/tpm", "ae-apps/attestation/report", "ae-apps/attestation/evidence/operation",
                                    "ae-apps/ota/program", "ae-apps/sdk"],
    "ae-apps/attestation/center/process": ["ae-apps/attestation/center", "ae-apps/attestation/verifier", "ae-apps/attestation/evidence/witness",
                                           "ae-apps/attestation/verifier/client", "ae-apps/ota/program", "ae-apps/sdk"],
    "ae-apps/attestation/tnc": ["ae-apps/attestation/quote", "ae-apps/attestation/report"],
    "ae-apps/attestation/cli": ["ae-apps/attestation/tpm", "ae-apps/attestation/verifier", "ae-apps/ota/program"],
    "ae-apps/ctl/conformance": ["cse/primitive", "cse/codec"],
    "ae-apps/ctl": ["ae-apps/ctl/conformance", "bindings/http"],
    "ae-apps/maf": ["cse/primitive", "cse/codec", "bindings/http", "bindings/security"],
    "ae-apps/demo": ["ae-apps/sdk", "ae-apps/ota", "ae-apps/attestation/verifier", "certs"],
    "cse/node": ["*"],
    "tests": ["*"],
}
OUR_TOPS = ("cse/", "mgmt-objects/", "bindings/", "certs/", "ae-apps/", "tests/")

# A library that costs seconds per file, or that decides too much: pattern of the include -> where it may stand.
# Tests of such a folder may use it too, and tests/bench, tests/e2e and tests/fuzz may use all.
LIBRARIES = [
    (r"rapidjson/", ["cse/codec"]),
    (r"pugixml", ["cse/codec/xml"]),
    (r"boost/", ["bindings/http", "bindings/websocket", "cse/services/location"]),
    (r"(raptor2|rasqal)\.h", ["cse/services/semantics"]),
    (r"(mqtt/|MQTT(Async|Client))", ["bindings/mqtt"]),
    (r"coap3/", ["bindings/coap"]),
    (r"cjose/", ["cse/jose"]),
    (r"zstd\.h", ["ae-apps/ota/coding"]),
    (r"sqlite3\.h", ["cse/store/sqlite", "tests/cse/store"]),
    (r"openssl/", ["bindings/security", "bindings/http", "bindings/websocket", "bindings/coap", "ae-apps/ota/crypto", "certs", "cse/jose",
                   "ae-apps/attestation/evidence/trust", "ae-apps/attestation/quote", "ae-apps/attestation/tnc/stream",
                   "tests/ae-apps/attestation", "tests/bindings/contract", "tests/bindings/mqtt"]),
    (r"tss2/", ["ae-apps/attestation/tpm", "bindings/security"]),
]
FREE_TESTS = ("tests/bench", "tests/e2e", "tests/fuzz", "tests/faults", "tests/interop", "tests/conformance")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def inside(path, folder):
    return path == folder or path.startswith(folder + "/")


def row_of(path):
    """The folder of the table that decides for this file, or None; of a row "folder/*" the subfolder."""
    rows = [folder for folder in LAYERS if inside(path, folder)]
    for folder in LAYERS:
        parts = path[len(folder) - 1:].split("/")
        if folder.endswith("/*") and path.startswith(folder[:-1]) and len(parts) > 1:
            rows.append(folder[:-1] + parts[0])
    return max(rows, key=len, default=None)


def permissions(row):
    return LAYERS.get(row) or LAYERS.get(row.rpartition("/")[0] + "/*", [])


def allowed(row):
    """All rules (folders, "=folder", "*") that hold for a row, its own folder first."""
    reached, open_rows = [row], list(permissions(row))
    while open_rows:
        rule = open_rows.pop()
        if rule in reached:
            continue
        reached.append(rule)
        open_rows += permissions(rule.removeprefix("="))
    return reached


def may_include(row, header):
    for rule in allowed(row):
        if rule == "*" or (rule.startswith("=") and header.rpartition("/")[0] == rule[1:]):
            return True
        # A folder's permission ends where a row of the table of its own begins: another service, another binding.
        if inside(header, rule) and (row_of(header) == rule or rule == "ae-apps/ota"):
            return True
    return False


def problems_of(path, text):
    """What is wrong with the includes of one file; empty when all is well."""
    problems = []
    row = row_of(path)
    if row is None:
        return [f"{path}:1: no row for this folder in the table of tests/lint/layers.py"]
    for match in INCLUDE.finditer(text):
        kind, header = match.groups()
        line = text.count("\n", 0, match.start(2)) + 1
        if kind == '"' and header.startswith(".."):
            problems.append(f'{path}:{line}: "{header}": include by the full path from the top')
        elif kind == '"' and header.startswith(OUR_TOPS) and not may_include(row, header):
            problems.append(f'{path}:{line}: {row} may not include "{header}"')
        for pattern, homes in LIBRARIES:
            if kind == "<" and re.match(pattern, header) and not path.startswith(FREE_TESTS):
                if not any(inside(path, home) or inside(path, f"tests/{home}") for home in homes):
                    problems.append(f"{path}:{line}: <{header}> is for {', '.join(homes)} only")
    return problems


def main():
    files = tracked("*.h", "*.cpp")
    problems = [p for f in files for p in problems_of(f, (ROOT / f).read_text(errors="replace"))]
    return finish("layers", problems, f"{len(files)} files")


if __name__ == "__main__":
    sys.exit(main())
