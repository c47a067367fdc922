#include "ae-apps/ota/gateway/update.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/gateway/bundle.h"
#include "ae-apps/ota/gateway/offer.h"
#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

namespace fs = std::filesystem;

constexpr unsigned kMaxReportTries = 30;
constexpr unsigned kMaxNodeTries = 10;  ///< with longer and longer pauses
constexpr unsigned kConsentTries = 5;
constexpr std::size_t kMaxStatusBytes = 16 * 1024;

/// The step of the use case to which a stage belongs.
char letter_of(std::string_view stage) {
  if (stage == "consent") return 'F';
  if (stage == "flash" || stage == "preconditions" || stage == "release") return 'G';
  return stage == "boot" ? 'H' : 'E';
}

/// The ECU may hold something else than it did.
bool flashed(std::string_view stage) {
  return stage == "flash" || stage == "boot" || stage == "release";
}

}  // namespace

Update::Update(UpdateTools& tools, Member& ecu, Job job)
    : tools_(tools),
      ecu_(ecu),
      delivery_(tools.settings, ecu.entry(), tools.log),
      job_(std::move(job)) {}

void Update::stop() {
  stopping_ = true;
  ecu_.cancel();
}

/// The last part of the URL names the file, so that an offer made again goes on with its bytes.
fs::path Update::image_file() const {
  const std::string name = job_.url.substr(job_.url.rfind('/') + 1);
  return fs::path(tools_.settings.state_dir) / "images" / job_.ecu / name;
}

Update::End Update::run() {
  late_ = false;
  Step end;
  while (!end) end = stopping_ ? End::kInterrupted : step();
  pause_ = late_ ? std::min(2 * pause_, tools_.settings.retry_most) : std::chrono::milliseconds(0);
  if (late_) pause_ = std::max(pause_, tools_.settings.retry_pause);
  return *end;
}

std::chrono::milliseconds Update::pause() const {
  return std::max(pause_, tools_.settings.retry_pause);
}

Update::Step Update::later() {
  late_ = true;
  return End::kTryLater;
}

Update::Step Update::step() {
  switch (job_.state) {
    case JobState::kOffered:
      return begin();
    case JobState::kDownloading:
      return fetch();
    case JobState::kVerified:
      return job_.release.empty() ? ask() : End::kGathers;
    case JobState::kConsented:
      return job_.release.empty() ? wait_until_fit() : End::kGathers;
    case JobState::kFlashing:
      return job_.release.empty() ? flash() : End::kGathers;
    case JobState::kRebooted:
      return complete();
    case JobState::kFailed:
      return report_failure();
    case JobState::kReported:
      break;
  }
  return End::kClosed;
}

Update::Step Update::enter(JobState state) {
  const JobState before = std::exchange(job_.state, state);
  job_.waits.clear();
  waits_for_.clear();
  job_.reach_by.clear();
  if (state == JobState::kReported) job_.closed_at = ota::timestamp_now();
  if (const auto stored = tools_.journal.save(job_); !stored) {
    tools_.log.say("job " + job_.id + ": " + stored.error().detail);
    job_.state = before;
    return End::kTryLater;
  }
  show(0);
  if (tools_.stored && !tools_.stored(job_)) return End::kInterrupted;
  return std::nullopt;
}

Update::Step Update::give_up(std::string stage, std::string reason) {
  tools_.log.step(letter_of(stage), "refused",
                  {{"ecu", job_.ecu}, {"stage", stage}, {"reason", reason}});
  job_.failure = Failure{std::move(stage), std::move(reason)};
  return enter(JobState::kFailed);
}

void Update::show(std::uint64_t done, std::uint64_t total) {
  show(total == 0 ? 0 : static_cast<int>(done * 100 / total));
}

void Update::show(int percent) {
  tools_.board.change(job_.ecu, [&](Board::Row& row) {
    row.state = job_.closed() ? "idle" : name_of(job_.state);
    row.percent = percent;
  });
  // Each state, and quarters of what takes long.
  const int coarse = static_cast<int>(job_.state) * 1000 + percent / 25;
  if (coarse == shown_percent_) return;
  shown_percent_ = coarse;
  if (const auto pushed = tools_.cse.push_progress(job_.ecu, name_of(job_.state), percent);
      !pushed) {
    tools_.log.say("progress of " + job_.ecu + ": " + pushed.error().detail);
  }
}

