// What follows the decision of a release: confirmed on all, or taken back on all.
#include <utility>

#include "ae-apps/ota/gateway/release.h"

namespace gatehouse::gateway {

/// Not now; whoever looks after the vehicle learns of it once.
std::optional<Update::End> ReleaseRun::later(const Release::Member& member,
                                             const std::string& reason) {
  if (stopping_) return End::kInterrupted;
  late_ = late_ || unfit_.empty();  // the vehicle is looked at again soon
  if (!told_.contains(member.ecu)) tell_of_delay(member, reason);
  return End::kTryLater;
}

void ReleaseRun::tell_of_delay(const Release::Member& member, const std::string& reason) {
  const std::string text = "release " + release_.id + " is decided (" +
                           std::string(name_of(release_.state)) + "), but " + reason +
                           "; it is tried again";
  tools_.log.step('H', "delayed",
                  {{"ecu", member.ecu}, {"release", release_.id}, {"reason", reason}});
  tools_.board.change(member.ecu, [&](Board::Row& row) {
    row.state = "delayed";
    row.last = "Not finished: " + text + ".";
  });
  if (const auto pushed = tools_.cse.push_progress(member.ecu, "delayed", 0); !pushed) {
    tools_.log.say("progress of " + member.ecu + ": " + pushed.error().detail);
  }
  const auto job = tools_.journal.find(member.job);
  const auto pushed = tools_.cse.push_report(
      Value::object({{"inquiry", member.job},
                     {"vehicle", tools_.settings.vehicle},
                     {"purpose", "delayed"},
                     {"reports", Value::array()},
                     {"error", Value::object({{"ecu", member.ecu},
                                              {"stage", "release"},
                                              {"reason", text},
                                              {"version", job ? job->version : ""}})}}));
  if (pushed) {
    told_.insert(member.ecu);
  } else {
    tools_.log.say("delay of " + member.ecu + ": " + pushed.error().detail);
  }
}

/// Forward only. An ECU that has lost what it had on trial gets it again.
Result<void> ReleaseRun::confirm(Part& part) {
  const std::string& target = part.member->target;
  Result<EcuStand> stand = part.link->stand();
  if (!stand) return fail(stand.error());
  const auto stays = [&] {
    return stand->runs == target && !stand->on_trial && stand->held.empty();
  };
  if (!stays()) {
    const bool waits = stand->held == target && stand->held_passed;
    if (!waits) {
      if (auto done = put_on_trial(part); !done) return done;
    }
    const bool other = waits && stand->runs != target;
    if (other) {
      if (auto fit = may_touch(*stand); !fit) return fit;
    }
    if (auto done = part.link->settle(Word::kConfirm); !done) return done;
    if (other) {
      if (auto done = part.link->reset(); !done) return done;
    }
    stand = part.link->stand();
    if (!stand) return fail(stand.error());
    if (!stays()) return fail(Rsc::kTargetNotReachable, "does not keep the new image");
  }
  if (part.link->entry().slots != 1 || part.update->job().state > JobState::kFlashing) return {};
  return part.link->adopt(part.update->image_file());
}

std::optional<Update::End> ReleaseRun::confirm_all() {
  return settle(&ReleaseRun::confirm, "confirmed");
}

Result<void> ReleaseRun::roll_back(Part& part) {
  Result<EcuStand> stand = part.link->stand();
  if (!stand) return fail(stand.error());
  const auto as_before = [&] {
    return stand->runs == part.member->before && !stand->on_trial && stand->held.empty();
  };
  if (as_before()) return {};
  if (!stand->held.empty()) {
    if (auto done = part.link->settle(Word::kDiscard); !done) return done;
  }
  const bool other = stand->on_trial || stand->runs != part.member->before;
  if (other) {
    if (auto fit = may_touch(*stand); !fit) return fit;
    const bool one_slot = part.link->entry().slots == 1;
    if (auto done = one_slot ? part.link->go_back() : part.link->reset(); !done) return done;
  }
  stand = part.link->stand();
  if (!stand) return fail(stand.error());
  if (as_before()) return {};
  return fail(Rsc::kTargetNotReachable, "does not run its old image: " + stand->last_error);
}

std::optional<Update::End> ReleaseRun::roll_back_all() {
  return settle(&ReleaseRun::roll_back, "rolled-back");
}

/// Each ECU by itself: it is decided, so none waits for another that does not answer.
std::optional<Update::End> ReleaseRun::settle(Result<void> (ReleaseRun::*how)(Part&),
                                              const char* event) {
  std::optional<End> open;
  for (Part& part : parts_) {
    if (stopping_) return End::kInterrupted;
    Release::Member& member = *part.member;
    unfit_.clear();
    if (!member.settled && (member.touched || release_.state == ReleaseState::kCommitted)) {
      if (const auto done = (this->*how)(part); !done) {
        open = later(member, done.error().detail);
        if (*open == End::kInterrupted) return open;
        continue;
      }
      tools_.log.step('H', event, {{"ecu", member.ecu}, {"release", release_.id}});
    }
    if (!std::exchange(member.settled, true)) {
      if (const auto kept = journal_.save(release_); !kept) {
        tools_.log.say(kept.error().detail);
        return End::kTryLater;
      }
    }
    if (const auto end = conclude(part)) return end;
  }
  return open ? open : finish();
}

/// The job goes on by itself, to its report.
std::optional<Update::End> ReleaseRun::conclude(const Part& part) {
  if (part.update->job().state > JobState::kFlashing) return std::nullopt;
  if (release_.state == ReleaseState::kCommitted) return part.update->advance(JobState::kRebooted);
  const Failure why = release_.failure.value_or(Failure{"release", "rolled back"});
  if (part.member->ecu == release_.culprit) return part.update->abandon(why.stage, why.reason);
  return part.update->abandon("release", "release " + release_.id + " was rolled back: " +
                                             release_.culprit + ": " + why.reason);
}

Update::End ReleaseRun::finish() {
  const bool committed = release_.state == ReleaseState::kCommitted;
  if (const auto removed = journal_.remove(release_.id); !removed) {
    tools_.log.say(removed.error().detail);
    return End::kTryLater;
  }
  tools_.log.step('H', committed ? "released" : "release-refused",
                  {{"release", release_.id}, {"ecus", std::to_string(release_.members.size())}});
  return End::kClosed;
}

}  // namespace gatehouse::gateway
