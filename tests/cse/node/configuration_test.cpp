// The configuration: what is read from where, and how mistakes are told.
#include "cse/node/configuration.h"

#include "cse/node/dialect_wiring.h"
#include "tests/cse/node/node_fixture.h"

namespace gatehouse::node {
namespace {

using test::Folder;

class ConfigurationTest : public testing::Test {
 protected:
  ReadResult read(const std::string& text, const std::vector<std::string>& overrides = {},
                  const std::map<std::string, std::string>& environment = {}) {
    file = folder / "in.toml";
    std::ofstream(file) << text;
    return read_configuration(file, overrides, environment);
  }
  std::vector<std::string> errors_of(const ReadResult& result) {
    std::vector<std::string> texts;
    for (const auto& error : result.errors) {
      std::string text = error.text;
      if (const std::size_t at = text.find(file); at != std::string::npos && !file.empty())
        text.replace(at, file.size(), "in.toml");
      texts.push_back(text);
    }
    return texts;
  }
  Folder folder;
  std::string file;
};

struct Mistake {
  std::string name, text, starts, holds;
};
class Mistakes : public ConfigurationTest, public testing::WithParamInterface<Mistake> {};

TEST_P(Mistakes, AreToldWithTheirPlace) {
  const auto errors = errors_of(read(GetParam().text));

  ASSERT_EQ(errors.size(), 1u);
  EXPECT_TRUE(errors[0].starts_with(GetParam().starts)) << errors[0];
  EXPECT_NE(errors[0].find(GetParam().holds), std::string::npos) << errors[0];
}
INSTANTIATE_TEST_SUITE_P(
    Files, Mistakes,
    testing::Values(
        Mistake{"unknown_key", "[cse]\nname = \"a\"\ncolour = \"red\"\n",
                "in.toml:3: unknown key \"cse.colour\"", "gatehouse-cse options"},
        Mistake{"key_in_the_wrong_table", "[cse]\n\nbroker = \"mqtt://h\"\n",
                "in.toml:3: unknown key \"cse.broker\"", "did you mean \"mqtt.broker\""},
        Mistake{"misspelt_key", "[http]\nprot = 1\n", "in.toml:2: unknown key \"http.prot\"",
                "did you mean \"http.port\""},
        Mistake{"misspelt_table", "[htpp]\nthreads = 1\n",
                "in.toml:2: unknown key \"htpp.threads\"", "did you mean \"http.threads\""},
        Mistake{"text_for_a_number", "[http]\nport = \"8080\"\n", "in.toml:2: http.port",
                "from 0 to 65535"},
        Mistake{"number_for_a_text", "[cse]\nname = 7\n", "in.toml:2: cse.name", "text in quotes"},
        Mistake{"text_for_a_flag", "[http]\nenabled = \"yes\"\n", "in.toml:2: http.enabled",
                "true or false"},
        Mistake{"text_for_a_list", "[cse]\npoint_of_access = \"http://h\"\n",
                "in.toml:2: cse.point_of_access", "list of texts"},
        Mistake{"list_of_numbers", "[cse]\nrelease_versions = [3, 4]\n",
                "in.toml:2: cse.release_versions", "kind"},
        Mistake{"float", "[http]\nport = 1.5\n", "in.toml:2: http.port", "kind"},
        Mistake{"too_high", "[http]\nport = 65536\n", "in.toml:2: http.port", "from 0 to 65535"},
        Mistake{"negative", "[http]\nthreads = -1\n", "in.toml:2: http.threads", "from 1 to 64"},
        Mistake{"cse_type", "[cse]\ntype = \"xn\"\n", "in.toml:2: cse.type", "in, mn, asn"},
        Mistake{"cse_id", "[cse]\nid = \"id-in\"\n", "in.toml:2: cse.id", "/id-in"},
        Mistake{"sp_id", "[cse]\nsp_id = \"gatehouse\"\n", "in.toml:2: cse.sp_id", "//gatehouse"},
        Mistake{"csebase_name", "[cse]\nname = \"a b\"\n", "in.toml:2: cse.name", "resource name"},
        Mistake{"backend", "[store]\nbackend = \"mysql\"\n", "in.toml:2: store.backend",
                "sqlite,memory"},
        Mistake{"one_bad_item", "[cse]\nallowed_cses = [\"/id-mn\", \"mn\"]\n",
                "in.toml:2: cse.allowed_cses", "\"mn\""},
        Mistake{"syntax", "[cse]\nname = \"cse-in\n", "in.toml:2: ", ""},
        Mistake{"twice", "[http]\nport = 1\nport = 2\n", "in.toml:3: ", "port"},
        Mistake{"https_without_credentials", "[https]\nenabled = true\n", "https.enabled",
                "credentials"},
        Mistake{"half_of_the_credentials", "[credentials]\ncertificate = \"a.pem\"\n",
                "credentials", "together"},
        Mistake{"registrar_without_url", "[cse]\ntype = \"mn\"\n[registrar]\ncse_id = \"/id-up\"\n",
                "registrar.url", "needed"},
        Mistake{"in_with_a_registrar",
                "[registrar]\ncse_id = \"/id-up\"\nurl = \"http://127.0.0.1:1\"\n",
                "registrar.cse_id", "IN-CSE"},
        Mistake{"its_own_registrar",
                "[cse]\ntype = \"mn\"\nid = \"/id-a\"\n[registrar]\ncse_id = \"/id-a\"\n"
                "url = \"http://127.0.0.1:1\"\n",
                "registrar.cse_id", "itself"},
        Mistake{"plain_http_for_all", "[http]\naddress = \"0.0.0.0\"\n", "http.address", "https"}),
    [](const auto& each) { return each.param.name; });

TEST_F(ConfigurationTest, TellsAllMistakesAtOnce) {
  const auto errors = errors_of(read("[http]\nport = 70000\n[cse]\nid = \"x\"\nwhat = 1\n"));

  EXPECT_EQ(errors.size(), 3u);
}

TEST_F(ConfigurationTest, AMissingFileIsOneMistake) {
  const auto result = read_configuration(folder / "absent.toml", {}, {});

  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_NE(result.errors[0].text.find("absent.toml"), std::string::npos);
}

TEST_F(ConfigurationTest, TheFileIsOverruledByTheEnvironmentAndThatByTheCommandLine) {
  const std::string text = "[http]\nport = 1\nthreads = 2\n[cse]\nname = \"from-file\"\n";
  const auto result =
      read(text, {"http.port=3"}, {{"GATEHOUSE_HTTP_PORT", "2"}, {"GATEHOUSE_HTTP_THREADS", "4"}});

  ASSERT_TRUE(result.errors.empty()) << result.errors[0].text;
  const NodeSettings& settings = result.configuration.settings;
  EXPECT_EQ(settings.http.port, 3);
  EXPECT_EQ(settings.http.threads, 4);
  EXPECT_EQ(settings.cse.csebase_name, "from-file");
  const auto& origin = result.configuration.origin;
  EXPECT_EQ(origin.at("http.port"), "--set http.port=3");
  EXPECT_EQ(origin.at("http.threads"), "environment GATEHOUSE_HTTP_THREADS");
  EXPECT_EQ(origin.at("cse.name"), file + ":5");
}

struct Override {
  std::string name, entry, error;
};
class BadOverrides : public ConfigurationTest, public testing::WithParamInterface<Override> {};
TEST_P(BadOverrides, AreToldAsTheyWereGiven) {
  const auto result = read_configuration("", {GetParam().entry}, {});

  ASSERT_EQ(result.errors.size(), 1u);
  EXPECT_EQ(result.errors[0].text, GetParam().error);
}
INSTANTIATE_TEST_SUITE_P(
    Entries, BadOverrides,
    testing::Values(
        Override{"no_value", "http.port", "--set http.port: must be key=value"},
        Override{"unknown", "htp.port=1",
                 "--set htp.port=1: unknown key \"htp.port\"; did you mean \"http.port\"?"},
        Override{"range", "http.port=-1",
                 "--set http.port=-1: http.port: must be an integer from 0 to 65535, not \"-1\""},
        Override{"word", "http.port=any",
                 "--set http.port=any: http.port: must be an integer from 0 to 65535, not \"any\""},
        Override{"flag", "http.enabled=1",
                 "--set http.enabled=1: http.enabled: must be true or false, not \"1\""},
        Override{"location", "cse.locations=10.0.0.0/8",
                 "--set cse.locations=10.0.0.0/8: cse.locations: \"10.0.0.0/8\": must be \"network "
                 "country\" or \"network country latitude longitude\", not \"10.0.0.0/8\""},
        Override{"profile", "compat.profile=lax",
                 "--set compat.profile=lax: compat.profile: must be one of strict,om2m,mobius,"
                 "acme, not \"lax\""},
        Override{"originators", "compat.originators=admin:admin",
                 "--set compat.originators=admin:admin: compat.originators: \"admin:admin\": must "
                 "be what is sent and who that is, such as \"admin:admin=CAdmin\", not "
                 "\"admin:admin\""},
        Override{"rate", "limits.peer_rate=-1",
                 "--set limits.peer_rate=-1: limits.peer_rate: must be an integer from 0 to "
                 "10000000, not \"-1\""}),
    [](const auto& each) { return each.param.name; });

TEST_F(ConfigurationTest, TextsOfTheCommandLineBecomeWhatTheKeyWants) {
  const auto result = read_configuration(
      "",
      {"cse.release_versions=3,4", "cse.point_of_access=http://h:1",
       "cse.administrator=", "cse.name=1234", "https.cors_origins=", "cse.allowed_cses=/id-a,/id-b",
       "http.enabled=false", "mqtt.client_id=true"},
      {});

  ASSERT_TRUE(result.errors.empty()) << result.errors[0].text;
  const NodeSettings& settings = result.configuration.settings;
  EXPECT_EQ(settings.cse.release_versions, (std::vector<std::string>{"3", "4"}));
  EXPECT_EQ(settings.cse.point_of_access, std::vector<std::string>{"http://h:1"});
  EXPECT_EQ(settings.cse.administrator, "");
  EXPECT_EQ(settings.cse.csebase_name, "1234");
  EXPECT_TRUE(settings.https.cors_origins.empty());
  EXPECT_EQ(settings.allowed_cses, (std::vector<std::string>{"/id-a", "/id-b"}));
  EXPECT_FALSE(settings.http.enabled);
  EXPECT_EQ(settings.mqtt.client_id, "true");
}

TEST_F(ConfigurationTest, AListOfOneNumberIsAList) {
  const auto result = read_configuration("", {"cse.release_versions=4"}, {});

  ASSERT_TRUE(result.errors.empty()) << result.errors[0].text;
  EXPECT_EQ(result.configuration.settings.cse.release_versions, std::vector<std::string>{"4"});
}

TEST_F(ConfigurationTest, AnUnknownSwitchIsToldWithThoseThatThereAre) {
  const auto errors = errors_of(read("[compat]\nswitches = [\"no_rvi\", \"lax\"]\n"));

  ASSERT_EQ(errors.size(), 1u);
  EXPECT_TRUE(
      errors[0].starts_with("in.toml:2: compat.switches: \"lax\": is no switch; known are "))
      << errors[0];
  for (const Switch& row : all_switches())
    EXPECT_NE(errors[0].find(std::string(row.name)), std::string::npos) << row.name;
}

TEST_F(ConfigurationTest, ProfileSwitchesAndTheOlderKeyAddUp) {
  const auto result = read("[compat]\nprofile = \"acme\"\nswitches = [\"no_rvi\"]\n",
                           {"cse.admit_unregistered=true"});

  ASSERT_TRUE(result.errors.empty()) << result.errors[0].text;
  EXPECT_EQ(switches_of(result.configuration.settings),
            gatehouse::switches_of("acme", {"admit_unregistered", "no_rvi"}));
  EXPECT_TRUE(switches_of(NodeSettings{}).none());
}

TEST_F(ConfigurationTest, EverySwitchIsListedWithItsProfiles) {
  const std::string list = list_of_switches();

  for (const Switch& row : all_switches())
    EXPECT_NE(list.find("  " + std::string(row.name) + " ("), std::string::npos) << row.name;
  EXPECT_NE(list.find("  no_rvi (om2m, mobius)\n"), std::string::npos) << list;
}

TEST_F(ConfigurationTest, EveryKeyHasADescriptionAndOneName) {
  std::set<std::string> keys;
  for (const OptionInfo& option : all_options()) {
    EXPECT_FALSE(option.description.empty()) << option.key;
    EXPECT_TRUE(keys.insert(option.key).second) << option.key;
  }
  EXPECT_GT(keys.size(), 30u);
}

TEST_F(ConfigurationTest, DefaultsMakeAWorkingInCse) {
  auto result = read_configuration(
      "", {"http.port=0", "store.path=" + (folder / "cse.db"), "log.level=error"}, {});
  ASSERT_TRUE(result.errors.empty());
  set_log_level("error");
  Node node(result.configuration.settings);
  const auto started = node.start();
  ASSERT_TRUE(started) << started.error().detail;

  const Response base = test::Asker(test::url_of(node)).retrieve("cse-in");

  EXPECT_EQ(base.rsc, Rsc::kOk);
  EXPECT_EQ(test::attributes(base).integer_at("cst"), 1);
}

// TS-0003 clause 8: with credentials, only connections that prove who asks
TEST(Configuration, WithCredentialsListensForHttpsOnlyUnlessToldOtherwise) {
  const std::vector<std::string> credentials = {"credentials.certificate=c.pem",
                                                "credentials.key=k.pem", "credentials.ca=a.pem"};
  const auto with = [&credentials](const std::vector<std::string>& more) {
    std::vector<std::string> all = credentials;
    all.insert(all.end(), more.begin(), more.end());
    return read_configuration("", all, {}).configuration.settings;
  };

  EXPECT_FALSE(with({}).http.enabled);
  EXPECT_TRUE(with({}).https.enabled);
  EXPECT_TRUE(with({"http.enabled=true"}).http.enabled);
  EXPECT_FALSE(with({"https.enabled=false"}).https.enabled);
  EXPECT_TRUE(read_configuration("", {}, {}).configuration.settings.http.enabled);
}

// TS-0003 clause 8: a node that can prove identities does not believe the administrator's name.
TEST(Configuration, WithCredentialsOrTokensTheAdministratorNeedsProof) {
  const auto needs = [](const std::vector<std::string>& overrides) {
    return read_configuration("", overrides, {})
        .configuration.settings.cse.administrator_needs_proof;
  };

  EXPECT_FALSE(needs({}));
  EXPECT_TRUE(needs({"credentials.tokens=tokens"}));
  EXPECT_TRUE(
      needs({"credentials.certificate=c.pem", "credentials.key=k.pem", "credentials.ca=a.pem"}));
}

}  // namespace
}  // namespace gatehouse::node