/// Why nothing happens, once for each reason; also for whoever reads the journal.
void Update::tell_wait(char step, const std::string& reason) {
  if (reason == waits_for_) return;
  job_.waits = waits_for_ = reason;
  tools_.log.step(step, "waiting", {{"ecu", job_.ecu}, {"reason", reason}});
  tools_.board.change(job_.ecu, [&](Board::Row& row) { row.last = "Waits: " + reason + "."; });
  if (const auto kept = tools_.journal.save(job_); !kept) tools_.log.say(kept.error().detail);
}

/// False: stop() was called.
bool Update::rest(std::chrono::milliseconds wait) { return ota::pause_unless(stopping_, wait); }

// --- F: ask ----------------------------------------------------------------------------------

Question Update::question() const {
  // What the maker does not say: transfer over the vehicle's network, the ECU's check, its restart.
  const std::uint64_t guessed_s = 20 + job_.image_bytes / (100 * 1024);
  return {job_.id,
          job_.ecu,
          job_.name,
          job_.from_version,
          job_.version,
          job_.notes,
          job_.duration_s != 0 ? job_.duration_s : guessed_s,
          job_.unavailable,
          job_.answer_by,
          {{job_.ecu, std::string(signed_by(ecu_.entry().level))}}};
}

void Update::tell_consent(Decision decision, const std::string& by) {
  const std::string word(name_of(decision));
  tools_.log.step('F', word, {{"ecu", job_.ecu}, {"version", job_.version}, {"by", by}});
  const Value answer = Value::object({{"ecu", job_.ecu},
                                      {"from", job_.from_version},
                                      {"to", job_.version},
                                      {"decision", word},
                                      {"by", by},
                                      {"at", ota::timestamp_now()}});
  // Who measures the vehicle makes evidence of it, so a CSE that is being restarted is waited for.
  auto pushed = tools_.cse.push_consent(answer);
  for (unsigned i = 0; i < kConsentTries && !pushed; ++i) {
    if (pushed.error().rsc != Rsc::kTargetNotReachable || !rest(tools_.settings.retry_pause)) break;
    pushed = tools_.cse.push_consent(answer);
  }
  if (!pushed) tools_.log.say("consents: " + pushed.error().detail);
}

Update::Step Update::ask() {
  if (tools_.settings.auto_consent) {
    const std::string by = "--yes (nobody was asked)";
    if (const auto kept = tools_.desk.record(question(), Decision::kAccepted, by); !kept) {
      return give_up("consent", "the consent could not be kept: " + kept.error().detail);
    }
    tell_consent(Decision::kAccepted, by);
    return enter(JobState::kConsented);
  }
  if (!std::exchange(asked_, true)) {
    tools_.log.step('F', "asking", {{"ecu", job_.ecu}, {"version", job_.version}});
  }
  const Result<UserReply> reply = tools_.desk.ask(question(), tools_.clock());
  if (!reply) {
    return give_up("consent", "the consent could not be kept: " + reply.error().detail);
  }
  if (reply->decision == Decision::kOpen) {
    tell_server(told_server_, "consent", "the user is asked", job_.answer_by);
    return End::kAsks;
  }
  tell_consent(reply->decision, reply->decision == Decision::kNoAnswer ? "nobody" : "the display");
  if (reply->decision == Decision::kPostponed) return ask();  // an answer may be there already
  if (reply->decision == Decision::kAccepted) return enter(JobState::kConsented);
  return give_up("consent", reply->decision == Decision::kDeclined
                                ? "the user declined the update"
                                : "the user gave no answer in time");
}

// --- G: when ---------------------------------------------------------------------------------

std::string Update::why_unfit(bool window) {
  const Preconditions& rules = tools_.settings.preconditions;
  const Timestamp now = tools_.clock();
  std::string reason;
  if (!rules.status_file.empty()) {
    const auto text = ota::read_text(rules.status_file, kMaxStatusBytes);
    reason = unfit(rules, parse_vehicle_status(text ? *text : std::string()));
  }
  const auto& hours = tools_.settings.window;
  if (reason.empty() && window && hours && !is_open(*hours, now)) {
    reason = "the maintenance window is closed";
  }
  if (!reason.empty()) begin_patience();
  return reason;
}

void Update::begin_patience() {
  if (!job_.fit_by.empty()) return;
  job_.fit_by = to_text(tools_.clock() + tools_.settings.preconditions.patience);
}

bool Update::patience_over() const {
  const Timestamp now = tools_.clock();
  return parse_timestamp(job_.fit_by).value_or(now) < now;
}

