// What must be refused, and leaves the ECU as it was.
#include <fstream>

#include "ae-apps/demo/story.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/uds/client.h"
#include "ae-apps/ota/uds/doip_client.h"
#include "cse/codec/json.h"

namespace gatehouse::demo {
namespace {

constexpr Milliseconds kSoon{20'000};
constexpr Milliseconds kFlashLimit{60'000};
constexpr std::int64_t kUpdateFailed = 2;  // m2m:statusType
constexpr const char* kCommands = "cse-in/ota-server/commands";
constexpr doip::Address kStrayTester = 0x0E80;

/// Turns one bit in the middle of a file round.
bool alter_one_bit(const std::string& file, std::uint64_t bytes) {
  std::fstream disk(file, std::ios::in | std::ios::out | std::ios::binary);
  const auto at = static_cast<std::streamoff>(bytes / 2);
  disk.seekg(at);
  const int byte = disk.get();
  if (byte < 0) return false;
  disk.seekp(at);
  disk.put(static_cast<char>(byte ^ 1));
  disk.close();
  return !disk.fail();
}

/// A counter of the ECU's status (F1A1).
Result<std::int64_t> refused_requests(uds::Client& tester) {
  const auto status = tester.read(uds::kDidStatus);
  if (!status) return fail(Rsc::kTargetNotReachable, status.error().text);
  const Result<Value> tree = parse_json(text_of(*status), {.max_bytes = 16 * 1024, .max_depth = 4});
  if (!tree) return fail(tree.error());
  return tree->integer_at("refused_requests", -1);
}

}  // namespace

Result<void> Story::upload_for(const EcuPlan& ecu, const Release& release, Image& out) {
  Result<Image> image = car_.desk().release(ecu, release);
  if (!image) return fail(image.error());
  if (auto done = car_.desk().describe(*image); !done) return done;
  if (auto done = car_.desk().upload(*image); !done) return done;
  out = *std::move(image);
  return {};
}

Result<StepEvent> Story::await_refusal(char letter, const EcuPlan& ecu, const std::string& stage,
                                       const std::string& cause) {
  const auto refused = await("gateway", letter, "refused", &ecu, kFlashLimit, true);
  if (!refused) return refused;
  if (refused->at("stage") != stage || refused->at("reason").find(cause) == std::string::npos) {
    return fail(Rsc::kNotAcceptable, "refused for another reason: " + refused->at("stage") + ": " +
                                         refused->at("reason"));
  }
  const auto failed = await("server", 'H', "failed", &ecu, kSoon, true);
  if (!failed) return failed;
  const Result<std::string> recorded = see_failure(ecu, failed->at("to"));
  if (!recorded) return fail(recorded.error());
  StepEvent out = *refused;
  out.fields["recorded"] = *recorded;
  return out;
}

/// The failure in the ECU's history at the IN-CSE, and in its [firmware] at the MN-CSE.
Result<std::string> Story::see_failure(const EcuPlan& ecu, const std::string& version) {
  const std::string history = "cse-in/ota-server/history-" + ecu.serial;
  const auto look = [&] {
    for (const Value& entry : car_.in().contents(history)) {
      if (entry.string_at("event") == "failed" && entry.string_at("to") == version) return true;
    }
    return false;
  };
  if (auto done = crew_.wait_until("the failure in " + history, kSoon, look); !done) {
    return fail(done.error());
  }
  const Answer firmware = car_.in().retrieve("/id-mn/cse-mn/ecu-" + ecu.serial + "/firmware");
  const Value* status = firmware.content.find("uds");
  if (status == nullptr || status->integer_at("sus") != kUpdateFailed) {
    return fail(Rsc::kNotAcceptable, "uds of the [firmware] does not tell of the failure");
  }
  return "recorded: history-" + ecu.serial + " failed " + version + "; [firmware] uds.sus=2";
}

/// Asks the ECU again, as the operator would.
Result<void> Story::still_runs(char letter, const EcuPlan& ecu, const std::string& version,
                               Refusal refusal) {
  begin(where_ + ", asked again", "ota-server.log");
  mark();
  const Answer command = car_.in().push(kCommands, Value::object({{"ask", "/id-mn"}}));
  if (!is_success(command.rsc)) {
    return fail(command.rsc, std::string(kCommands) + ": " + command.reason);
  }
  const auto verified = await("server", 'D', "verified", &ecu, kSoon);
  if (!verified) return fail(verified.error());
  const std::optional<Value> inquiry = car_.mn().latest("cse-mn/ota-gateway/inquiries");
  std::string nonce = inquiry ? inquiry->string_at("nonce") : "";
  std::string key_id;
  const auto report = check_report(ecu, "inventory", nonce, key_id);
  if (!report) return fail(report.error());
  if (report->version != version || report->status != "running") {
    return fail(Rsc::kNotAcceptable, ecu.serial + " runs " + report->version + " now");
  }
  StepLine line;
  if (auto done = expect_announced(ecu, "firmware", "vr", version, line); !done) return done;
  screen_.step(letter, {"OTA server",
                        "ECU " + ecu.software,
                        "ask again for a signed report",
                        "verified",
                        {"still runs " + version + ": signature by key " + shortened(key_id) +
                         " over nonce " + shortened(nonce) + "; vr=" + version + " at the IN-CSE"},
                        lap()});
  refusal.ecu = ecu.serial;
  refusal.still_runs = version;
  refusals_.push_back(std::move(refusal));
  return {};
}

Result<void> Story::refuse_altered(const EcuPlan& ecu) {
  begin("refusal 1 (an image altered by one bit)", "ota-gateway.log");
  mark();
  Image image;
  {
    // The gateway is held still, so that it cannot be faster than whoever alters the file.
    const Crew::Pause still = crew_.pause("ota-gateway");
    if (auto done = upload_for(ecu, {"1.5.0", 5, true, {}}, image); !done) return done;
    if (!alter_one_bit(car_.layout().file("server/images/" + image.sha256 + ".img"), image.bytes)) {
      return fail(Rsc::kInternalServerError, "the image at the server's disk cannot be altered");
    }
  }
  screen_.step('1', {"attacker",
                     "OTA server's disk",
                     "alter 1 bit of " + ecu.software + " 1.5.0",
                     "done",
                     {"behind the server's back, in the middle of the image"},
                     lap()});
  const auto refused = await_refusal('E', ecu, "verify", "image-hash");
  if (!refused) return fail(refused.error());
  screen_.refused('1', {"gateway",
                        "OTA server",
                        "verify the image that was offered",
                        "refused",
                        {refused->at("reason"), refused->at("recorded")},
                        lap()});
  return still_runs('1', ecu, versions_[ecu.serial],
                    {"altered by one bit (1.5.0)", "", "gateway", "image-hash", ""});
}

Result<void> Story::refuse_older(const EcuPlan& ecu) {
  begin("refusal 2 (an older image, rightly signed)", "ota-gateway.log");
  mark();
  Image image;
  if (auto done = upload_for(ecu, {"1.2.0", 2, true, {}}, image); !done) return done;
  const auto decided = await("server", 'D', "decided", &ecu, kSoon);
  if (!decided) return fail(decided.error());
  if (decided->at("decision") != "nothing") {
    return fail(Rsc::kNotAcceptable, "the server offers an older image by itself");
  }
  const Answer command = car_.in().push(
      kCommands,
      Value::object(
          {{"offer", image.sha256}, {"ecu", ecu.serial}, {"vehicle", "/id-mn"}, {"force", true}}));
  if (!is_success(command.rsc)) {
    return fail(command.rsc, std::string(kCommands) + ": " + command.reason);
  }
  screen_.step('2', {"CAdmin",
                     "OTA server",
                     std::string("CREATE ") + kCommands + "/-",
                     command.code(),
                     {"offer " + ecu.software +
                      " 1.2.0 by force; by itself the server would not: " + decided->at("reason")},
                     lap()});
  const auto refused = await_refusal('E', ecu, "verify", "release-counter");
  if (!refused) return fail(refused.error());
  screen_.refused('2', {"gateway",
                        "OTA server",
                        "verify the image that was offered",
                        "refused",
                        {refused->at("reason"), refused->at("recorded")},
                        lap()});
  return still_runs('2', ecu, versions_[ecu.serial],
                    {"older, rightly signed (1.2.0)", "", "gateway", "release-counter", ""});
}

Result<void> Story::roll_back(const EcuPlan& ecu) {
  begin("refusal 3 (a new version fails its self-test)", "ota-gateway.log");
  mark();
  Image image;
  if (auto done = upload_for(ecu, {"1.6.0", 6, false, {}}, image); !done) return done;
  if (ask_) {
    screen_.text("   Please agree once more at the gateway's display:  http://127.0.0.1:" +
                 std::to_string(car_.layout().display_port) + "/");
    if (const auto agreed = await("gateway", 'F', "accepted", &ecu, Milliseconds(600'000));
        !agreed) {
      return fail(agreed.error());
    }
  }
  const auto flashed = await("gateway", 'G', "flashed", &ecu, kFlashLimit);
  if (!flashed) return fail(flashed.error());
  screen_.step('3', {"gateway",
                     "ECU " + ecu.software,
                     "flash " + ecu.software + " 1.6.0",
                     "71",
                     {"newer and rightly signed, so nobody refuses it"},
                     lap()});
  const auto refused = await_refusal('H', ecu, "boot", "self-test");
  if (!refused) return fail(refused.error());
  screen_.refused('3', {"ECU " + ecu.software,
                        "ECU " + ecu.software,
                        "trial boot of the new slot, self-test",
                        "rolled back",
                        {refused->at("reason"), refused->at("recorded")},
                        lap()});
  return still_runs('3', ecu, versions_[ecu.serial],
                    {"fails its self-test (1.6.0)", "", "ECU", "self-test; rolled back", ""});
}

Result<void> Story::refuse_stray_tester(const EcuPlan& ecu) {
  begin("refusal 4 (a stray tester)", "ecu-" + ecu.software + ".log");
  mark();
  doip::ClientSettings settings;
  settings.port = ecu.port;
  settings.tester = kStrayTester;
  settings.ecu = static_cast<doip::Address>(std::stoi(ecu.logical_address, nullptr, 16));
  doip::Client transport(settings);
  if (auto done = transport.connect(); !done) return done;
  uds::Client tester(transport, {});
  const auto before = refused_requests(tester);
  if (!before) return fail(before.error());
  for (const uds::Session session : {uds::Session::kExtended, uds::Session::kProgramming}) {
    if (const auto entered = tester.session(session); !entered) {
      return fail(Rsc::kTargetNotReachable, entered.error().text);
    }
  }
  const auto download = tester.begin_download(1024);
  if (download || download.error().nrc != uds::Nrc::kSecurityAccessDenied) {
    return fail(Rsc::kNotAcceptable, "a download without security access was not refused as such");
  }
  const auto after = refused_requests(tester);
  if (!after) return fail(after.error());
  if (*after <= *before) return fail(Rsc::kNotAcceptable, "the ECU did not count the refusal");
  transport.disconnect();
  screen_.refused('4',
                  {"stray tester",
                   "ECU " + ecu.software,
                   "UDS 34: download, unasked",
                   "7F 34 33",
                   {download.error().text + "; counted in F1A1: refused_requests " +
                    std::to_string(*before) + " " + screen_.arrow() + " " + std::to_string(*after)},
                   lap()});
  return still_runs('4', ecu, versions_[ecu.serial],
                    {"programming without security access", "", "ECU", "NRC 0x33", ""});
}

}  // namespace gatehouse::demo
