#include "ae-apps/ota/gateway/display.h"
#include "ae-apps/ota/uptane/signed_message.h"
#include "cse/codec/html.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

using ecu::image_of;

/// The display as a browser sees it.
class ConsentTest : public GatewayTest {
 protected:
  ConsentTest() { settings_.auto_consent = false; }

  http::Page ask_page(const std::string& method, const std::string& path,
                      const std::string& body = "", const std::string& host = "127.0.0.1:8090") {
    const std::vector<http::HeaderField> headers = {{"Host", host}};
    http::PageRequest request;
    request.method = method;
    request.path = path;
    request.body = body;
    request.headers = &headers;
    return gateway_->pages()(request).value();
  }
  /// Waits until the user is asked; the job's id.
  std::string asked_job() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (std::chrono::steady_clock::now() < deadline) {
      if (const auto question = gateway_->desk().pending()) return question->job;
      std::this_thread::yield();
    }
    ADD_FAILURE() << "nobody was asked";
    return "";
  }
  template <class Condition>
  bool comes(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!condition() && std::chrono::steady_clock::now() < deadline) std::this_thread::yield();
    return condition();
  }
  static std::string value_of(const std::string& html, const std::string& name) {
    const std::string before = "name=" + name + " value=\"";
    const std::size_t at = html.find(before);
    if (at == std::string::npos) return "";
    const std::size_t begin = at + before.size();
    return html.substr(begin, html.find('"', begin) - begin);
  }
  std::string form(const std::string& decision) {
    const std::string html = ask_page("GET", "/").body;
    return "job=" + value_of(html, "job") + "&token=" + value_of(html, "token") +
           "&decision=" + decision;
  }
  void offer_newer() { offer(kFull, image_of({.version = "1.1.0", .release_counter = 6})); }
};

TEST_F(ConsentTest, InstallsWhatTheUserAccepts) {
  start();
  offer_newer();
  asked_job();

  const http::Page page = ask_page("POST", "/consent", form("accept"));
  settle();

  EXPECT_EQ(page.status, 303);
  EXPECT_FALSE(only_report("completion").is_null());
  const auto history = gateway_->desk().history();
  ASSERT_EQ(history.size(), 1u);
  EXPECT_EQ(history[0].decision, "accepted");
  EXPECT_EQ(history[0].from_version, "1.0.0");
  EXPECT_EQ(history[0].to_version, "1.1.0");
  EXPECT_EQ(cse_.find("cse-mn/ota-gateway/consents/la").find("con")->string_at("decision"),
            "accepted");
}

/// A weaker protection is to be seen before somebody agrees to it.
TEST_F(ConsentTest, SaysWhichPartTheGatewaySignsFor) {
  start();
  offer(kConstrained, image_of({.version = "1.1.0", .release_counter = 6}));
  asked_job();

  const std::string html = ask_page("GET", "/").body;
  const auto state = parse_json(ask_page("GET", "/state").body);

  ASSERT_TRUE(state) << state.error().detail;
  const auto& ecus = *state->find("ecus")->as_array();
  EXPECT_EQ(ecus[0].string_at("signed_by"), "ecu");
  EXPECT_EQ(ecus[1].string_at("signed_by"), "gateway");
  const std::string constrained = kConstrained;
  const Value* signers = state->find("question")->find("signed_by");
  ASSERT_NE(signers, nullptr);
  EXPECT_EQ(signers->string_at(constrained), "gateway");
  const std::string asked = "The gateway signs for " + constrained + ", which cannot do so itself";
  const std::size_t question = html.find("<section class=ask"), parts = html.find("id=parts");
  const std::size_t said = html.find(asked);
  EXPECT_TRUE(question < said && said < parts) << html;
  const auto row_of = [&](const std::string& serial) {
    const std::size_t begin = html.find("<tr><td>" + serial, parts);
    return html.substr(begin, html.find("</tr>", begin) - begin);
  };
  EXPECT_NE(row_of(constrained).find("The gateway signs for it"), std::string::npos);
  EXPECT_EQ(row_of(kFull).find("The gateway signs"), std::string::npos);
}

TEST_F(ConsentTest, SaysNothingOfTheGatewayForAPartThatSigns) {
  start();
  offer_newer();
  asked_job();

  EXPECT_EQ(ask_page("GET", "/").body.find("The gateway signs for " + std::string(kFull)),
            std::string::npos);
  const auto state = parse_json(ask_page("GET", "/state").body);
  const Value* signers = state->find("question")->find("signed_by");
  ASSERT_NE(signers, nullptr);
  EXPECT_EQ(signers->string_at(kFull), "ecu");
}

