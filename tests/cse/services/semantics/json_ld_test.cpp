#include "cse/services/semantics/json_ld.h"

#include <gtest/gtest.h>

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

struct Case {
  const char* name;
  const char* json;
  const char* triples;  ///< null: refused
};
class JsonLd : public testing::TestWithParam<Case> {};

// W3C JSON-LD 1.0
TEST_P(JsonLd, BecomesTriples) {
  const auto document = parse_json(GetParam().json);
  ASSERT_TRUE(document) << document.error().detail;

  const auto triples = triples_of_json_ld(*document, "");

  if (GetParam().triples) {
    ASSERT_TRUE(triples) << triples.error().detail;
    EXPECT_EQ(*triples, GetParam().triples);
  } else {
    EXPECT_FALSE(triples) << *triples;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Documents, JsonLd,
    testing::Values(
        Case{"expanded", R"({"@id":"http://e/a","http://e/p":[{"@value":"x"}]})",
             "<http://e/a> <http://e/p> \"x\" .\n"},
        Case{"prefix", R"({"@context":{"e":"http://e/"},"@id":"e:a","e:p":"x"})",
             "<http://e/a> <http://e/p> \"x\" .\n"},
        Case{"term_of_a_prefix",
             R"({"@context":{"e":"http://e/","p":"e:p"},"@id":"e:a","p":["x","y"]})",
             "<http://e/a> <http://e/p> \"x\" .\n<http://e/a> <http://e/p> \"y\" .\n"},
        Case{"vocabulary_and_type",
             R"({"@context":{"@vocab":"http://e/"},"@id":"http://e/a","@type":"T"})",
             "<http://e/a> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <http://e/T> .\n"},
        Case{
            "reference_by_coercion",
            R"({"@context":{"p":{"@id":"http://e/p","@type":"@id"}},"@id":"http://e/a","p":"http://e/b"})",
            "<http://e/a> <http://e/p> <http://e/b> .\n"},
        Case{"nested", R"({"@id":"http://e/a","http://e/p":{"@id":"http://e/b","http://e/q":1}})",
             "<http://e/b> <http://e/q> \"1\"^^<http://www.w3.org/2001/XMLSchema#integer> .\n"
             "<http://e/a> <http://e/p> <http://e/b> .\n"},
        Case{"graph", R"({"@graph":[{"@id":"http://e/a","http://e/p":true}]})",
             "<http://e/a> <http://e/p> \"true\"^^<http://www.w3.org/2001/XMLSchema#boolean> .\n"},
        Case{"language", R"({"@id":"http://e/a","http://e/p":{"@value":"x","@language":"en"}})",
             "<http://e/a> <http://e/p> \"x\"@en .\n"},
        Case{"escapes", R"({"@id":"http://e/a","http://e/p":"\"\\\n"})",
             "<http://e/a> <http://e/p> \"\\\"\\\\\\n\" .\n"},
        Case{"property_without_meaning", R"({"@id":"http://e/a","p":"x"})", ""},
        Case{"remote_context", R"({"@context":"http://e/c","@id":"http://e/a"})", nullptr},
        Case{"list", R"({"@id":"http://e/a","http://e/p":{"@list":[1]}})", nullptr},
        Case{"injection", R"({"@id":"http://e/a> <b> <c","http://e/p":"x"})", nullptr},
        Case{"number", "5", nullptr}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace gatehouse
