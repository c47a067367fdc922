// A campaign as operators meet it: a CSE as a process, the management server, a vehicle that
// answers with signed reports; driven by the curl lines of the README and by gatehouse-ota.
#include <gmock/gmock.h>

#include <cstdio>
#include <fstream>
#include <mutex>
#include <regex>
#include <sstream>
#include <thread>

#include "ae-apps/ota/server/service.h"
#include "tests/ae-apps/ota/server/vehicle_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"
#include "tests/faults/cse_process.h"

namespace gatehouse::ota_server {
namespace {

using testing::HasSubstr;

constexpr std::chrono::seconds kPatience{40};
constexpr const char* kImage = "5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9";
constexpr const char* kPayload = "1111";

Timestamp clock_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

struct Ran {
  int code = -1;
  std::string text;
};

Ran run(const std::string& command) {
  Ran out;
  FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  if (pipe == nullptr) return out;
  char buffer[4096];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, pipe)) {
    out.text.append(buffer, got);
  }
  const int status = ::pclose(pipe);
  out.code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return out;
}

/// Another process works on it: there is nothing to wait on but its answer.
template <class Condition>
bool at_last(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return true;
}

class CampaignEndToEnd : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(
        cse_.start({"cse.type=in", "cse.id=/id-in", "cse.name=cse-in", "cse.administrator=CAdmin",
                    "log.level=error", "cse.flexcontainers=" GATEHOUSE_CAMPAIGN_FLEXCONTAINERS}));
    settings_.ae.name = "ota-server";
    settings_.ae.ae_id = "CotaServer";
    settings_.ae.cse_url = cse_.url();
    settings_.ae.listener.emplace();
    settings_.state_dir = folder_ / "state";
    settings_.operators = {"Cplanner", "Capprover"};
    settings_.rules.images_url = "https://ota.example/images/";
    settings_.rules.automatic_offers = false;
    settings_.shows_ecus = true;
    settings_.vehicles = {test_vehicle("/id-in", "cse-in")};
    planner_ = connect("planner", "Cplanner", false);
    approver_ = connect("approver", "Capprover", false);
    start_vehicle();
    start_server();
  }
  void TearDown() override {
    stop_server();
    orders_.reset();
    inquiries_.reset();
    gateway_.reset();
  }

  std::unique_ptr<sdk::Ae> connect(const std::string& name, const std::string& ae_id,
                                   bool notified) {
    sdk::AeSettings settings;
    settings.name = name;
    settings.ae_id = ae_id;
    settings.cse_url = cse_.url();
    if (notified) settings.listener.emplace();
    auto ae = sdk::Ae::connect(settings);
    EXPECT_TRUE(ae) << ae.error().detail;
    return ae ? *std::move(ae) : nullptr;
  }

  /// Answers each inquiry, and runs what it is told to.
  void start_vehicle() {
    gateway_ = connect("ota-gateway", "CotaGateway", true);
    ASSERT_TRUE(gateway_);
    const auto policy = gateway_->ensure_policy(
        "server-policy", {{{"CotaGateway", "/id-in/CotaGateway"}, sdk::kMayDoAll},
                          {{"CotaServer", "/id-in/CotaServer"}, sdk::kMayDoAll}});
    ASSERT_TRUE(policy) << policy.error().detail;
    sdk::ContainerOptions options;
    options.policies = {*policy};
    ASSERT_TRUE(gateway_->container("inquiries").ensure(options));
    ASSERT_TRUE(gateway_->node("ecu-BRK-1").ensure("ecu-BRK-1"));
    sdk::Firmware firmware = gateway_->node("ecu-BRK-1").firmware();
    ASSERT_TRUE(firmware.ensure({"1.0.0", "brake", "none"}, {*policy}));
    auto inquiries = gateway_->container("inquiries").on_push([this](const sdk::Event& event) {
      const Value inquiry = *event.attributes.find("con");
      say(message("inventory", inquiry.string_at("inquiry"),
                  {brake_report(inquiry.string_at("nonce"), "1.0.0", 10, "0a0a").entry()},
                  "/id-in"));
    });
    ASSERT_TRUE(inquiries) << inquiries.error().detail;
    inquiries_ = *std::move(inquiries);
    auto orders = firmware.on_update_ordered([this](const sdk::Event& event) {
      ++orders_seen_;
      const std::string nonce = label(event.attributes, "nonce:");
      say(message("completion", nonce, {brake_report(nonce, "1.1.0", 11, kPayload).entry()},
                  "/id-in"));
    });
    ASSERT_TRUE(orders) << orders.error().detail;
    orders_ = *std::move(orders);
  }
  void say(const Value& content) {
    const auto said = gateway_->container("cse-in/ota-server/reports").push(content);
    EXPECT_TRUE(said) << said.error().detail;
  }

  void start_server() {
    const ImageFacts image{kImage, kPayload, "brake", "1.1.0", "brake-2", 11, 5'000, "brake/1.1.0"};
    auto opened = Service::open(settings_, {random_, log_, clock_now}, {image});
    ASSERT_TRUE(opened) << opened.error().detail;
    service_ = *std::move(opened);
    auto ae = sdk::Ae::connect(settings_.ae);
    ASSERT_TRUE(ae) << ae.error().detail;
    ae_ = *std::move(ae);
    const auto attached = service_->attach(*ae_);
    ASSERT_TRUE(attached) << attached.error().detail;
    stopping_ = false;
    worker_ = std::thread([this] {
      while (!stopping_) {
        service_->tick();
        std::this_thread::sleep_for(std::chrono::milliseconds(50));
      }
    });
  }
  void stop_server() {
    stopping_ = true;
    if (worker_.joinable()) worker_.join();
    if (service_) service_->detach();
    ae_.reset();
    service_.reset();
  }

  Value latest(const std::string& path) const {
    const auto found = planner_->retrieve("cse-in/ota-server/" + path + "/la");
    const Value* content = found ? found->find("con") : nullptr;
    return content == nullptr ? Value() : *content;
  }
  bool becomes(const std::string& campaign, const std::string& state) const {
    return at_last(
        [&] { return latest("campaigns/" + campaign + "/state").string_at("state") == state; });
  }
  Ran tool(const std::string& arguments, const std::string& as = "Cplanner") const {
    const std::string access = " --cse " + cse_.url() + " --originator " + as + " --wait 40 ";
    const auto space = arguments.find(' ');
    return run(std::string(std::getenv("GATEHOUSE_OTA")) + " " + arguments.substr(0, space) +
               access + (space == std::string::npos ? "" : arguments.substr(space)));
  }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  TemporaryFolder folder_;
  test::CseProcess cse_{folder_.path()};
  ServerSettings settings_;
  crypto::SystemRandom random_;
  std::ostringstream steps_, said_;
  ota::StepLog log_{steps_, said_};
  std::unique_ptr<sdk::Ae> planner_, approver_, gateway_, ae_;
  sdk::Subscription inquiries_, orders_;
  std::unique_ptr<Service> service_;
  std::thread worker_;
  std::atomic<bool> stopping_{false};
  std::atomic<int> orders_seen_{0};
};