TEST_F(ConsentTest, SaysWhichAnswersItRefusedAndWhy) {
  start();
  const std::string token = "&token=" + value_of(ask_page("GET", "/").body, "token");

  EXPECT_EQ(ask_page("POST", "/consent", "job=j&decision=accept&token=0").status, 403);
  EXPECT_EQ(ask_page("POST", "/consent", "job=j&decision=maybe" + token).status, 400);
  EXPECT_EQ(ask_page("POST", "/consent", "job=j&decision=accept" + token).status, 409);
  EXPECT_EQ(
      ask_page("POST", "/consent", "job=j&decision=accept" + token, "ota.evil.example").status,
      421);
  EXPECT_EQ(ask_page("GET", "/nothing").status, 404) << "no answer, so nothing is said";
  settle();

  std::vector<std::string> refused;
  std::istringstream steps(steps_.str());
  for (std::string line; std::getline(steps, line);) {
    if (line.find("answer-refused") != std::string::npos) refused.push_back(line);
  }
  ASSERT_EQ(refused.size(), 4u) << steps_.str();
  const char* const said[] = {"not from this display", "must be accept, decline or postpone",
                              "no longer open", "Ask by address"};
  for (std::size_t i = 0; i < refused.size(); ++i) {
    EXPECT_NE(refused[i].find(said[i]), std::string::npos) << refused[i];
    EXPECT_NE(refused[i].find("by=\"the display"), std::string::npos) << refused[i];
  }
  EXPECT_EQ(parse_json(ask_page("GET", "/state").body)->integer_at("refused_answers"), 4);
}

TEST_F(ConsentTest, AsksAgainLaterIfTheUserPostpones) {
  start();
  offer_newer();
  const std::string job = asked_job();

  EXPECT_TRUE(gateway_->desk().postpone(job, std::chrono::milliseconds(1), "a test"));
  asked_job();
  EXPECT_EQ(ask_page("POST", "/consent", form("accept")).status, 303);
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
  const auto history = gateway_->desk().history();
  ASSERT_EQ(history.size(), 2u);
  EXPECT_EQ(history[0].decision, "accepted");
  EXPECT_EQ(history[1].decision, "postponed");
}

