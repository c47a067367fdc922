// What people order of a campaign.
#include <algorithm>

#include "ae-apps/ota/campaign/campaign.h"

namespace gatehouse::campaign {

void Campaign::enter(State state, std::string reason, const std::string& by, Timestamp now) {
  state_ = state;
  reason_ = std::move(reason);
  by_ = by;
  at_ = now;
  unwritten_ = Unwritten::kState;
}

Result<void> Campaign::command(const Command& command, const std::string& by, Timestamp now) {
  const std::string word(name_of(command.kind));
  const auto refuse = [&](const std::string& why) {
    return fail(Rsc::kConflict, "command: " + word + ": " + why);
  };
  if (by.empty()) {
    return fail(Rsc::kOperationNotAllowed,
                "cr (creator): is missing; CREATE the instance with \"cr\": null");
  }
  const bool over = state_ == State::kStopped || state_ == State::kFinished;
  const std::string is = "the campaign is " + std::string(name_of(state_));
  switch (command.kind) {
    case Command::Kind::kDryRun:
      return {};
    case Command::Kind::kApprove:
      return approve(by, now);
    case Command::Kind::kPause:
      if (state_ != State::kRunning && state_ != State::kApproved) return refuse(is);
      pause(command.reason, by, now);
      return {};
    case Command::Kind::kResume:
      if (state_ != State::kPaused) return refuse(is);
      release(by, now);
      enter(begun_ ? State::kRunning : State::kApproved, command.reason, by, now);
      return {};
    case Command::Kind::kStop:
      if (over) return refuse(is);
      enter(State::kStopped, command.reason, by, now);
      withdraw_unsent(now);
      return {};
    case Command::Kind::kRetry:
      if (!begun_ || state_ == State::kStopped) return refuse(is);
      return retry(command, by, now);
  }
  return refuse("is not known");
}

Result<void> Campaign::approve(const std::string& by, Timestamp now) {
  const auto refuse = [](Rsc rsc, const std::string& why) {
    return fail(rsc, "command: approve: " + why);
  };
  if (state_ != State::kDraft) {
    return refuse(Rsc::kConflict, "the campaign is " + std::string(name_of(state_)));
  }
  if (by == definition_.author) {
    return refuse(Rsc::kOperationNotAllowed, by + " is its author; somebody else must approve");
  }
  if (std::find(approved_by_.begin(), approved_by_.end(), by) != approved_by_.end()) {
    return refuse(Rsc::kConflict, by + " has approved already");
  }
  approved_by_.push_back(by);
  if (approved_by_.size() >= definition_.approvals) {
    enter(State::kApproved, "", by, now);
  } else {
    const auto missing = definition_.approvals - approved_by_.size();
    enter(State::kDraft, std::to_string(missing) + " more must approve", by, now);
  }
  return {};
}

void Campaign::pause(std::string reason, const std::string& by, Timestamp now) {
  enter(State::kPaused, std::move(reason), by, now);
  withdraw_unsent(now);
}

/// What stopped it is accepted: failures up to now, a hold, a success that cannot come any more.
void Campaign::release(const std::string& by, Timestamp now) {
  // Who fits by now belongs to the stage before it is judged whether that is empty.
  if (begun_ && fleet_revision_ != fleet_.revision(definition_.filter)) assign(now);
  for (std::size_t i = 0; i <= active_ && i < stages_.size(); ++i) {
    StageState& stage = stages_[i];
    stage.accepted_failures = stage.count(Progress::kFailed);
    if (stage.succeeded) stage.released = true;
    if (begun_ && !by.empty() && stage.pending() == 0) stage.waived = true;
  }
}

Result<void> Campaign::retry(const Command& command, const std::string& by, Timestamp now) {
  std::size_t again = 0;
  for (std::size_t i = 0; i < participants_.size(); ++i) {
    Participant& each = participants_[i];
    const bool ended = each.progress == Progress::kFailed || each.progress == Progress::kDeclined ||
                       each.progress == Progress::kExcluded;
    if (!ended) continue;
    if (!command.vehicle.empty() && fleet_.at(each.vehicle).id != command.vehicle) continue;
    for (Goal& goal : each.goals) {
      updates_.forgive(goal.serial, goal.image);
      if (goal.progress != Progress::kUpdated) goal.progress = Progress::kWaiting;
    }
    each.tries = 0;
    if (each.stage == Participant::kNoStage) {
      each.stage = static_cast<int>(stages_.size() - 1);
      ++stages_.back().size;
      ++stages_.back().counts[static_cast<std::size_t>(each.progress)];
    }
    wait_again(i, "is tried again", false, now);
    ++again;
  }
  if (again == 0) {
    return fail(Rsc::kConflict, command.vehicle.empty()
                                    ? "command: retry: no vehicle has failed"
                                    : "vehicle: has not failed in this campaign");
  }
  for (StageState& stage : stages_) {
    stage.accepted_failures = std::min(stage.accepted_failures, stage.count(Progress::kFailed));
  }
  if (state_ == State::kFinished) enter(State::kRunning, command.reason, by, now);
  return {};
}

/// What was not sent yet is not sent. A vehicle of which one ECU was told keeps all its orders:
/// they belong together.
void Campaign::withdraw_unsent(Timestamp now) {
  for (std::size_t i = participants_.size(); i-- > 0;) {
    Participant& each = participants_[i];
    if (each.progress != Progress::kTold) continue;
    std::vector<const Goal*> unsent;
    bool sent = false;
    for (const Goal& goal : each.goals) {
      const auto kind = updates_.standing(goal.serial, goal.image, definition_.terms).kind;
      if (kind == Standing::Kind::kUnsent) unsent.push_back(&goal);
      sent = sent || kind == Standing::Kind::kOpen;
    }
    if (sent || unsent.empty()) continue;
    for (const Goal* goal : unsent) updates_.withdraw(goal->serial, goal->image);
    --each.attempts;
    --each.tries;
    wait_again(i, "", true, now);
  }
}

}  // namespace gatehouse::campaign