/// The curl lines behind the marker, each with the status that must come.
std::vector<std::pair<std::string, std::string>> readme_lines() {
  std::ifstream in(GATEHOUSE_CAMPAIGN_README);
  std::vector<std::pair<std::string, std::string>> out;
  std::string line, marker = "<!-- tested: campaign -->";
  bool marked = false;
  while (std::getline(in, line)) {
    if (line == marker) marked = true;
    if (marked && line == "```") break;
    if (marked && line.starts_with("curl ")) out.emplace_back(line, "");
    if (marked && line.starts_with("# ") && !out.empty()) out.back().second = line.substr(2);
  }
  return out;
}

TEST_F(CampaignEndToEnd, TheLinesOfTheReadmeDriveACampaignToItsEnd) {
  const auto lines = readme_lines();
  ASSERT_GE(lines.size(), 9u);
  const std::regex status("X-M2M-RSC: ([0-9]+)", std::regex::icase);
  // The fleet is written by the server in its own time.
  ASSERT_TRUE(at_last([&] { return !latest("fleet/id-in").is_null(); }));
  for (const auto& each : lines) {
    const std::string &line = each.first, &wanted = each.second;
    const std::string command =
        std::regex_replace(line, std::regex("http://127\\.0\\.0\\.1:8080"), cse_.url());
    const bool read = line.find(" -d ") == std::string::npos;
    Ran ran;
    const auto good = [&] {
      ran = run(command + " -sS --max-time 10");
      std::smatch found;
      return std::regex_search(ran.text, found, status) && found[1] == wanted;
    };
    EXPECT_TRUE(read ? at_last(good) : good()) << line << "\n" << ran.text << said_.str();
  }
  EXPECT_TRUE(becomes("winter", "finished"))
      << to_json(latest("campaigns/winter/state")) << said_.str();
  const Value vehicle = latest("campaigns/winter/vehicles/id-in");
  EXPECT_EQ(vehicle.string_at("state"), "updated") << to_json(vehicle);
  EXPECT_EQ(orders_seen_, 1);

  // A restart knows it all from the CSE, and does nothing twice.
  stop_server();
  start_server();
  EXPECT_TRUE(becomes("winter", "finished"));
  const Ran listed = tool("campaign list");
  EXPECT_EQ(listed.code, 0) << listed.text;
  EXPECT_THAT(listed.text, HasSubstr(R"("name":"winter","state":"finished")"));
  const Ran again = tool("campaign retry winter");
  EXPECT_EQ(again.code, 1);
  EXPECT_THAT(again.text, HasSubstr("no vehicle has failed"));
  EXPECT_EQ(orders_seen_, 1);

  const std::string json = folder_ / "r156.json", html = folder_ / "r156.html";
  const Ran report = tool("r156 winter --json " + json + " --html " + html +
                          " --consents {vehicle}/cse-in/ota-gateway/consents");
  EXPECT_EQ(report.code, 0) << report.text;
  std::ostringstream text, page;
  text << std::ifstream(json).rdbuf();
  page << std::ifstream(html).rdbuf();
  const Value evidence = parse_json(text.str()).value_or(Value());
  EXPECT_EQ(evidence.strings_at("approved_by"), std::vector<std::string>{"Capprover"})
      << text.str();
  EXPECT_THAT(text.str(), HasSubstr(R"("event":"updated")"));
  EXPECT_THAT(text.str(), HasSubstr("consent: cannot be read"));
  EXPECT_THAT(page.str(), HasSubstr("1.1.0 (11), verified"));
  EXPECT_THAT(page.str(), HasSubstr("signed by the ECU"));
}