/// Looks at the vehicle again and again; the user's word holds meanwhile.
Update::Step Update::wait_until_fit() {
  if (const std::string reason = why_unfit(); !reason.empty()) return wait_for_vehicle(reason);
  if (const auto good = refresh_order(); !good) {
    if (unreachable_) return wait_for_server("verify", good.error().detail);
    return give_up("verify", good.error().detail);
  }
  return enter(JobState::kFlashing);
}

Update::Step Update::wait_for_vehicle(const std::string& reason) {
  if (!written_ && patience_over()) return give_up("preconditions", reason);
  tell_unfit(reason);
  tell_server(told_server_, "preconditions", reason, job_.fit_by);
  return End::kTryLater;
}

void Update::tell_server(ToldWaits& told, const std::string& stage, const std::string& reason,
                         const std::string& until) {
  constexpr Timestamp kNever{std::numeric_limits<std::int64_t>::max()};
  if (bundle_of(job_.url)) return;  // the server knows nothing of the order
  Timestamp& due = told[stage + " " + job_.ecu];
  const Timestamp now = tools_.clock();
  if (now < due) return;
  const auto pushed = tools_.cse.push_report(delay_of(tools_.settings, job_, stage, reason, until));
  due = pushed ? kNever : now + tools_.settings.retry_most;
  if (!pushed) tools_.log.say("delay of " + job_.ecu + ": " + pushed.error().detail);
}

// --- G: flash --------------------------------------------------------------------------------

/// After a restart it may be that all was done but our note of it.
bool Update::runs_already() {
  const Result<EcuReport> now = ecu_.report(crypto::SystemRandom().bytes(16));
  return now && !job_.payload_sha256.empty() && now->payload_sha256 == job_.payload_sha256;
}

/// Writes the image, to be run at the next restart or, held, on trial when that is ordered.
Result<void> Update::write(bool held) {
  tools_.log.step('G', "flashing",
                  {{"ecu", job_.ecu}, {"bytes", std::to_string(job_.image_bytes)}});
  const auto progress = [this](std::uint64_t done, std::uint64_t total) {
    show(done, total);
    if (stopping_) ecu_.cancel();
  };
  const auto done = held ? ecu_.flash_held(image_file(), image_->header, image_->payload_sha256,
                                           job_.for_ecu, progress)
                         : ecu_.flash(image_file(), image_->header, image_->payload_sha256,
                                      job_.for_ecu, progress);
  if (!done) return done;
  tools_.log.step('G', "flashed", {{"ecu", job_.ecu}, {"verified_by", "the ECU"}});
  return {};
}

Result<void> Update::write_held() {
  if (const auto good = load_image(); !good) return good;
  return write(true);
}

/// Asked once, and only if it matters.
bool Update::runs_nothing() {
  if (!bare_) {
    const Result<EcuStand> stand = ecu_.stand();
    bare_ = stand && stand->runs.empty();
  }
  return *bare_;
}

/// The vehicle is looked at before the write and, since that takes its time, before the reset. Two
/// things do not wait: an ECU that runs nothing gets its image whatever the vehicle does, having
/// nothing to lose; and one that is written is reset also after the window has closed, for it
/// would boot the new image by itself at its next loss of power. So that is never given up either.
Update::Step Update::flash() {
  if (!std::exchange(looked_, true) && runs_already()) return enter(JobState::kRebooted);
  if (!written_) {
    if (const std::string reason = why_unfit(); !reason.empty() && !runs_nothing()) {
      return wait_for_vehicle(reason);
    }
    if (const auto good = refresh_order(); !good) {
      if (unreachable_) return wait_for_server("verify", good.error().detail);
      return give_up("verify", good.error().detail);
    }
    if (const auto good = load_image(); !good) return give_up("flash", good.error().detail);
    const auto done = write(false);
    if (!done && stopping_) return End::kInterrupted;
    if (!done && done.error().rsc == Rsc::kConflict) {  // the ECU sees what the file does not say
      begin_patience();
      return wait_for_vehicle(done.error().detail);
    }
    if (!done) return give_up("flash", done.error().detail);
    written_ = true;
    if (ecu_.entry().slots == 1) bare_ = true;  // what it ran is overwritten
  }
  if (const std::string reason = why_unfit(false); !reason.empty() && !runs_nothing()) {
    return wait_for_vehicle(reason);
  }
  if (const auto back = ecu_.restart(); !back) return give_up("boot", back.error().detail);
  tools_.log.step('H', "restarted", {{"ecu", job_.ecu}});
  return enter(JobState::kRebooted);
}

