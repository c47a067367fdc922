#include "ae-apps/ota/gateway/release.h"

#include <algorithm>
#include <utility>

#include "ae-apps/ota/gateway/needs.h"

namespace gatehouse::gateway {
namespace {

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> out;
  std::size_t from = 0;
  while (from < list.size()) {
    const std::size_t comma = std::min(list.find(',', from), list.size());
    out.push_back(list.substr(from, comma - from));
    from = comma + 1;
  }
  return out;
}

constexpr std::chrono::milliseconds kTogether{10'000};  ///< between two orders of one release

Timestamp began(const std::string& offered_at) {
  return parse_timestamp(offered_at).value_or(Timestamp{});
}

/// "1.0.0" if all say so, else "1.0.0, 1.2.0".
void add_to(std::string& list, const std::string& item) {
  if (list.empty()) {
    list = item;
  } else if (!item.empty() && list != item) {
    list += ", " + item;
  }
}

}  // namespace

ReleaseRun::ReleaseRun(UpdateTools& tools, ReleaseJournal& journal, EcuLinks& ecus, std::string id)
    : tools_(tools), journal_(journal), ecus_(ecus) {
  release_.id = std::move(id);
}

void ReleaseRun::stop() {
  stopping_ = true;
  for (const auto& [serial, link] : ecus_) link->cancel();
}

std::chrono::milliseconds ReleaseRun::pause() const {
  return std::max(pause_, tools_.settings.retry_pause);
}

Update::End ReleaseRun::run() {
  late_ = false;
  const End end = go();
  pause_ = late_ ? std::min(2 * pause_, tools_.settings.retry_most) : std::chrono::milliseconds(0);
  if (late_) pause_ = std::max(pause_, tools_.settings.retry_pause);
  return end;
}

Update::End ReleaseRun::go() {
  auto stored = journal_.load(release_.id);
  if (!stored) {
    tools_.log.say("release " + release_.id + ": " + stored.error().detail);
    return End::kTryLater;
  }
  if (*stored) {
    release_ = *std::move(*stored);
    if (const auto end = open_parts()) return *end;
  } else {
    if (const auto end = gather()) {  // again, as long as the user is asked: orders may change
      if (!asked_.empty()) tools_.desk.withdraw(std::exchange(asked_, {}));
      return *end;
    }
    for (const auto& step : {&ReleaseRun::ask, &ReleaseRun::begin}) {
      if (const auto end = (this->*step)()) return *end;
    }
  }
  for (;;) {
    if (stopping_) return End::kInterrupted;
    std::optional<End> end;
    switch (release_.state) {
      case ReleaseState::kPreparing:
        end = prepare();
        break;
      case ReleaseState::kTrying:
        end = try_all();
        break;
      case ReleaseState::kCommitted:
        end = confirm_all();
        break;
      case ReleaseState::kRollingBack:
        end = roll_back_all();
        break;
    }
    if (end) return *end;
  }
}

/// The members' orders must all be here and verified, and the vehicle must bear what they make of
/// it.
std::optional<Update::End> ReleaseRun::gather() {
  updates_.clear();
  std::map<std::string, std::string> planned;
  std::vector<std::string> wanted;
  std::string oldest, missing;
  for (const Job& job : tools_.journal.jobs()) {
    if (job.release != release_.id || job.closed() || !ecus_.contains(job.ecu)) continue;
    if (oldest.empty()) oldest = job.offered_at;
    if (job.state < JobState::kVerified || job.state > JobState::kFlashing) continue;
    if (wanted.empty()) wanted = split(job.members);
    planned[job.ecu] = job.version;
    updates_[job.ecu] = std::make_unique<Update>(tools_, *ecus_.at(job.ecu), job);
  }
  if (updates_.empty()) return End::kClosed;
  for (const auto& [serial, update] : updates_) {
    if (split(update->job().members) != wanted) {
      return abandon_all("release", "the Director changed what release " + release_.id + " is");
    }
  }
  for (const Job& job : tools_.journal.jobs()) {
    // One that failed early has never learnt of which release it is. Orders of one release come
    // within seconds, but one may have been closed by whoever lost its power then.
    const bool same = job.release == release_.id;
    const bool ours = same || job.release.empty();
    const bool member = std::find(wanted.begin(), wanted.end(), job.ecu) != wanted.end();
    const bool recent =
        began(job.offered_at) + (same ? tools_.settings.gather_limit : kTogether) >= began(oldest);
    if (job.failure && !job.set_aside && ours && member && recent && !planned.contains(job.ecu)) {
      return abandon_all("release", "of release " + release_.id + ", " + job.ecu +
                                        " is not updated: " + job.failure->reason);
    }
  }
  for (const std::string& serial : wanted) {
    if (planned.contains(serial)) continue;
    missing = serial;
  }
  if (!missing.empty()) {
    const Timestamp now = tools_.clock();
    const Timestamp since = parse_timestamp(oldest).value_or(now);
    // A clock that was set meanwhile waits longer, not shorter.
    if (now - since < tools_.settings.gather_limit) return End::kGathers;
    return abandon_all(
        "release", "release " + release_.id + " is not complete: there is no order for " + missing);
  }
  if (const auto why = objection_to(tools_.settings.ecus, planned, tools_.board)) {
    return abandon_all("verify", *why);
  }
  for (const auto& [serial, update] : updates_) {
    const auto why =
        unmet_requirement(tools_.settings.ecus, update->job().requirements, planned, tools_.board);
    if (why) return abandon_all("verify", serial + ": " + *why);
  }
  return std::nullopt;
}

Question ReleaseRun::question() const {
  Question out = updates_.begin()->second->question();
  out.ecu = out.from_version = out.to_version = out.notes = out.unavailable = "";
  out.duration_s = 0;
  bool said = false;
  for (const auto& [serial, update] : updates_) {
    const Question one = update->question();
    add_to(out.ecu, one.ecu);
    add_to(out.from_version, one.from_version);
    add_to(out.to_version, one.to_version);
    add_to(out.notes, one.notes);
    add_to(out.unavailable, one.unavailable.empty() ? one.ecu + " does not work" : one.unavailable);
    said = said || !one.unavailable.empty();
    out.duration_s += one.duration_s;
    out.signed_by.insert(one.signed_by.begin(), one.signed_by.end());
  }
  if (!said) out.unavailable.clear();  // the display says so of all
  out.name = "release " + release_.id;
  return out;
}

/// One question for all. It was answered if one job says so: the answer is kept before that.
std::optional<Update::End> ReleaseRun::ask() {
  const bool answered = std::any_of(updates_.begin(), updates_.end(), [](const auto& each) {
    return each.second->job().state > JobState::kVerified;
  });
  if (answered) return std::nullopt;
  Decision decision = Decision::kAccepted;
  std::string by = "--yes (nobody was asked)";
  if (tools_.settings.auto_consent) {
    if (const auto kept = tools_.desk.record(question(), decision, by); !kept) {
      return abandon_all("consent", "the consent could not be kept: " + kept.error().detail);
    }
  } else {
    const Question question = this->question();
    if (asked_ != question.job) {
      if (!asked_.empty()) tools_.desk.withdraw(asked_);
      asked_ = question.job;
      tools_.log.step('F', "asking", {{"ecu", question.ecu}, {"version", question.to_version}});
    }
    const Result<UserReply> reply = tools_.desk.ask(question, tools_.clock());
    if (!reply) {
      return abandon_all("consent", "the consent could not be kept: " + reply.error().detail);
    }
    if (reply->decision == Decision::kOpen) {
      for (const auto& [serial, update] : updates_) {
        update->tell_server(told_waits_, "consent", "the user is asked", question.answer_by);
      }
      return End::kAsks;
    }
    decision = reply->decision;
    by = decision == Decision::kNoAnswer ? "nobody" : "the display";
  }
  for (const auto& [serial, update] : updates_) update->tell_consent(decision, by);
  if (decision == Decision::kPostponed) return ask();  // an answer may be there already
  asked_.clear();
  if (decision != Decision::kAccepted) {
    return abandon_all("consent", decision == Decision::kDeclined
                                      ? "the user declined the update"
                                      : "the user gave no answer in time");
  }
  return advance_all(JobState::kConsented);
}

/// What runs now is noted before anything is touched: it is where a roll-back leads.
std::optional<Update::End> ReleaseRun::begin() {
  Update& lead = *updates_.begin()->second;
  unfit_ = lead.why_unfit();
  if (!unfit_.empty() && lead.patience_over()) return abandon_all("preconditions", unfit_);
  if (!unfit_.empty()) return wait_until_fit(lead.job().ecu);
  for (const auto& [serial, update] : updates_) {
    const auto good = update->refresh_order();
    if (good) continue;
    unfit_ = serial + ": " + good.error().detail;
    if (!update->unreachable()) return abandon_all("verify", unfit_);
    lead.begin_patience();
    if (lead.patience_over()) return abandon_all("verify", unfit_);
    return wait_until_fit(serial);
  }
  release_.members.clear();
  for (const unsigned slots : {2U, 1U}) {
    for (const EcuEntry& entry : tools_.settings.ecus) {
      const auto update = updates_.find(entry.serial);
      if (update == updates_.end() || entry.slots != slots) continue;
      Member& link = *ecus_.at(entry.serial);
      const Job& job = update->second->job();
      const Result<EcuStand> stand = link.stand();
      std::string why = stand ? "" : stand.error().detail;
      if (stand && stand->runs.empty()) why = "the ECU runs nothing to which it could go back";
      if (why.empty() && slots == 1 && !link.has_way_back(stand->runs)) {
        why = "the ECU has one slot, and there is no copy of the image that it runs";
      }
      if (!why.empty()) return abandon_all("flash", entry.serial + ": " + why);
      release_.members.push_back({entry.serial, job.id, stand->runs, job.payload_sha256, false});
    }
  }
  if (const auto end = enter(ReleaseState::kPreparing)) return end;
  return open_parts();
}

/// A job that cannot be read any more stops it: without it nothing is decided. An ECU that is no
/// longer in the vehicle has nothing to be told.
std::optional<Update::End> ReleaseRun::open_parts() {
  updates_.clear();
  parts_.clear();
  for (Release::Member& member : release_.members) {
    const auto link = ecus_.find(member.ecu);
    if (link == ecus_.end()) {
      tools_.log.say("release " + release_.id + ": " + member.ecu + " is in this vehicle no more");
      if (release_.state == ReleaseState::kPreparing || release_.state == ReleaseState::kTrying) {
        if (const auto end = give_up(member.ecu, "release", "it is in this vehicle no more")) {
          return end;
        }
      }
      continue;
    }
    const auto job = tools_.journal.find(member.job);
    if (!job && member.settled) continue;  // reported long ago
    if (!job) return later(member, "its job is not in the journal");
    auto& update = updates_[member.ecu];
    update = std::make_unique<Update>(tools_, *link->second, *job);
    parts_.push_back({&member, update.get(), link->second.get()});
  }
  for (const Part& part : parts_) {
    if (part.update->job().state >= JobState::kFlashing) continue;
    if (const auto end = part.update->advance(JobState::kFlashing)) return end;
  }
  return std::nullopt;
}

// --- phase 1: prepare and try ----------------------------------------------------------------

/// Before each write and each reset, also those after the decision. Errors: kConflict if the
/// vehicle is not fit for it; then unfit_ says why.
Result<void> ReleaseRun::may_touch(const EcuStand& stand) {
  unfit_.clear();
  if (stand.runs.empty()) return {};
  const bool decided = release_.state > ReleaseState::kTrying;
  unfit_ = updates_.begin()->second->why_unfit(!decided && !midway_);
  if (!unfit_.empty()) return fail(Rsc::kConflict, unfit_);
  waits_for_.clear();
  return {};
}

/// Before the decision.
std::optional<Update::End> ReleaseRun::wait_until_fit(const std::string& ecu) {
  Update& lead = *updates_.begin()->second;
  if (lead.patience_over()) return give_up(ecu, "preconditions", unfit_);
  if (std::exchange(waits_for_, unfit_) != unfit_) lead.tell_unfit(unfit_);
  for (const auto& [serial, update] : updates_) {
    update->tell_server(told_waits_, "preconditions", unfit_, lead.job().fit_by);
  }
  return End::kTryLater;
}

Result<void> ReleaseRun::write(Part& part) {
  const bool decided = release_.state > ReleaseState::kTrying;  // then nothing is taken back
  if (auto good = part.update->refresh_order(); !good && !decided) return good;
  if (!part.member->touched) {
    part.member->touched = true;
    if (auto kept = journal_.save(release_); !kept) return kept;
  }
  auto done = part.update->write_held();
  if (!done && done.error().rsc == Rsc::kConflict) {  // the ECU sees what the file does not say
    unfit_ = part.member->ecu + ": " + done.error().detail;
    updates_.begin()->second->begin_patience();
  }
  return done;
}

std::optional<Update::End> ReleaseRun::prepare() {
  for (Part& part : parts_) {
    if (stopping_) return End::kInterrupted;
    if (part.link->entry().slots == 1) continue;  // what it has is overwritten: last
    const Result<EcuStand> stand = part.link->stand();
    if (!stand) return give_up(part.member->ecu, "flash", stand.error().detail);
    if (stand->held == part.member->target) continue;
    if (!may_touch(*stand)) return wait_until_fit(part.member->ecu);
    if (const auto done = write(part); !done) {
      if (stopping_) return End::kInterrupted;
      if (!unfit_.empty()) return wait_until_fit(part.member->ecu);
      return give_up(part.member->ecu, "flash", done.error().detail);
    }
  }
  return enter(ReleaseState::kTrying);
}

Result<void> ReleaseRun::put_on_trial(Part& part) {
  Result<EcuStand> stand = part.link->stand();
  if (!stand) return fail(stand.error());
  const auto tried = [&] { return stand->on_trial && stand->runs == part.member->target; };
  if (tried()) return {};
  if (auto fit = may_touch(*stand); !fit) return fit;
  if (stand->held != part.member->target) {
    if (auto done = write(part); !done) return done;
    // That took its time. One with a single slot runs nothing by now.
    if (part.link->entry().slots != 1) {
      if (auto fit = may_touch(*stand); !fit) return fit;
    }
  } else {  // also if it was on trial already, and has lost its power since
    if (auto done = part.link->settle(Word::kTry); !done) return done;
  }
  if (auto done = part.link->reset(); !done) return done;
  tools_.log.step('H', "restarted", {{"ecu", part.member->ecu}});
  stand = part.link->stand();
  if (!stand) return fail(stand.error());
  if (tried()) return {};
  return fail(Rsc::kNotAcceptable, "the new image does not run" +
                                       (stand->last_error.empty() ? "" : ": " + stand->last_error));
}

std::optional<Update::End> ReleaseRun::try_all() {
  midway_ = false;
  for (Part& part : parts_) {
    if (stopping_) return End::kInterrupted;
    unfit_.clear();
    if (const auto done = put_on_trial(part); !done) {
      if (stopping_) return End::kInterrupted;
      if (!unfit_.empty()) return wait_until_fit(part.member->ecu);
      return give_up(part.member->ecu, "boot", done.error().detail);
    }
    midway_ = true;
  }
  for (const Part& part : parts_) {  // all at the same time
    const Result<EcuStand> stand = part.link->stand();
    if (stand && stand->on_trial && stand->runs == part.member->target) continue;
    return give_up(part.member->ecu, "boot",
                   stand ? "the new image does not run any more" : stand.error().detail);
  }
  return enter(ReleaseState::kCommitted);
}

std::optional<Update::End> ReleaseRun::enter(ReleaseState state) {
  const ReleaseState before = std::exchange(release_.state, state);
  if (const auto kept = journal_.save(release_); !kept) {
    // Whether it is durable is not known: what the disk says counts, at the next call.
    tools_.log.say("release " + release_.id + ": " + kept.error().detail);
    release_.state = before;
    return End::kTryLater;
  }
  tools_.log.step('G', "release",
                  {{"release", release_.id},
                   {"state", std::string(name_of(state))},
                   {"ecus", std::to_string(release_.members.size())}});
  return std::nullopt;
}

std::optional<Update::End> ReleaseRun::give_up(const std::string& culprit, std::string stage,
                                               std::string reason) {
  release_.culprit = culprit;
  release_.failure = Failure{std::move(stage), std::move(reason)};
  return enter(ReleaseState::kRollingBack);
}

// --- all of its jobs ------------------------------------------------------------------------

/// Before anything was touched.
std::optional<Update::End> ReleaseRun::abandon_all(const std::string& stage,
                                                   const std::string& reason) {
  for (const auto& [serial, update] : updates_) {
    if (const auto end = update->abandon(stage, reason)) return end;
  }
  return End::kClosed;
}

std::optional<Update::End> ReleaseRun::advance_all(JobState state) {
  for (const auto& [serial, update] : updates_) {
    if (update->job().state >= state) continue;
    if (const auto end = update->advance(state)) return end;
  }
  return std::nullopt;
}

}  // namespace gatehouse::gateway