/// A client that knows nothing of ours but addresses: <mgmtCmd>, <execInstance>, <flexContainer>.
TEST_F(CampaignEndToEnd, MgmtCmdsDriveOneAndItsFlexContainerShowsIt) {
  const std::string text =
      R"({"name":"summer","start":"20990101T000000","images":[")" + std::string(kImage) + R"("]})";
  ASSERT_TRUE(
      planner_->create("cse-in/ota-server/campaign-definitions", 4, "m2m:cin",
                       Value::object({{"cr", Value()}, {"con", parse_json(text).value()}})));
  const auto status = [&] {
    return planner_->retrieve("cse-in/ota-server/campaigns/summer/status").value_or(Value());
  };
  ASSERT_TRUE(at_last([&] { return status().string_at("state") == "draft"; })) << said_.str();
  int executions = 0;
  /// exr of the new <execInstance>, once it is finished.
  const auto execute = [&](sdk::Ae& who, const std::string& word) -> std::int64_t {
    const std::string command = "cse-in/campaign-summer-" + word;
    const auto before = who.discover(command).value_or(std::vector<std::string>());
    const auto told = who.update(command, "m2m:mgc", Value::object({{"exe", true}}));
    EXPECT_TRUE(told) << word << ": " << told.error().detail;
    std::int64_t result = -1;
    EXPECT_TRUE(at_last([&] {
      for (const std::string& each : who.discover(command).value_or(before)) {
        if (std::find(before.begin(), before.end(), each) != before.end()) continue;
        const Value instance = who.retrieve(each).value_or(Value());
        if (instance.integer_at("exs") == 3) result = instance.integer_at("exr", -1);
      }
      return result >= 0;
    })) << word;
    ++executions;
    return result;
  };
  const auto shows = [&](const std::string& state) {
    return at_last([&] { return status().string_at("state") == state; });
  };

  EXPECT_EQ(execute(*planner_, "approve"), 2) << "the author, who may not: " << said_.str();
  EXPECT_TRUE(shows("draft"));
  EXPECT_EQ(execute(*approver_, "approve"), 0) << said_.str();
  EXPECT_TRUE(shows("approved")) << to_json(status());
  EXPECT_EQ(execute(*planner_, "pause"), 0) << said_.str();
  EXPECT_TRUE(shows("paused")) << to_json(status());
  EXPECT_EQ(execute(*planner_, "resume"), 0);
  EXPECT_EQ(execute(*planner_, "retry"), 2) << "no vehicle has failed";
  EXPECT_EQ(execute(*planner_, "stop"), 0);
  EXPECT_TRUE(shows("stopped")) << to_json(status());
  EXPECT_EQ(execute(*planner_, "resume"), 2);
  const auto stranger = connect("stranger", "Cstranger", false);
  EXPECT_FALSE(
      stranger->update("cse-in/campaign-summer-stop", "m2m:mgc", Value::object({{"exe", true}})));
  EXPECT_EQ(executions, 7);
  EXPECT_EQ(orders_seen_, 0);

  // The newest 20 instances of a command stay; what became of the others is in the log.
  constexpr std::size_t kKept = 20;
  for (std::size_t i = 0; i < kKept + 5; ++i) {
    ASSERT_TRUE(planner_->update("cse-in/campaign-summer-pause", "m2m:mgc",
                                 Value::object({{"exe", true}})));
  }
  FilterCriteria instances;
  instances.resource_types = {8};
  EXPECT_TRUE(at_last([&] {
    const auto found = planner_->discover("cse-in/campaign-summer-pause", instances);
    return found && found->size() == kKept;
  }));
}

