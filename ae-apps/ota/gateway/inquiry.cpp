#include "ae-apps/ota/gateway/inquiry.h"

#include <filesystem>

#include "ae-apps/ota/gateway/bundle.h"
#include "ae-apps/ota/program/state_files.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kMaxIdBytes = 128;

std::filesystem::path last_file(const GatewaySettings& settings) {
  return std::filesystem::path(settings.state_dir) / "last-inquiry";
}

}  // namespace

Inquiries::Inquiries(const GatewaySettings& settings, EcuLinks& ecus, CseSide& cse,
                     const JobJournal& journal, Board& board, ota::StepLog& log)
    : settings_(settings), ecus_(ecus), cse_(cse), journal_(journal), board_(board), log_(log) {}

Result<Inquiries::Asked> Inquiries::read(const Value& inquiry) const {
  Asked out;
  out.id = inquiry.string_at("inquiry");
  if (out.id.empty() || out.id.size() > kMaxIdBytes) {
    return fail(Rsc::kBadRequest, "inquiry: must be a string of 1 to 128 bytes");
  }
  Result<Bytes> nonce = from_hex(inquiry.string_at("nonce"));
  if (!nonce || nonce->size() < 16 || nonce->size() > 32) {
    return fail(Rsc::kBadRequest, "nonce: must be 16 to 32 bytes in hexadecimal");
  }
  out.nonce = *std::move(nonce);
  out.local = inquiry.bool_at("local");
  if (out.local && settings_.measurements.empty()) {
    return fail(Rsc::kBadRequest, "local: no measurements are configured");
  }
  if (const Value* wanted = inquiry.find("ecus")) {
    if (!wanted->is_array() || wanted->size() > 64) {
      return fail(Rsc::kBadRequest, "ecus: must be a list of at most 64 serial numbers");
    }
    out.ecus = inquiry.strings_at("ecus");
  } else {
    for (const EcuEntry& entry : settings_.ecus) out.ecus.push_back(entry.serial);
  }
  return out;
}

Result<EcuFacts> Inquiries::look_and_publish(Member& ecu) {
  const EcuEntry& entry = ecu.entry();
  Result<EcuFacts> facts = ecu.look();
  board_.change(entry.serial, [&](Board::Row& row) {
    if (facts) row.version = facts->version;
    if (row.state == "idle" || row.state == "not answering") {
      row.state = facts ? "idle" : "not answering";
    }
  });
  if (const auto published = cse_.publish(entry, facts ? &*facts : nullptr); !published) {
    log_.say("node of " + entry.serial + ": " + published.error().detail);
  }
  return facts;
}

Result<Value> Inquiries::report_of(const std::string& serial, const Bytes& nonce) {
  const auto found = ecus_.find(serial);
  if (found == ecus_.end()) return fail(Rsc::kNotFound, "there is no such ECU in this vehicle");
  const auto job = journal_.open_job_of(serial);
  if (job && job->state == JobState::kFlashing) {
    return fail(Rsc::kTargetNotReachable, "the ECU is being updated right now");
  }
  // What the server does not expect yet it would take for an intrusion.
  if (job && job->state > JobState::kFlashing && bundle_of(job->url)) {
    return fail(Rsc::kTargetNotReachable, "its update from a bundle is about to be reported");
  }
  Member& ecu = *found->second;
  const auto facts = look_and_publish(ecu);
  if (!facts) return fail(facts.error());
  Result<EcuReport> report = ecu.report(nonce);
  if (!report) return fail(report.error());
  log_.step('D', "report",
            {{"ecu", serial},
             {"version", report->version},
             {"signed_by", std::string(signed_by(ecu.entry().level))}});
  const Disturbances& seen = facts->disturbed;
  report->entry.set("disturbed", Value::object({{"unsolicited", seen.unsolicited},
                                                {"refused_frames", seen.refused_frames},
                                                {"failed_unlocks", seen.failed_unlocks},
                                                {"boots", seen.boots}}));
  return std::move(report->entry);
}

Value Inquiries::instance(const Asked& asked, Value reports) const {
  return Value::object({{"inquiry", asked.id},
                        {"vehicle", settings_.vehicle},
                        {"purpose", "inventory"},
                        {"reports", std::move(reports)}});
}

bool Inquiries::answer(const Value& inquiry) {
  const Result<Asked> asked = read(inquiry);
  if (!asked) {
    log_.step('D', "ignored", {{"reason", asked.error().detail}});
    return true;
  }
  const Result<std::string> last = ota::read_text(last_file(settings_), kMaxIdBytes);
  if (last && *last == asked->id) return true;
  log_.step('D', "asked", {{"inquiry", asked->id}, {"ecus", std::to_string(asked->ecus.size())}});
  Value reports = Value::array();
  Value::Array failures;
  for (const std::string& serial : asked->ecus) {
    Result<Value> report = report_of(serial, asked->nonce);
    if (report) {
      reports.push_back(*std::move(report));
      continue;
    }
    log_.step('D', "no-report", {{"ecu", serial}, {"reason", report.error().detail}});
    Value failure = instance(*asked, Value::array());
    failure.set("error", Value::object({{"ecu", serial},
                                        {"stage", "inventory"},
                                        {"reason", report.error().detail},
                                        {"version", board_.row(serial).version}}));
    failures.push_back(std::move(failure));
  }
  if (reports.size() > 0) failures.insert(failures.begin(), instance(*asked, std::move(reports)));
  for (const Value& each : failures) {
    const auto pushed = asked->local ? cse_.push_measurement(each) : cse_.push_report(each);
    if (!pushed) {
      log_.say("answer to inquiry " + asked->id + ": " + pushed.error().detail);
      return false;
    }
  }
  if (const auto kept = ota::replace_file(last_file(settings_), asked->id); !kept) {
    log_.say(kept.error().detail);
  }
  log_.step('D', "answered", {{"inquiry", asked->id}});
  return true;
}

}  // namespace gatehouse::gateway
