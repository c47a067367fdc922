#include <gtest/gtest.h>

#include "ae-apps/ota/uptane/canonical.h"
#include "ae-apps/ota/uptane/path_pattern.h"
#include "ae-apps/ota/uptane/target_custom.h"
#include "tests/ae-apps/ota/uptane/repository_maker.h"

namespace gatehouse::uptane {
namespace {

// TUF 1.0 section 4.2
TEST(CanonicalJson, SortsMembersAndEscapesOnlyWhatItMust) {
  const Value value = Value::object(
      {{"b", Value::array({1, true, nullptr})}, {"a", "q\"\\\n\xC3\xA9"}, {"B", Value::object()}});

  EXPECT_EQ(canonical_json(value), "{\"B\":{},\"a\":\"q\\\"\\\\\n\xC3\xA9\",\"b\":[1,true,null]}");
  EXPECT_EQ(canonical_json(Value(1.5)), std::nullopt);
}

TEST(SigningForms, AreThoseThatOthersSignOver) {
  const std::vector<std::string> forms = signing_forms(Value("a\n\xC3\xA9\xF0\x9F\x98\x80"));

  ASSERT_EQ(forms.size(), 3U);
  EXPECT_EQ(forms[0], "\"a\n\xC3\xA9\xF0\x9F\x98\x80\"");
  EXPECT_EQ(forms[1], "\"a\\n\xC3\xA9\xF0\x9F\x98\x80\"");
  EXPECT_EQ(forms[2], "\"a\\n\\u00e9\\ud83d\\ude00\"");
  EXPECT_EQ(signing_forms(Value("plain")).size(), 1U);
  EXPECT_TRUE(signing_forms(Value(0.5)).empty());
}

struct PathCase {
  const char* pattern;
  const char* name;
  bool matches;
};

// TUF 1.0 section 4.5, PATHPATTERN
TEST(PathPattern, MatchesAsAShellDoesWithinAFolder) {
  const PathCase cases[] = {
      {"*", "a", true},
      {"*", "a/b", false},
      {"a/*", "a/b", true},
      {"a/*", "a/b/c", false},
      {"*/*", "a/b", true},
      {"foo-?.tgz", "foo-1.tgz", true},
      {"foo-?", "foo-", false},
      {"foo-?", "foo-/", false},
      {"*.tgz", "a.tgz", true},
      {"*.tgz", "a.TGZ", false},
      {"a*b*c", "axxbxxc", true},
      {"a*b*c", "axxbxx", false},
      {"[a-c]x", "bx", true},
      {"[!a-c]x", "bx", false},
      {"[a-c]x", "dx", false},
      {"[", "[", true},
      {"", "", true},
      {"", "a", false},
      {"releases/*/*", "releases/x/y", true},
      {"releases/*", "releases/", true},
      {"**", "abc", true},
      {"a[/]b", "a/b", false},
  };
  for (const PathCase& c : cases) {
    EXPECT_EQ(path_matches(c.pattern, c.name), c.matches) << c.pattern << " " << c.name;
  }
}

TEST(PathPattern, StaysFastWhateverThePatternIs) {
  std::string pattern;
  for (int i = 0; i < 2000; ++i) pattern += "*a";

  EXPECT_FALSE(path_matches(pattern + "b", std::string(4000, 'a')));
}

TEST(Delegation, SpeaksForItsPathsItsHashPrefixesAndItsHardware) {
  Delegation by_hash;
  by_hash.path_hash_prefixes = {to_hex(crypto::sha256(view_of("file"))).substr(0, 3)};
  Delegation for_hardware;
  for_hardware.paths = {"*"};
  for_hardware.hardware_ids = {"x", "y"};

  EXPECT_TRUE(delegation_covers(by_hash, "file", {}));
  EXPECT_FALSE(delegation_covers(by_hash, "other file", {}));
  EXPECT_TRUE(delegation_covers(for_hardware, "f", {"y"}));
  EXPECT_FALSE(delegation_covers(for_hardware, "f", {"y", "z"}));
  EXPECT_FALSE(delegation_covers(for_hardware, "f", {}));
}

struct TimeCase {
  const char* text;
  const char* same_as;  ///< nullptr: refused
};

TEST(IsoTime, ReadsWhatMetadataCarries) {
  const TimeCase cases[] = {
      {"2030-01-31T12:00:00Z", "2030-01-31T12:00:00Z"},
      {"2030-01-31T12:00:00.123456789Z", "2030-01-31T12:00:00Z"},
      {"2030-01-31T12:00:00+02:00", "2030-01-31T10:00:00Z"},
      {"2030-01-31T12:00:00-00:30", "2030-01-31T12:30:00Z"},
      {"2030-02-30T12:00:00Z", nullptr},
      {"2030-01-31T12:00:00", nullptr},
      {"2030-01-31 12:00:00Z", nullptr},
      {"2030-01-31T12:00:00.Z", nullptr},
      {"2030-01-31T12:00:00+2:00", nullptr},
      {"", nullptr},
  };
  for (const TimeCase& c : cases) {
    const auto time = parse_iso_time(c.text);
    ASSERT_EQ(time.has_value(), c.same_as != nullptr) << c.text;
    if (time) {
      EXPECT_EQ(iso_time(*time), c.same_as);
    }
  }
}

TEST(KeyId, IsAcceptedInEveryWayInUse) {
  const auto signer = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  Value key = key_object(signer.public_key());
  const std::string pem = signer.public_key().to_pem();
  const auto hash = [](const std::string& text) { return to_hex(crypto::sha256(view_of(text))); };

  EXPECT_TRUE(is_key_id(key_id_of(key), key));
  EXPECT_TRUE(is_key_id(hash(*canonical_json(Value(pem))), key)) << "OTA Connect";
  EXPECT_TRUE(is_key_id(hash(signing_forms(Value(pem)).at(1)), key)) << "with escapes";
  EXPECT_TRUE(is_key_id(to_hex(signer.public_key().key_id()), key)) << "SubjectPublicKeyInfo";
  EXPECT_FALSE(is_key_id(hash("another"), key));
  key.set("keyid_hash_algorithms", Value::array({"sha256", "sha512"}));
  EXPECT_TRUE(is_key_id(key_id_of(key), key));
  EXPECT_TRUE(is_key_id(hash(*canonical_json(key)), key)) << "older TUF";
}

TEST(Keys, RefuseAnIdThatIsNoHashInUptaneOnly) {
  const auto signer = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  const Value keys = Value::object({{"any-name", key_object(signer.public_key())}});

  EXPECT_EQ(parse_keys(keys, Profile::kImages).error().reason, Reason::kBadKeyId);
  EXPECT_TRUE(parse_keys(keys, Profile::kTuf)) << "TAP 12";
}

TEST(Signatures, CountAKeyOnceUnderHoweverManyIds) {
  const auto signer = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  const Value key = key_object(signer.public_key());
  const auto ring = parse_keys(Value::object({{"one", key}, {"two", key}}), Profile::kTuf);
  Value document = *parse_json(sign_envelope(Value::object({{"x", 1}}), {&signer}));
  Value second = document.find("signatures")->as_array()->front();
  document.find("signatures")->as_array()->front().set("keyid", "one");
  second.set("keyid", "two");
  document.find("signatures")->push_back(second);
  const auto envelope = parse_envelope(to_json(document));

  EXPECT_TRUE(verify_signatures(*envelope, *ring, {{"one", "two"}, 1}, Profile::kTuf));
  EXPECT_EQ(verify_signatures(*envelope, *ring, {{"one", "two"}, 2}, Profile::kTuf).error().reason,
            Reason::kThreshold);
}

TEST(Signatures, AreReadInHexadecimalAndBase64AndAnEmptyOneCountsNothing) {
  const auto signer = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  const Value key = key_object(signer.public_key());
  const std::string id = key_id_of(key);
  const auto ring = parse_keys(Value::object({{id, key}}), Profile::kImages);
  Value document = *parse_json(sign_envelope(Value::object({{"x", "line\nbreak"}}), {&signer}));
  Value& signature = document.find("signatures")->as_array()->front();
  const Bytes raw = *from_hex(signature.string_at("sig"));
  const auto good = [&] {
    return verify_signatures(*parse_envelope(to_json(document)), *ring, {{id}, 1}, Profile::kImages)
        .has_value();
  };

  EXPECT_TRUE(good());
  signature.set("sig", to_base64(raw));
  EXPECT_TRUE(good());
  signature.set("sig", to_base64(*signer.sign(view_of("{\"x\":\"line\\nbreak\"}"))));
  EXPECT_TRUE(good()) << "signed over JSON's escapes";
  signature.set("sig", "");
  EXPECT_FALSE(good());
}

struct CustomCase {
  const char* custom;
  const char* ecu;  ///< "serial=hardware"
  std::vector<std::string> hardware_ids;
  std::int64_t counter;  ///< -1: none
};

TEST(Custom, IsReadUnderAllNamesInUse) {
  const CustomCase cases[] = {
      {R"({"ecuIdentifiers":{"E":{"hardwareId":"h"}}})", "E=h", {}, -1},
      {R"({"ecu_identifiers":{"E":{"hardware_id":"h"}},"release_counter":3})", "E=h", {}, 3},
      {R"({"ecuIdentifiers":["E"],"hardwareIds":["h"],"releaseCounter":0})", "E=h", {"h"}, 0},
      {R"({"ecu_identifier":"E"})", "E=", {}, -1},
      {R"({"ecu_serial":"E","hardware_ID":"h"})", "E=h", {"h"}, -1},
      {R"({"ecuIdentifiers":{"E":{"hardwareId":"h","releaseCounter":7}}})", "E=h", {}, 7},
      {R"({"hardwareIds":["a","b"],"releaseCounter":2,"targetFormat":"BINARY"})",
       "",
       {"a", "b"},
       2},
  };
  for (const CustomCase& c : cases) {
    TargetRecord target;
    ASSERT_TRUE(read_custom(*parse_json(c.custom), target)) << c.custom;
    const std::string ecu = target.ecus.empty()
                                ? std::string()
                                : target.ecus.begin()->first + "=" + target.ecus.begin()->second;
    EXPECT_EQ(ecu, c.ecu) << c.custom;
    EXPECT_EQ(target.hardware_ids, c.hardware_ids) << c.custom;
    EXPECT_EQ(target.release_counter ? static_cast<std::int64_t>(*target.release_counter) : -1,
              c.counter)
        << c.custom;
  }
  for (const char* wrong :
       {R"({"ecuIdentifiers":3})", R"({"releaseCounter":-1})", R"([])", R"({"releaseCounter":"1"})",
        R"({"hardwareIds":[1]})", R"({"ecuIdentifier":{}})"}) {
    TargetRecord target;
    EXPECT_FALSE(read_custom(*parse_json(wrong), target)) << wrong;
  }
}

struct BrokenCase {
  const char* what;
  void (*breaks)(Value& content);
  Reason reason;
};

TEST(RootMetadata, IsRefusedWithTheReason) {
  const BrokenCase cases[] = {
      {"type", [](Value& c) { c.set("_type", "snapshot"); }, Reason::kWrongType},
      {"no type", [](Value& c) { c.erase("_type"); }, Reason::kMalformed},
      {"version 0", [](Value& c) { c.set("version", 0); }, Reason::kMalformed},
      {"version text", [](Value& c) { c.set("version", "1"); }, Reason::kMalformed},
      {"expires", [](Value& c) { c.set("expires", "tomorrow"); }, Reason::kMalformed},
      {"no keys", [](Value& c) { c.erase("keys"); }, Reason::kMalformed},
      {"roles list", [](Value& c) { c.set("roles", Value::array()); }, Reason::kMalformed},
      {"no targets", [](Value& c) { c.find("roles")->erase("targets"); }, Reason::kMalformed},
      {"only timestamp", [](Value& c) { c.find("roles")->erase("snapshot"); }, Reason::kMalformed},
      {"threshold 0", [](Value& c) { c.find("roles")->find("root")->set("threshold", 0); },
       Reason::kIllegalThreshold},
      {"threshold -1", [](Value& c) { c.find("roles")->find("root")->set("threshold", -1); },
       Reason::kIllegalThreshold},
  };
  const RepositoryMaker maker;
  for (const BrokenCase& c : cases) {
    Value content = maker.root_content();
    ASSERT_TRUE(parse_root(content, Profile::kDirector));
    c.breaks(content);
    const auto root = parse_root(content, Profile::kDirector);
    ASSERT_FALSE(root) << c.what;
    EXPECT_EQ(root.error().reason, c.reason) << c.what << ": " << root.error().detail;
  }
}

TEST(RootMetadata, OfADirectorMayLeaveOutTimestampAndSnapshot) {
  Value content = RepositoryMaker().root_content();
  content.find("roles")->erase("timestamp");
  content.find("roles")->erase("snapshot");

  EXPECT_TRUE(parse_root(content, Profile::kDirector));
  EXPECT_FALSE(parse_root(content, Profile::kImages));
  EXPECT_FALSE(parse_root(content, Profile::kTuf));
}

TEST(Envelope, IsRefusedUnlessItIsSignedJsonOfIntegers) {
  for (const char* text : {"", "[]", "{}", R"({"signed":{}})", R"({"signed":[],"signatures":[]})",
                           R"({"signed":{"x":1.5},"signatures":[]})",
                           R"({"signed":{},"signatures":[{"keyid":1,"sig":""}]})",
                           R"({"signed":{"a":1,"a":2},"signatures":[]})"}) {
    EXPECT_EQ(parse_envelope(text).error().reason, Reason::kMalformed) << text;
  }
  EXPECT_EQ(parse_envelope(
                R"({"signed":{},"signatures":[{"keyid":"a","sig":""},{"keyid":"a","sig":""}]})")
                .error()
                .reason,
            Reason::kDuplicateSignature);
}

}  // namespace
}  // namespace gatehouse::uptane