TEST_F(ConsentTest, APostponedQuestionStaysOverARestartAndIsNotAskedMeanwhile) {
  start();
  offer_newer();
  asked_job();
  const std::string postponed = form("postpone");
  EXPECT_EQ(ask_page("POST", "/consent", postponed).status, 303);
  EXPECT_EQ(ask_page("POST", "/consent", postponed).status, 409);
  EXPECT_FALSE(gateway_->desk().pending());

  restart();
  asked_job();  // whoever starts the vehicle again is asked again

  EXPECT_TRUE(outcomes().empty());
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(ConsentTest, TellsThatTheUserPostponedToo) {
  start();
  offer_newer();
  EXPECT_TRUE(gateway_->desk().postpone(asked_job(), std::chrono::milliseconds(1), "a test"));
  EXPECT_TRUE(gateway_->desk().answer(asked_job(), true, "a test"));
  settle();

  std::vector<std::string> told;
  for (const Request& request : cse_.requests()) {
    if (request.operation != Operation::kCreate || !request.to.ends_with("/consents")) continue;
    const Value* instance = request.content->find("m2m:cin");
    if (instance == nullptr) continue;
    told.push_back(instance->find("con")->string_at("decision"));
    EXPECT_EQ(instance->find("con")->string_at("to"), "1.1.0");
  }
  EXPECT_EQ(told, (std::vector<std::string>{"postponed", "accepted"}));
}

TEST_F(ConsentTest, TellsTheServerUntilWhenItWaits) {
  start();
  offer_newer();
  const std::string job = asked_job();

  ASSERT_TRUE(comes([&] { return !reports_of("delayed").empty(); }));
  const Value told = reports_of("delayed").front();
  EXPECT_EQ(told.string_at("inquiry"), job);
  EXPECT_EQ(told.string_at("until"), gateway_->desk().pending()->answer_by);
  EXPECT_EQ(told.find("error")->string_at("ecu"), kFull);
  EXPECT_EQ(told.find("error")->string_at("stage"), "consent");
  EXPECT_TRUE(uptane::verify_message(told, gateway_key().public_key())) << "signed";

  EXPECT_TRUE(gateway_->desk().answer(job, true, "a test"));
  settle();
  EXPECT_EQ(reports_of("delayed").size(), 1u) << "once";
}

/// A question that stays open over days, while the vehicle is off.
class LongQuestion : public ConsentTest {
 protected:
  LongQuestion() { settings_.consent_timeout = std::chrono::hours(48); }
  void ask_and_wait(std::chrono::hours span) {
    start();
    offer_newer();
    asked_job();
    gateway_.reset();
    const std::lock_guard lock(repositories_.mutex);
    repositories_.now = repositories_.now + span;
  }
  void accept() {
    start();
    EXPECT_TRUE(gateway_->desk().answer(asked_job(), true, "a test"));
  }
};

TEST_F(LongQuestion, IsFollowedByMetadataThatHasNotExpired) {
  ask_and_wait(std::chrono::hours(25));
  repositories_.publish();

  accept();
  settle();

  EXPECT_FALSE(only_report("completion").is_null()) << "the ECU verifies it, too";
}

TEST_F(LongQuestion, InstallsNothingThatWasTakenBackMeanwhile) {
  ask_and_wait(std::chrono::hours(2));
  repositories_.orders.clear();
  repositories_.publish();

  accept();
  settle();

  expect_refusal(kFull, "verify", "orders nothing");
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(LongQuestion, InstallsNothingElseThanWasAgreedTo) {
  ask_and_wait(std::chrono::hours(2));
  repositories_.release(kFull, image_of({.version = "1.2.0", .release_counter = 7}), "demo-ecu");

  accept();
  settle();

  expect_refusal(kFull, "verify", "another image");
}

TEST_F(LongQuestion, NeedsNoServerUntilTheMetadataExpires) {
  ask_and_wait(std::chrono::hours(2));
  images_.down = true;

  accept();
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
}

TEST_F(LongQuestion, WaitsForTheServerOnceTheMetadataHasExpired) {
  ask_and_wait(std::chrono::hours(25));
  images_.down = true;
  accept();
  EXPECT_TRUE(comes([&] {
    const auto job = gateway_->journal().open_job_of(kFull);
    return job && job->waits.find("cannot be reached") != std::string::npos;
  }));
  EXPECT_TRUE(outcomes().empty());

  repositories_.publish();
  images_.down = false;
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
}

TEST_F(ConsentTest, HearsAnAnswerAtOnce) {
  settings_.retry_pause = std::chrono::hours(1);
  start();
  offer_newer();

  EXPECT_TRUE(gateway_->desk().answer(asked_job(), true, "a test"));
  settle();

  EXPECT_FALSE(only_report("completion").is_null());
}

/// Nor does one that was put off.
TEST_F(ConsentTest, AQuestionHoldsUpNoOtherOrder) {
  for (const bool postponed : {false, true}) {
    SCOPED_TRACE(postponed);
    const std::string version = postponed ? "1.2.0" : "1.1.0";
    const Bytes image = image_of({.version = version, .release_counter = postponed ? 7U : 6U});
    if (!gateway_) start();
    const std::string first = offer(kFull, image, version);
    EXPECT_EQ(asked_job(), first);
    if (postponed) gateway_->desk().postpone(first, std::chrono::hours(1), "a test");

    const std::string second = offer(kConstrained, image, version);
    bool answered = false;
    EXPECT_TRUE(comes(
        [&] { return answered = answered || gateway_->desk().answer(second, true, "a test"); }));
    EXPECT_TRUE(
        comes([&] { return constrained_.state().release_counter >= (postponed ? 7U : 6U); }));

    EXPECT_EQ(gateway_->journal().open_job_of(kFull)->state, JobState::kVerified);
    if (postponed) break;
    EXPECT_TRUE(gateway_->desk().answer(first, true, "a test"));
    settle();
  }
}

TEST_F(ConsentTest, KeepsTheAnswersOfManyUpdates) {
  start();

  EXPECT_GE(cse_.find("cse-mn/ota-gateway/consents").integer_at("mni"), 1000);
}

TEST_F(ConsentTest, LeavesTheEcuAloneIfTheUserDeclines) {
  start();
  offer_newer();
  asked_job();

  EXPECT_EQ(ask_page("POST", "/consent", form("decline")).status, 303);
  settle();

  expect_refusal(kFull, "consent", "declined");
  EXPECT_EQ(full_.version(), "1.0.0");
  restart();
  EXPECT_EQ(gateway_->desk().history().at(0).decision, "declined") << "kept on disk";
}

TEST_F(ConsentTest, TakesNoAnswerForANo) {
  start();
  offer_newer();
  asked_job();

  seconds_later_ = 24 * 3600;
  settle();

  expect_refusal(kFull, "consent", "no answer in time");
  EXPECT_EQ(gateway_->desk().history().at(0).by, "nobody");
}

TEST_F(ConsentTest, AsksAgainAfterARestart) {
  start();
  offer_newer();
  const std::string job = asked_job();

  restart();

  EXPECT_EQ(asked_job(), job);
  EXPECT_TRUE(gateway_->desk().answer(job, true, "test"));
  settle();
  EXPECT_FALSE(only_report("completion").is_null());
}

TEST_F(ConsentTest, RecordsThatItAnsweredByItself) {
  settings_.auto_consent = true;
  start();

  offer_newer();
  settle();

  EXPECT_NE(gateway_->desk().history().at(0).by.find("--yes"), std::string::npos);
}

TEST_F(ConsentTest, TellsWhatIsToBeInstalledAndWhy) {
  start();
  offer_newer();
  asked_job();

  const http::Page page = ask_page("GET", "/");

  EXPECT_EQ(page.status, 200);
  for (const char* part : {"Version 1.0.0", "Version 1.1.0", "brake (ECU ECU-0001)", "minute",
                           "does not work", "Install", "In an hour", "Not at all", "Answer by"}) {
    EXPECT_NE(page.body.find(part), std::string::npos) << part;
  }
  const Value state = parse_json(ask_page("GET", "/state").body).value();
  EXPECT_EQ(state.find("question")->string_at("to"), "1.1.0");
  EXPECT_EQ(state.find("ecus")->as_array()->at(0).string_at("state"), "verified");
}

TEST_F(ConsentTest, TellsHowLongItTakesAndWhatDoesNotWorkAsTheMakerSignedIt) {
  start();
  offer(kFull, image_of({.version = "1.1.0",
                         .release_counter = 6,
                         .duration_s = 301,
                         .unavailable = "Stopping is <hard>"}));
  asked_job();

  const http::Page page = ask_page("GET", "/");

  EXPECT_NE(page.body.find("About 6 minutes"), std::string::npos);
  EXPECT_NE(page.body.find("Stopping is &lt;hard&gt;. Stay parked"), std::string::npos);
  EXPECT_EQ(page.body.find("This part of the vehicle"), std::string::npos);
  restart();  // the job remembers it
  asked_job();
  const Value state = parse_json(ask_page("GET", "/state").body).value();
  EXPECT_EQ(state.find("question")->integer_at("duration_s"), 301);
  EXPECT_EQ(state.find("question")->string_at("unavailable"), "Stopping is <hard>");
}

TEST_F(ConsentTest, TakesOnlyItsOwnForms) {
  start();
  offer_newer();
  const std::string job = asked_job();
  const std::string good = form("accept");

  EXPECT_EQ(ask_page("POST", "/consent", "job=" + job + "&decision=accept").status, 403);
  EXPECT_EQ(ask_page("POST", "/consent", "job=" + job + "&decision=accept&token=0").status, 403);
  EXPECT_EQ(ask_page("POST", "/consent", form("perhaps")).status, 400);
  EXPECT_EQ(ask_page("POST", "/consent", "x" + good).status, 409) << "another job";
  EXPECT_EQ(ask_page("POST", "/consent", std::string(5000, 'x')).status, 413);
  EXPECT_EQ(ask_page("GET", "/consent").status, 405);
  EXPECT_EQ(ask_page("POST", "/").status, 405);
  EXPECT_EQ(ask_page("GET", "/etc/passwd").status, 404);
  EXPECT_EQ(ask_page("POST", "/consent", good, "evil.example").status, 421);
  EXPECT_EQ(ask_page("GET", "/", "", "10.0.0.1.evil.example").status, 421);
  EXPECT_TRUE(gateway_->desk().pending()) << "the question is still open";
}

TEST_F(ConsentTest, AsksTheServerWhenTheUserWantsToKnow) {
  start();

  EXPECT_EQ(ask_page("POST", "/check", "token=0").status, 403);
  EXPECT_EQ(ask_page("GET", "/check").status, 405);
  const std::string token = value_of(ask_page("GET", "/").body, "token");
  EXPECT_EQ(ask_page("POST", "/check", "token=" + token).status, 303);
  settle();

  EXPECT_EQ(only_report("check").string_at("vehicle"), "/id-mn");
  EXPECT_NE(ask_page("GET", "/").body.find("Asked at 20"), std::string::npos);
}

TEST_F(ConsentTest, RefusesASecondOrderWhileTheUserIsAsked) {
  start();
  offer_newer();
  const std::string job = asked_job();

  order(kFull, images_.url() + "x", "1.2.0");
  ASSERT_TRUE(gateway_->desk().answer(job, true, "test"));
  settle();

  const auto all = outcomes();
  ASSERT_EQ(all.size(), 2u);
  bool refused = false, completed = false;
  for (const Value& each : all) {
    completed |= each.string_at("purpose") == "completion";
    const Value* error = each.find("error");
    refused |=
        error != nullptr && error->string_at("reason").find("another update") != std::string::npos;
  }
  EXPECT_TRUE(refused);
  EXPECT_TRUE(completed);
}

TEST(Display, ShowsTextFromOutsideAsText) {
  EXPECT_EQ(html_escaped("<script>alert(\"1\" & '2')"),
            "&lt;script&gt;alert(&quot;1&quot; &amp; &#39;2&#39;)");
}

}  // namespace
}  // namespace gatehouse::gateway
