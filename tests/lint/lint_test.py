"""The lint scripts find what they are for, and nothing else."""
import subprocess
import unittest

import headers
import layers
import tree
from sources import ROOT


class Headers(unittest.TestCase):
    def test_only_what_a_source_includes_first_is_left_to_the_build(self):
        self.assertEqual(headers.first_include("cse/core/cse.cpp"), "cse/core/cse.h")
        proven = headers.proven_by_build()
        self.assertIn("cse/core/cse.h", proven)
        self.assertNotIn("cse/primitive/result.h", proven)


class Layers(unittest.TestCase):
    def refused(self, path, line):
        return bool(layers.problems_of(path, f"#pragma once\n{line}\n"))

    def test_a_row_may_include_itself_and_what_its_rows_may(self):
        self.assertFalse(self.refused("cse/core/a.h", '#include "cse/core/b.h"'))
        self.assertFalse(self.refused("cse/core/a.h", '#include "cse/store/store.h"'))
        self.assertFalse(self.refused("cse/core/a.h", '#include "cse/primitive/result.h"'))
        self.assertFalse(self.refused("cse/services/group/a.h", '#include "cse/services/group/b.h"'))
        self.assertFalse(self.refused("cse/services/group/a.h", '#include "cse/schema/schema.h"'))
        self.assertFalse(self.refused("ae-apps/ota/server/a.cpp", '#include "ae-apps/ota/image/image.h"'))

    def test_a_row_may_not_include_what_is_above_or_beside_it(self):
        self.assertTrue(self.refused("cse/primitive/a.h", '#include "cse/codec/json.h"'))
        self.assertTrue(self.refused("cse/core/a.h", '#include "cse/store/sqlite/sqlite_store.h"'))
        self.assertTrue(self.refused("cse/core/a.h", '#include "cse/services/group/group.h"'))
        self.assertTrue(self.refused("cse/services/group/a.h", '#include "cse/services/delivery/b.h"'))
        self.assertTrue(self.refused("cse/services/group/a.h", '#include "bindings/http/client.h"'))
        self.assertTrue(self.refused("bindings/http/a.h", '#include "cse/core/dispatcher.h"'))
        self.assertTrue(self.refused("bindings/http/a.h", '#include "bindings/mqtt/client.h"'))
        self.assertTrue(self.refused("ae-apps/ota/oem/a.cpp", '#include "cse/schema/schema.h"'))
        self.assertTrue(self.refused("certs/a.cpp", '#include "bindings/http/client.h"'))

    def test_the_node_and_the_tests_may_include_anything_of_ours(self):
        self.assertFalse(self.refused("cse/node/main.cpp", '#include "bindings/mqtt/client.h"'))
        self.assertFalse(self.refused("tests/cse/core/a_test.cpp", '#include "cse/store/sqlite/sqlite_store.h"'))

    def test_a_library_stays_in_its_folder_and_in_the_tests_of_it(self):
        self.assertFalse(self.refused("cse/codec/json.cpp", "#include <rapidjson/document.h>"))
        self.assertFalse(self.refused("tests/bindings/http/a_test.cpp", "#include <boost/asio.hpp>"))
        self.assertTrue(self.refused("cse/core/a.cpp", "#include <rapidjson/document.h>"))
        self.assertTrue(self.refused("tests/cse/core/a_test.cpp", "#include <sqlite3.h>"))
        self.assertTrue(self.refused("ae-apps/ota/oem/a.cpp", "#include <openssl/evp.h>"))

    def test_the_problem_names_the_line(self):
        found = layers.problems_of("cse/codec/a.h", '#pragma once\n\n#include "cse/store/store.h"\n')
        self.assertTrue(found[0].startswith("cse/codec/a.h:3:"), found)

    def test_every_rule_of_the_table_names_a_row(self):
        for row, rules in layers.LAYERS.items():
            for rule in rules:
                self.assertIn(rule.removeprefix("="), [*layers.LAYERS, "*"], row)


class Tree(unittest.TestCase):
    def test_a_path_of_one_machine_is_found_with_its_line(self):
        someone = "/ho" + "me/ann/gatehouse"
        self.assertEqual(len(tree.machine_paths("a.md", f"fine\nsee {someone}/x\n")), 1)
        self.assertIn("a.md:2:", tree.machine_paths("a.md", f"fine\nsee {someone}/x\n")[0])

    def test_paths_of_every_debian_and_of_resources_are_fine(self):
        self.assertEqual(tree.machine_paths("a.md", "/usr/lib /tmp/x build/release/bin ~/id-in/cse-in /etc/os-release"), [])

    def test_a_folder_with_code_needs_a_readme(self):
        files = {"cse/a/x.h", "cse/b/x.h", "cse/b/README.md", "tests/cse/a/x_test.cpp"}
        self.assertEqual(tree.folders_without_readme(files), ["cse/a"])

    def test_a_test_that_no_program_has_is_found(self):
        lists = {"tests/named/CMakeLists.txt": "gatehouse_test(named_test SOURCES a_test.cpp LINKS x)",
                 "tests/all/CMakeLists.txt": "gatehouse_test(all_test LINKS x)",
                 "tests/glob/CMakeLists.txt": "file(GLOB sources *_test.cpp)\ngatehouse_test(g SOURCES ${sources})"}
        sources = {"tests/named/a_test.cpp", "tests/named/b_test.cpp", "tests/named/aa_test.cpp", "tests/named/world.cpp",
                   "tests/all/a_test.cpp", "tests/glob/a_test.cpp", "tests/bare/a_test.cpp"}
        self.assertEqual(tree.tests_not_built(sources | set(lists), lists.get),
                         ["tests/bare/a_test.cpp", "tests/named/aa_test.cpp", "tests/named/b_test.cpp"])


class Launcher(unittest.TestCase):
    def run_it(self, *arguments):
        return subprocess.run([ROOT / "gatehouse", *arguments], capture_output=True, text=True)

    def test_each_command_has_help_that_begins_with_its_usage(self):
        for command in ("build", "test", "demo", "lint", "bench", "run"):
            outcome = self.run_it(command, "--help")
            self.assertEqual((outcome.returncode, outcome.stderr), (0, ""))
            self.assertTrue(outcome.stdout.startswith(f"usage: ./gatehouse {command}"), outcome.stdout)
            self.assertIn(f"  {command} ", self.run_it("--help").stdout)

    def test_what_it_does_not_know_ends_with_2_and_names_it(self):
        for arguments in (("paint",), ("run", "adn"), ("build", "fastest"), ("lint", "--quickly")):
            outcome = self.run_it(*arguments)
            self.assertEqual(outcome.returncode, 2, arguments)
            self.assertIn(f"'{arguments[-1]}'", outcome.stderr)


if __name__ == "__main__":
    unittest.main(argv=["lint_test", "--quiet"])
