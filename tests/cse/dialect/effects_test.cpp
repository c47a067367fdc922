// What an accepted dialect does.
#include "tests/cse/dialect/dialect_node.h"

namespace gatehouse::test {
namespace {

TEST(MappedOriginator, IsForThisMachineOnly) {
  DialectNode node(only({Dialect::kMappedOriginator}));
  node.address = "192.0.2.7";

  const Response refused = node.ask(retrieving("CAE1/cnt", "admin:admin"));

  EXPECT_EQ(refused.rsc, Rsc::kOriginatorNotAuthenticated);
}

TEST(MappedOriginator, LeavesOtherNamesAlone) {
  DialectNode node(only({Dialect::kMappedOriginator}));

  EXPECT_EQ(node.ask(retrieving("CAE1/cnt", "admin:other")).rsc, Rsc::kOriginatorNotAuthenticated);
}

TEST(NoReleaseVersion, CountsAsRelease2a) {
  DialectNode node(only({Dialect::kNoReleaseVersion}));
  Request request = retrieving("cse-in");
  request.release_version.reset();

  EXPECT_EQ(node.ask(request).release_version, "2a");
}

TEST(NoReleaseVersion, CountsAsRelease1WhereThatIsServed) {
  DialectNode node(only({Dialect::kNoReleaseVersion, Dialect::kAeWithoutReleases}),
                   {"1", "2a", "3", "4"});
  Request request = creating(2, "cse-in", R"({"m2m:ae":{"api":"Nx","rr":false}})", "CAE7");
  request.release_version.reset();

  const Response answer = node.ask(request);

  ASSERT_EQ(answer.rsc, Rsc::kCreated) << TestCse::debug_text(answer);
  EXPECT_FALSE(answer.release_version) << "that of an answer came with release 2a";
  EXPECT_FALSE(TestCse::attributes(answer).contains("srv")) << "a client of release 1 knows none";
}

TEST(NoRequestId, GetsOneOfItsOwn) {
  DialectNode node(only({Dialect::kNoRequestId}));
  Request request = retrieving("cse-in");
  request.request_identifier.clear();

  const std::string first = node.ask(request).request_identifier;
  const std::string second = node.ask(request).request_identifier;

  EXPECT_FALSE(first.empty());
  EXPECT_NE(first, second);
}

TEST(AdministratorsAes, AreAsManyAsItWants) {
  DialectNode node(only({Dialect::kAdministratorsAes}));
  const char* ae = R"({"m2m:ae":{"api":"Nx","rr":false,"srv":["3"]}})";

  const Response first = node.ask(creating(2, "cse-in", ae));
  const Response second = node.ask(creating(2, "cse-in", ae));

  ASSERT_EQ(second.rsc, Rsc::kCreated) << TestCse::debug_text(second);
  EXPECT_EQ(second.dialect, "administrators_aes");
  EXPECT_NE(TestCse::attributes(first).string_at("aei"),
            TestCse::attributes(second).string_at("aei"));
  EXPECT_EQ(node.used(Dialect::kAdministratorsAes), 2u);
}

TEST(AdministratorsAes, OfTheStandardAreOneAndTheRefusalNamesTheSwitch) {
  DialectNode node({});
  const char* ae = R"({"m2m:ae":{"api":"Nx","rr":false,"srv":["3"]}})";
  ASSERT_EQ(node.ask(creating(2, "cse-in", ae)).rsc, Rsc::kCreated);

  const Response refused = node.ask(creating(2, "cse-in", ae));

  EXPECT_EQ(refused.rsc, Rsc::kOriginatorHasAlreadyRegistered);
  EXPECT_TRUE(TestCse::debug_text(refused).ends_with(would_accept("administrators_aes")));
}

TEST(CoerceScalars, StoresWhatWasMeant) {
  DialectNode node(only({Dialect::kCoerceScalars}));

  const Value made = TestCse::attributes(node.ask(
      creating(3, "CAE1", R"({"m2m:cnt":{"mni":"10","mbs":2.0,"disr":"true","lbl":"one"}})")));

  EXPECT_EQ(made.integer_at("mni"), 10);
  EXPECT_EQ(made.integer_at("mbs"), 2);
  EXPECT_TRUE(made.bool_at("disr"));
  EXPECT_EQ(made.strings_at("lbl"), std::vector<std::string>{"one"});
}

TEST(CoerceScalars, LeavesContentAlone) {
  DialectNode node(only({Dialect::kCoerceScalars}));

  const Response made = node.ask(creating(4, "CAE1/cnt", R"({"m2m:cin":{"con":"5"}})"));

  EXPECT_EQ(TestCse::attributes(made).string_at("con"), "5");
  EXPECT_EQ(made.dialect, "");
}

TEST(AeWithoutReleases, TakesThoseOfTheRequest) {
  DialectNode node(only({Dialect::kAeWithoutReleases, Dialect::kApiWithoutPrefix}));

  const Response made =
      node.ask(creating(2, "cse-in", R"({"m2m:ae":{"api":"app","rr":false}})", "C"));

  EXPECT_EQ(TestCse::attributes(made).strings_at("srv"), std::vector<std::string>{"4"});
  EXPECT_EQ(TestCse::attributes(made).string_at("api"), "Napp");
  EXPECT_EQ(made.dialect, "ae_without_srv,api_without_prefix");
}

TEST(SubWithoutCriteria, IsNoAdviceAgainstAnotherFault) {
  DialectNode node({});

  const Response refused =
      node.ask(creating(23, "CAE1/cnt", R"({"m2m:sub":{"nu":["http://a"],"rl":{"mnn":1}}})"));

  EXPECT_EQ(refused.rsc, Rsc::kBadRequest);
  EXPECT_EQ(TestCse::debug_text(refused).find("compat."), std::string::npos)
      << TestCse::debug_text(refused);
}

TEST(SubWithoutCriteria, TellsOfChildrenToo) {
  DialectNode node(only({Dialect::kSubWithoutCriteria}));

  const Response made = node.ask(creating(23, "CAE1/cnt", R"({"m2m:sub":{"nu":["http://a"]}})"));
  node.ask(creating(4, "CAE1/cnt", R"({"m2m:cin":{"con":"5"}})"));

  EXPECT_EQ(made.dialect, "sub_without_enc");
  EXPECT_EQ(node.used(Dialect::kSubWithoutCriteria), 1u);
  EXPECT_EQ(node.http.notifications("http://a").size(), 1u);
}

TEST(DowngradedContentType, IsAllAttributes) {
  DialectNode node(only({Dialect::kDowngradedContentType}));

  const Response made = node.ask(creating(
      23, "CAE1/cnt", R"({"m2m:sub":{"nu":["http://a"],"enc":{"net":[1,2,3,4]},"nct":2}})"));

  EXPECT_EQ(TestCse::attributes(made).integer_at("nct"), 1);
}

TEST(AcmeMonitor, IsAnsweredAndToldInTheSameWords) {
  DialectNode node(only({Dialect::kAcmeMonitor}));
  const Value wanted = *parse_json(R"([{"ops":3,"org":"CAE1"}])");
  const Response made = node.ask(creating(
      23, "CAE1/cnt",
      R"({"m2m:sub":{"rn":"sub","nu":["http://a"],"enc":{"om":[{"ops":3,"org":"CAE1"}]}}})"));
  EXPECT_EQ(*TestCse::attributes(made).find("enc")->find("om"), wanted);

  Request update = updating("CAE1/cnt", R"({"m2m:cnt":{"lbl":["a"]}})");
  update.from = "CAE1";
  node.ask(update);

  EXPECT_EQ(node.node.find("CAE1/cnt/sub")->attributes().find("enc")->find("om")->as_array()->at(0),
            *parse_json(R"({"ops":4,"or":"CAE1"})"))
      << "it is stored as the standard has it";
  const auto told = node.http.notifications("http://a");
  ASSERT_EQ(told.size(), 1u);
  EXPECT_EQ(*told[0].find("nev")->find("om"), *parse_json(R"({"ops":3,"org":"CAE1"})"));
  EXPECT_EQ(node.used(Dialect::kAcmeMonitor), 2u);
}

TEST(AnswerInAskedForm, PutsTheCseIdBeforeAddresses) {
  DialectNode node(only({Dialect::kAnswerInAskedForm}));
  Request children = retrieving("/id-in/cse-in/CAE1");
  children.result_content = 4;

  const Response answer = node.ask(children);
  const Value ae = TestCse::attributes(answer);

  EXPECT_EQ(answer.dialect, "answer_in_asked_form");
  EXPECT_EQ(ae.string_at("ri"), "/id-in/CAE1");
  EXPECT_EQ(ae.string_at("pi"), "/id-in/id-in");
  ASSERT_TRUE(ae.find("m2m:cnt"));
  EXPECT_EQ(ae.find("m2m:cnt")->as_array()->at(0).string_at("pi"), "/id-in/CAE1");
}

TEST(AnswerInAskedForm, HoldsForDiscoveryAndLeavesCseRelativeRequestsAlone) {
  DialectNode node(only({Dialect::kAnswerInAskedForm}));
  Request discovery = retrieving("/id-in/cse-in");
  discovery.filter.emplace();
  discovery.filter->filter_usage = 1;
  discovery.filter->resource_types = {3};

  const Response far = node.ask(discovery);
  discovery.to = "cse-in";
  const Response near = node.ask(discovery);

  EXPECT_EQ(tree_of(far.content)->strings_at("m2m:uril"),
            std::vector<std::string>{"/id-in/cse-in/CAE1/cnt"});
  EXPECT_EQ(tree_of(near.content)->strings_at("m2m:uril"),
            std::vector<std::string>{"cse-in/CAE1/cnt"});
}

TEST(PublicCsebase, IsTheBaseAloneAndNotWhatIsBelow) {
  DialectNode node(only({Dialect::kPublicCsebase}));
  Request children = retrieving("cse-in", "Sbrowser");
  children.result_content = 4;

  EXPECT_EQ(node.ask(retrieving("/id-in/cse-in", "Sbrowser")).rsc, Rsc::kOk);
  EXPECT_EQ(node.ask(children).rsc, Rsc::kOriginatorNotAuthenticated);
  EXPECT_EQ(node.ask(retrieving("CAE1", "Sbrowser")).rsc, Rsc::kOriginatorNotAuthenticated);
}

TEST(StructuredReference, IsCountedWithEachNotification) {
  DialectNode node(only({Dialect::kStructuredReference}));
  node.ask(
      creating(23, "CAE1/cnt", R"({"m2m:sub":{"rn":"sub","nu":["http://a"],"enc":{"net":[3]}}})"));
  const std::uint64_t verified = node.used(Dialect::kStructuredReference);

  node.ask(creating(4, "CAE1/cnt", R"({"m2m:cin":{"con":"5"}})"));

  ASSERT_EQ(node.http.notifications("http://a").size(), 1u);
  EXPECT_EQ(node.http.notifications("http://a")[0].string_at("sur"), "/id-in/cse-in/CAE1/cnt/sub");
  EXPECT_EQ(node.used(Dialect::kStructuredReference), verified + 1);
}

struct TopicCase {
  std::string url, receiver;
};
class MqttTopic : public testing::TestWithParam<TopicCase> {};
TEST_P(MqttTopic, IsThatOfAnAeOnlyIfThereIsOne) {
  for (const bool on : {true, false}) {
    DialectNode node(on ? only({Dialect::kMqttTopicOfAe}) : SwitchSet{});
    Request notify = asked(Operation::kNotify, "/id-in", "");
    notify.content = *parse_json(R"({"m2m:sgn":{"sur":"/id-in/sub1"}})");

    node.translator.send(GetParam().url, "", notify, [](Response) {});

    ASSERT_EQ(node.http.sent.size(), 1u);
    EXPECT_EQ(node.http.sent[0].receiver_id, on ? GetParam().receiver : "");
    EXPECT_EQ(node.used(Dialect::kMqttTopicOfAe), on && !GetParam().receiver.empty() ? 1u : 0u);
  }
}
INSTANTIATE_TEST_SUITE_P(
    Urls, MqttTopic,
    testing::Values(TopicCase{"mqtt://broker/CAE1", "/id-in/CAE1"},
                    TopicCase{"mqtt://broker:1883/CAE1?ct=json", "/id-in/CAE1"},
                    TopicCase{"mqtt://broker/CAE2", ""}, TopicCase{"mqtt://broker/a/CAE1", ""},
                    TopicCase{"mqtt://broker", ""}, TopicCase{"http://broker/CAE1", ""}));

TEST(Batches, AreTranslatedItemByItem) {
  DialectNode node(only({Dialect::kAcmeMonitor}));
  Request notify = asked(Operation::kNotify, "/id-in", "");
  notify.content = *parse_json(
      R"({"m2m:agn":{"m2m:sgn":[{"nev":{"om":{"op":1,"or":"a"}}},{"nev":{"om":{"op":2,"or":"b"}}}]}})");

  node.translator.send("http://a", "", notify, [](Response) {});

  EXPECT_EQ(node.used(Dialect::kAcmeMonitor), 2u);
  EXPECT_EQ(
      *node.http.sent[0].request.content,
      *parse_json(
          R"({"m2m:agn":{"m2m:sgn":[{"nev":{"om":{"ops":1,"org":"a"}}},{"nev":{"om":{"ops":2,"org":"b"}}}]}})"));
}

// A binding that has no place of its own for the names takes vendorInformation.
TEST(Report, IsVendorInformationWhereThereIsNoHeader) {
  DialectNode node(only({Dialect::kNoReleaseVersion}));
  node.transport = "mqtt";
  Request request = retrieving("cse-in");
  request.release_version.reset();

  EXPECT_EQ(node.ask(request).vendor_information, "X-Gatehouse-Compat: no_rvi");
  request.release_version = "3";
  EXPECT_EQ(node.ask(request).vendor_information, std::nullopt);
}

}  // namespace
}  // namespace gatehouse::test