/// A client that knows TS-0023's device management and no campaigns: it orders an image by
/// dmFirmware's action, another person installs the [software] that has come of it.
TEST_F(CampaignEndToEnd, AFlexNodeOrdersAnImageAndSoftwareApprovesIt) {
  const std::string firmware = "cse-in/fleet-BRK-1/flexNode/dmFirmware";
  const std::string action = firmware + "/updateFirmware";
  const std::string image = settings_.rules.images_url + kImage;
  const auto read = [&](const std::string& path) {
    return planner_->retrieve(path).value_or(Value());
  };
  ASSERT_TRUE(at_last([&] { return !read(action).is_null(); })) << said_.str();
  EXPECT_EQ(read("cse-in/fleet-BRK-1/flexNode").string_at("nodLk"), "/id-in/cse-in/ecu-BRK-1");
  EXPECT_EQ(read("cse-in/fleet-BRK-1/flexNode/dmDeviceInfo").string_at("serNr"), "BRK-1");
  EXPECT_EQ(read(firmware).string_at("priVn"), "unknown");
  const auto order = [&](sdk::Ae& who, const std::string& version) {
    return who.update(action, "mad:updFe", Value::object({{"url", image}, {"versn", version}}));
  };
  // The CSE knows the action before the server guards it.
  ASSERT_TRUE(at_last([&] {
    const auto refused = order(*planner_, "9.9.9");
    return !refused &&
           refused.error().detail.find("the image at url is version 1.1.0") != std::string::npos;
  })) << said_.str();
  EXPECT_NE(read(action).string_at("versn"), "9.9.9") << "nothing has changed";
  const auto stranger = connect("stranger", "Cstranger", false);
  EXPECT_EQ(order(*stranger, "1.1.0").error().rsc, Rsc::kOriginatorHasNoPrivilege);

  const auto ordered = order(*planner_, "1.1.0");
  ASSERT_TRUE(ordered) << ordered.error().detail;
  const std::string campaign = "update-BRK-1-1",
                    software = "cse-in/ota-campaigns/campaign-" + campaign;
  ASSERT_TRUE(at_last([&] { return label(read(action), "campaign:") == campaign; }));
  ASSERT_TRUE(at_last([&] { return read(software).string_at("swn") == campaign; }));
  const auto install = [&](sdk::Ae& who) {
    return who.update(software, "m2m:swr", Value::object({{"in", true}}));
  };
  ASSERT_TRUE(at_last([&] {
    const auto own = install(*planner_);
    return !own && own.error().rsc == Rsc::kOperationDeniedByRemoteEntity &&
           own.error().detail.find("somebody else must approve") != std::string::npos;
  })) << said_.str();
  EXPECT_FALSE(planner_->update(software, "m2m:swr", Value::object({{"vr", "forged"}})));
  EXPECT_FALSE(planner_->update(software, "m2m:swr", Value::object({{"un", true}})));
  // Operators may notify the server; what they tell in the name of others is not believed.
  const auto forge = [&](const std::string& subscription, int event, const Value& content) {
    Value details = Value::object({{"net", event}, {"rep", content}});
    Value told = Value::object({{"nev", std::move(details)}, {"cr", "Capprover"}});
    told.set("sur", "/id-in/" + subscription);
    return planner_->notify("/id-in/CotaServer", Value::object({{"m2m:sgn", std::move(told)}}));
  };
  const Value in = Value::object({{"m2m:swr", Value::object({{"in", true}})}});
  EXPECT_FALSE(forge(software + "/consent", 7, in));
  Value forged = Value::object({{"rn", "forged"}, {"cr", "Capprover"}});
  forged.set("con", Value::object({{"campaign", campaign}, {"command", "approve"}}));
  EXPECT_FALSE(forge("cse-in/ota-server/campaign-commands/CotaServer-sub", 3,
                     Value::object({{"m2m:cin", std::move(forged)}})));
  EXPECT_EQ(latest("campaigns/" + campaign + "/state").string_at("state"), "draft");
  EXPECT_EQ(orders_seen_, 0);
  const auto approved = install(*approver_);
  ASSERT_TRUE(approved) << approved.error().detail;

  EXPECT_TRUE(becomes(campaign, "finished")) << said_.str();
  EXPECT_EQ(orders_seen_, 1);
  EXPECT_TRUE(at_last([&] { return read(firmware).string_at("priVn") == "1.1.0"; }));
  EXPECT_TRUE(at_last([&] { return read(firmware).integer_at("priSe", -1) == 0; }));
  EXPECT_EQ(read(firmware).string_at("priUl"), image);
  EXPECT_EQ(label(read(firmware), "signed_by:"), "ecu");
  EXPECT_TRUE(at_last([&] {
    const Value status = read(software);
    return status.find("ins") != nullptr && status.find("ins")->integer_at("sus") == 1;
  })) << to_json(read(software));

  // Nobody changes what the server cannot be asked about; after a restart it answers again.
  stop_server();
  EXPECT_FALSE(order(*planner_, "1.1.0"));
  start_server();
  EXPECT_TRUE(at_last([&] {
    const auto again = order(*planner_, "1.1.0");
    return !again && again.error().detail.find("runs this image already") != std::string::npos;
  })) << said_.str();
}

