// flexContainers that users define by files: cse.flexcontainers.
#include "cse/node/flex_files.h"

#include "cse/node/configuration.h"
#include "tests/cse/node/node_fixture.h"

namespace gatehouse::node {
namespace {

using test::Asker;
using test::Folder;
using test::why;

constexpr const char* kLamp = R"([
  // a lamp of our own
  {"type": "my:lamp", "lname": "lamp", "cnd": "com.example.lamp",
   "attributes": [{"sname": "brght", "lname": "brightness", "type": "nonNegInteger", "oc": "M"},
                  {"sname": "mode", "lname": "mode", "type": "enum", "evalues": [1, 2]}]}
])";

std::string written(const std::string& path, const std::string& text) {
  std::ofstream(path) << text;
  return path;
}

TEST(FlexFiles, AStartedNodeServesThem) {
  const Folder folder;
  NodeSettings settings = test::in_memory();
  settings.flexcontainers = {written(folder / "lamps.json", kLamp)};
  Node node(settings);
  ASSERT_TRUE(node.start());
  Asker asker(test::url_of(node));

  const Value lamp = *parse_json(R"({"rn":"l","cnd":"com.example.lamp","brght":5,"mode":2})");
  const Response made = asker.create("cse-in", 28, "my:lamp", lamp);
  const Response refused =
      asker.create("cse-in", 28, "my:lamp", *parse_json(R"({"cnd":"com.example.lamp"})"));

  ASSERT_EQ(made.rsc, Rsc::kCreated) << why(made);
  EXPECT_EQ(test::attributes(asker.retrieve("cse-in/l")).integer_at("brght"), 5);
  EXPECT_EQ(refused.rsc, Rsc::kBadRequest);
  EXPECT_EQ(why(refused), "brght (brightness): is mandatory on CREATE");
  EXPECT_EQ(asker
                .create("cse-in", 28, "cod:binSh",
                        Value::object({{"cnd", "org.onem2m.common.moduleclass.binarySwitch"},
                                       {"state", true}}))
                .rsc,
            Rsc::kCreated)
      << "those of the standard are still there";
}

struct FlexMistake {
  std::string name, text, error;
};
class FlexMistakes : public testing::TestWithParam<FlexMistake> {};
TEST_P(FlexMistakes, AreToldWithFileAndLine) {
  const Folder folder;
  const std::string file = written(folder / "lamps.json", GetParam().text);

  const auto read = read_flex_files({file});

  ASSERT_FALSE(read);
  EXPECT_TRUE(read.error().detail.starts_with(file + GetParam().error)) << read.error().detail;
}
INSTANTIATE_TEST_SUITE_P(
    Files, FlexMistakes,
    testing::Values(
        FlexMistake{"no_json", "[\n\n {\"type\" \"my:lamp\"}]", ":3: JSON, at byte "},
        FlexMistake{"no_list", "{}", ":1: must be a list of at most"},
        FlexMistake{"no_prefix", "[{},\n{\"type\": \"lamp\"}]", ":1: \"\": type: must be a name"},
        FlexMistake{"a_bad_type",
                    "[{\"type\": \"my:lamp\",\n \"attributes\": [{\"sname\": \"a\", \"lname\": "
                    "\"x\", \"type\": \"string\"},\n  {\"sname\": \"b\", \"lname\": \"y\", "
                    "\"type\": \"colour\"}]}]",
                    ":3: my:lamp/b: "},
        FlexMistake{"one_of_the_standard", "[\n{\"type\": \"cod:binSh\"}]",
                    ":2: cod:binSh: is defined already"},
        FlexMistake{"a_taken_name",
                    "[{\"type\": \"my:lamp\",\n\n \"attributes\": [{\"sname\": \"lbl\", "
                    "\"lname\": \"x\", \"type\": \"string\"}]}]",
                    ":3: my:lamp/lbl: is the name of another attribute"}),
    [](const auto& each) { return each.param.name; });

TEST(FlexFiles, AreCheckedWithTheConfiguration) {
  const Folder folder;
  const std::string file = written(folder / "lamps.json", "[\n{}]");

  const auto wrong = read_configuration("", {"cse.flexcontainers=" + file}, {});
  const auto absent = read_configuration("", {"cse.flexcontainers=/none.json"}, {});

  ASSERT_EQ(wrong.errors.size(), 1u);
  EXPECT_TRUE(wrong.errors[0].text.starts_with("cse.flexcontainers: " + file + ":"))
      << wrong.errors[0].text;
  ASSERT_EQ(absent.errors.size(), 1u);
  EXPECT_EQ(absent.errors[0].text, "cse.flexcontainers: /none.json: cannot be read");
}

TEST(DiscoveryLimits, AreKeysOfTheConfiguration) {
  const auto read =
      read_configuration("",
                         {"cse.max_discovery_results=2", "cse.max_discovery_work=5000",
                          "cse.max_answer_bytes=2048", "cse.max_children_depth=3"},
                         {});
  ASSERT_TRUE(read.errors.empty()) << read.errors[0].text;
  NodeSettings settings = read.configuration.settings;
  EXPECT_EQ(settings.cse.max_discovery_work, 5000);
  EXPECT_EQ(settings.cse.max_answer_bytes, 2048u);
  EXPECT_EQ(settings.cse.max_children_depth, 3u);
  settings.store.backend = "memory";
  settings.http.port = 0;
  Node node(settings);
  ASSERT_TRUE(node.start());
  Asker asker(test::url_of(node));
  for (const char* name : {"a", "b", "c"})
    asker.create("cse-in", 3, "m2m:cnt", Value::object({{"rn", name}}));
  Request discovery;
  discovery.to = "cse-in";
  discovery.from = "CAdmin";
  discovery.filter.emplace();
  discovery.filter->filter_usage = 1;
  discovery.filter->resource_types = {3};

  const Response found = asker.ask(discovery);

  EXPECT_EQ(tree_of(found.content)->strings_at("m2m:uril").size(), 2u);
  EXPECT_EQ(found.content_status, 1);
}

}  // namespace
}  // namespace gatehouse::node