// --- H: report -------------------------------------------------------------------------------

/// Made once for an offer, and kept: the nonce is used up by it.
Result<void> Update::collect_report() {
  if (!job_.report.is_null()) return {};
  const Result<Bytes> nonce = from_hex(job_.id);
  if (!nonce) return fail(nonce.error());
  Result<EcuReport> report = ecu_.report(*nonce);
  if (!report) return fail(report.error());
  job_.report = std::move(report->entry);
  return {};
}

/// As its report says; if it could give none, as it says without proof.
bool Update::runs_new() const {
  if (job_.report.is_null() && job_.failure && job_.failure->stage == "boot") {
    const Result<EcuFacts> facts = ecu_.look();
    return facts && facts->version == job_.version;
  }
  const Result<Value> content = parse_json(job_.report.string_at("report"));
  return content && !job_.payload_sha256.empty() &&
         content->string_at("sha256") == job_.payload_sha256;
}

Update::Step Update::complete() {
  if (const auto collected = collect_report(); !collected) {
    // It has just been reset, or has lost its power: that says nothing about what it runs.
    const bool silent = collected.error().rsc == Rsc::kTargetNotReachable;
    // To ask a field node takes long, so others go first, more and more of them.
    const bool node = ecu_.entry().node.has_value();
    if (silent && ++report_tries_ < (node ? kMaxNodeTries : kMaxReportTries)) {
      return node ? later() : End::kTryLater;
    }
    return give_up("boot", "after the restart: " + collected.error().detail);
  }
  if (!runs_new()) {
    const Result<Value> content = parse_json(job_.report.string_at("report"));
    const Result<EcuFacts> facts = ecu_.look();
    const std::string why = facts ? facts->last_error : facts.error().detail;
    return give_up("boot", "the ECU went back to version " +
                               (content ? content->string_at("version") : job_.from_version) +
                               (why.empty() ? "" : ": " + why));
  }
  if (const Step end = enter(JobState::kRebooted)) return end;  // keeps the report
  return close(sdk::UpdateStatus::kSuccessful,
               Value::object({{"inquiry", job_.id},
                              {"vehicle", tools_.settings.vehicle},
                              {"purpose", "completion"},
                              {"reports", Value::array({job_.report})}}));
}

Update::Step Update::report_failure() {
  Value instance = refusal_of(tools_.settings, job_);
  // The nonce of a wrong order is nobody's.
  if (job_.failure->stage != "offer" && collect_report()) {
    instance.set("reports", Value::array({job_.report}));
  }
  return close(sdk::UpdateStatus::kFailure, std::move(instance));
}

Update::Step Update::close(sdk::UpdateStatus status, Value instance) {
  const Result<EcuFacts> facts = ecu_.look();
  const auto closed =
      end_order(tools_.cse, tools_.journal, job_, status, facts ? &*facts : nullptr);
  if (!closed) {
    tools_.log.say("order of " + job_.ecu + ": " + closed.error().detail);
    return End::kTryLater;
  }
  if (bundle_of(job_.url)) instance.set("offline", true);  // the server knows nothing of the order
  const auto pushed = reported_ ? Result<void>() : tools_.cse.push_report(instance);
  if (!pushed) {
    tools_.log.say("report of " + job_.ecu + ": " + pushed.error().detail);
    return End::kTryLater;
  }
  reported_ = true;
  if (const auto kept = keep_way_back(); !kept) {
    tools_.log.say("way back of " + job_.ecu + ": " + kept.error().detail);
    // The next update would erase what runs, with nothing to go back to. What is gone stays gone.
    if (kept.error().rsc == Rsc::kInternalServerError) return later();
  }
  const std::string version = facts ? facts->version : "unknown";
  tools_.log.step(
      'H', job_.failure ? "refusal-reported" : "reported",
      {{"ecu", job_.ecu}, {"runs", version}, {"sus", std::to_string(static_cast<int>(status))}});
  if (job_.failure) {
    std::error_code ignored;
    fs::remove(image_file(), ignored);
    if (flashed(job_.failure->stage)) delivery_.forget();
  } else {
    delivery_.keep(job_, image_file());
  }
  tools_.board.change(job_.ecu, [&](Board::Row& row) {
    row.version = version;
    row.last = job_.failure
                   ? "Version " + job_.version + " was not installed: " + job_.failure->reason
                   : "Version " + job_.version + " was installed.";
  });
  return enter(JobState::kReported);
}

}  // namespace gatehouse::gateway
