#include "ae-apps/demo/story.h"

#include <algorithm>
#include <cstdlib>

#include "ae-apps/ota/crypto/keys.h"
#include "cse/codec/json.h"

namespace gatehouse::demo {
namespace {

constexpr Milliseconds kVisibleLimit{10'000};
constexpr std::int64_t kNodeAnnounced = 10014;
constexpr const char* kGateway = "/id-mn/CotaGateway";
constexpr const char* kReports = "cse-in/ota-server/reports";

/// An entry of `reports` in the form of image/version_report.h.
Result<image::SignedReport> signed_report(const Value& entry) {
  const std::string algorithm = entry.string_at("alg", "ecdsa-p256-sha256");
  return image::decode_report(to_json(Value::object({{"alg", algorithm},
                                                     {"key", entry.string_at("key_id")},
                                                     {"report", entry.string_at("report")},
                                                     {"sig", entry.string_at("signature")}})));
}

const Value* entry_of(const Value& message, const std::string& serial) {
  const Value* entries = message.find("reports");
  if (entries == nullptr || !entries->is_array()) return nullptr;
  for (const Value& entry : *entries->as_array()) {
    if (entry.string_at("ecu") == serial) return &entry;
  }
  return nullptr;
}

}  // namespace

Result<void> Story::tell() {
  for (const EcuPlan& ecu : car_.layout().ecus) versions_[ecu.serial] = Car::kFactoryVersion;
  if (auto done = update_all(); !done) return done;
  if (auto done = show_campaign(); !done) return done;
  if (hooks_.updated) {
    if (auto done = hooks_.updated(); !done) return done;
  }
  const EcuPlan& full = car_.layout().ecus.front();
  const EcuPlan& constrained = car_.layout().ecus.back();
  screen_.chapter("", "What must be refused");
  if (auto done = refuse_altered(full); !done) return done;
  if (auto done = refuse_older(constrained); !done) return done;
  if (auto done = roll_back(full); !done) return done;
  return refuse_stray_tester(full);
}

void Story::begin(const std::string& where, const std::string& log) {
  where_ = where;
  log_ = car_.layout().log(log);
}

void Story::mark() {
  mark_ = car_.feed().size();
  notification_mark_ = mark_;
  lap_ = Clock::now();
  now_.reset();
}

Duration Story::lap() {
  const auto now = std::exchange(now_, std::nullopt).value_or(Clock::now());
  return std::chrono::duration_cast<Duration>(now - std::exchange(lap_, now));
}

Result<StepEvent> Story::await(const std::string& source, char letter, const std::string& event,
                               const EcuPlan* ecu, Milliseconds limit, bool refusals_are_fine) {
  std::optional<StepEvent> found;
  std::string refusal;
  const auto look = [&] {
    for (const StepEvent& each : car_.feed().events_since(mark_)) {
      if (found) break;
      if (ecu != nullptr && each.at("ecu") != ecu->serial) continue;
      const std::string name = each.at("event");
      if (each.source == source && each.letter == letter && name == event) {
        found = each;
      } else if (!refusals_are_fine && ecu != nullptr &&
                 (name == "refused" || name == "failed" || name == "report-rejected" ||
                  name == "no-report")) {
        refusal = source + ": " + name + ": " + each.at("stage") + " " + each.at("reason");
      }
    }
    return found || !refusal.empty();
  };
  const std::string what = "the " + source + ": " + event + (ecu ? " " + ecu->serial : "");
  if (auto done = crew_.wait_until(what, limit, look); !done) {
    if (!crew_.culprit_log().empty()) log_ = crew_.culprit_log();
    return fail(done.error());
  }
  if (!found) return fail(Rsc::kNotAcceptable, refusal);
  now_ = std::max(lap_, found->seen);
  return *found;
}

Result<StepLine> Story::await_notification() {
  std::optional<StepEvent> found;
  const auto look = [&] {
    for (const StepEvent& each : car_.feed().events_since(notification_mark_)) {
      ++notification_mark_;
      if (each.source != "mn-cse" || each.letter != 'N' || each.at("to") != kGateway) continue;
      found = each;
      return true;
    }
    return false;
  };
  const std::string what = std::string("the MN-CSE notifies ") + kGateway;
  if (auto done = crew_.wait_until(what, kVisibleLimit, look); !done) return fail(done.error());
  if (found->at("via") != "out-mqtts" || found->at("rsc") != "2000") {
    return fail(Rsc::kNotAcceptable, what + " by " + found->at("via") + ": " + found->at("rsc"));
  }
  return StepLine{"MN-CSE",         "gateway", "NOTIFY over MQTT (mqtts, TLS 1.3)",
                  found->at("rsc"), {},        Duration(std::atoll(found->at("us").c_str()))};
}

Result<image::VersionReport> Story::check_report(const EcuPlan& ecu, const std::string& purpose,
                                                 std::string& nonce, std::string& key_id) {
  const std::vector<Value> messages = car_.in().contents(kReports);
  const auto fits = [&](const Value& message) {
    return message.string_at("purpose") == purpose && entry_of(message, ecu.serial) != nullptr;
  };
  const auto message = std::find_if(messages.rbegin(), messages.rend(), fits);
  if (message == messages.rend()) {
    return fail(Rsc::kNotFound, "no report of " + ecu.serial + " (" + purpose + ") in " + kReports);
  }
  const Result<image::SignedReport> report = signed_report(*entry_of(*message, ecu.serial));
  if (!report) return fail(report.error());
  const auto key = crypto::PublicKey::load(report_public_key_file(car_.layout(), ecu));
  if (!key) return fail(key.error());
  const Result<Bytes> challenge = from_hex(nonce);
  if (!challenge) return fail(challenge.error());
  Result<image::VersionReport> content = image::verify_report(*report, *key, *challenge);
  if (!content) return content;
  key_id = report->key_id;
  if (content->serial != ecu.serial || content->hardware_id != ecu.hardware_id) {
    return fail(Rsc::kOriginatorNotAuthenticated, "the report is of another ECU");
  }
  return content;
}

Result<std::string> Story::announced(const EcuPlan& ecu, const std::string& object) {
  const std::string original = "/id-mn/cse-mn/ecu-" + ecu.serial + "/" + object;
  std::vector<std::string> addresses;
  Answer answer;
  const auto look = [&] {
    answer = car_.in().retrieve(original);
    addresses = answer.content.strings_at("at");
    return !addresses.empty() && addresses.front() != "/id-in";
  };
  if (auto done = crew_.wait_until("the announcement of " + original, kVisibleLimit, look); !done) {
    return fail(done.error().rsc,
                done.error().detail + " (" + answer.code() + " " + answer.reason + ")");
  }
  return addresses.front();
}

Result<void> Story::expect_announced(const EcuPlan& ecu, const std::string& object,
                                     const std::string& attribute, const std::string& value,
                                     StepLine& line) {
  const Result<std::string> address = announced(ecu, object);
  if (!address) return fail(address.error());
  Answer answer;
  const auto look = [&] {
    answer = car_.in().retrieve(*address);
    return is_success(answer.rsc) && answer.content.string_at(attribute) == value;
  };
  const std::string what = *address + " says " + attribute + "=" + value;
  if (auto done = crew_.wait_until(what, kVisibleLimit, look); !done) {
    return fail(done.error().rsc, done.error().detail + " (it says " + attribute + "=" +
                                      answer.content.string_at(attribute) + ", " + answer.code() +
                                      ")");
  }
  // It must stand below the announced copy of the ECU's node.
  const Answer node = car_.in().retrieve("/id-in/" + answer.content.string_at("pi"));
  if (node.content.integer_at("ty") != kNodeAnnounced ||
      node.content.string_at("rn") != "ecu-" + ecu.serial) {
    return fail(Rsc::kNotAcceptable, *address + " is not below the ECU's node at the IN-CSE");
  }
  line = {"CAdmin", "IN-CSE", "RETRIEVE " + *address, answer.code(), {}, answer.took};
  line.evidence = {attribute + "=" + answer.content.string_at(attribute) + ", [" + object +
                   "] announced below <nodeAnnc> " + node.content.string_at("rn")};
  return {};
}

void Story::print_summary(Duration took) const {
  screen_.chapter("", "Summary");
  Table updates{{"ECU or node", "kind", "before", "after", "evidence", "time"}, {}};
  for (const Outcome& row : outcomes_) {
    updates.rows.push_back(
        {row.ecu, row.level, row.before, row.after, row.evidence, time_text(row.took)});
  }
  screen_.table(updates);
  screen_.text("");
  Table refused{{"refused", "ECU", "by", "why", "still runs"}, {}};
  for (const Refusal& row : refusals_) {
    refused.rows.push_back({row.what, row.ecu, row.by, row.reason, row.still_runs});
  }
  screen_.table(refused);
  screen_.text("\n" + screen_.mark() + " every step was seen to work, in " + time_text(took));
}

}  // namespace gatehouse::demo