TEST_F(CampaignEndToEnd, TheToolDrivesOneAndBadOnesAreRefusedByName) {
  const std::string bad =
      write("bad.json", R"({"name":"spring","images":[")" + std::string(kImage) +
                            R"("],"stages":[{"name":"a","percent":200}]})");
  const Ran refused = tool("campaign create " + bad);
  EXPECT_EQ(refused.code, 1);
  EXPECT_THAT(refused.text, HasSubstr("stages[0].percent: must be a whole number"));
  const Ran nothing = tool("campaign show spring");
  EXPECT_EQ(nothing.code, 1) << nothing.text;
  const Ran unknown =
      tool("campaign create " + write("unknown.json", R"({"name":"spring","images":[")" +
                                                          std::string(64, 'a') + R"("]})"));
  EXPECT_THAT(unknown.text, HasSubstr("images[0]: there is no such image"));
  EXPECT_THAT(tool("campaign create " + write("no.json", "{")).text, HasSubstr("con (content): "));

  const std::string good =
      write("good.json", R"({"name":"spring","start":"20990101T000000","images":[")" +
                             std::string(kImage) + R"("]})");
  const Ran made = tool("campaign create " + good);
  EXPECT_EQ(made.code, 0) << made.text;
  const Ran own = tool("campaign approve spring");
  EXPECT_EQ(own.code, 1);
  EXPECT_THAT(own.text, HasSubstr("somebody else must approve"));
  const Ran plan = tool("campaign dry-run spring");
  EXPECT_EQ(plan.code, 0) << plan.text;
  EXPECT_THAT(plan.text, HasSubstr(R"("vehicle":"/id-in","gets":true,"stage":"all")"));
  EXPECT_EQ(tool("campaign approve spring", "Capprover").code, 0);
  EXPECT_EQ(tool("campaign pause spring --reason weekend").code, 0);
  stop_server();
  start_server();
  EXPECT_EQ(latest("campaigns/spring/state").string_at("state"), "paused");
  EXPECT_EQ(tool("campaign resume spring").code, 0);
  EXPECT_EQ(tool("campaign stop spring").code, 0);
  const Ran over = tool("campaign resume spring");
  EXPECT_EQ(over.code, 1);
  EXPECT_THAT(over.text, HasSubstr("the campaign is stopped"));
  EXPECT_EQ(orders_seen_, 0);
  const Ran stranger = tool("campaign stop spring", "Cstranger");
  EXPECT_NE(stranger.code, 0) << stranger.text;
}

}  // namespace
}  // namespace gatehouse::ota_server
