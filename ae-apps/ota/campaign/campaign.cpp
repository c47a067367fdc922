#include "ae-apps/ota/campaign/campaign.h"

#include <algorithm>

namespace gatehouse::campaign {
namespace {

constexpr std::int64_t kCreditOfVehicle = 60'000'000;  ///< microseconds of a minute
constexpr std::string_view kDeclined = "consent:";  ///< how the reason of a refusal by users begins

constexpr std::string_view kStateNames[] = {"draft",  "approved", "running",
                                            "paused", "stopped",  "finished"};
constexpr std::string_view kProgressNames[] = {"waiting", "asked",    "told",     "updated",
                                               "failed",  "declined", "excluded", "current"};

}  // namespace

std::string_view name_of(State state) { return kStateNames[static_cast<std::size_t>(state)]; }
std::string_view name_of(Progress progress) {
  return kProgressNames[static_cast<std::size_t>(progress)];
}

Campaign::Campaign(Definition definition, const Fleet& fleet, Updates& updates)
    : definition_(std::move(definition)),
      fleet_(fleet),
      updates_(updates),
      stages_(definition_.stages.size()) {
  for (const std::string& sha256 : definition_.images) {
    if (const auto image = updates_.image(sha256)) {
      images_.push_back(*image);
      if (image_of_.emplace(image->hardware_id, sha256).second) {
        hardware_.push_back(image->hardware_id);
      }
    }
  }
}

Result<void> Campaign::check_images() {
  std::unordered_map<std::string, std::size_t> seen;
  for (std::size_t i = 0; i < definition_.images.size(); ++i) {
    const std::string name = "images[" + std::to_string(i) + "]: ";
    const auto image = updates_.image(definition_.images[i]);
    if (!image) return fail(Rsc::kBadRequest, name + "there is no such image");
    if (!image->objection.empty()) return fail(Rsc::kBadRequest, name + image->objection);
    const auto [other, fresh] = seen.emplace(image->hardware_id, i);
    if (!fresh) {
      return fail(Rsc::kBadRequest, name + "is for hardware " + image->hardware_id +
                                        ", as images[" + std::to_string(other->second) + "]");
    }
  }
  for (const Image& image : images_) {
    if (image.release.empty()) continue;
    const auto parts = static_cast<std::uint64_t>(
        std::count_if(images_.begin(), images_.end(),
                      [&](const Image& each) { return each.release == image.release; }));
    if (parts == image.release_images) continue;
    return fail(Rsc::kBadRequest, "images: hold " + std::to_string(parts) + " of the " +
                                      std::to_string(image.release_images) + " images of release " +
                                      image.release + ", which is installed as a whole");
  }
  return {};
}

// --- telling vehicles --------------------------------------------------------------------------

std::uint64_t Campaign::open() const {
  return total_[static_cast<std::size_t>(Progress::kTold)] +
         total_[static_cast<std::size_t>(Progress::kAsked)];
}

/// At most one second's worth is saved up, one vehicle at least.
void Campaign::refill(Timestamp now) {
  const auto rate = static_cast<std::int64_t>(definition_.rate_per_minute);
  const std::int64_t most = std::max(kCreditOfVehicle, rate * 1'000'000);
  if (!refilled_) {
    credit_ = most;
  } else {
    const std::int64_t elapsed =
        std::clamp<std::int64_t>((now - *refilled_).count(), 0, kCreditOfVehicle);
    credit_ = std::min(most, credit_ + elapsed * rate);
  }
  refilled_ = now;
}

void Campaign::dispatch(Timestamp now) {
  refill(now);
  if (definition_.window && !definition_.window->holds(now)) return;
  for (std::size_t s = 0; s <= active_ && state_ == State::kRunning; ++s) {
    StageState& stage = stages_[s];
    std::vector<std::size_t> later;
    while (!stage.queue.empty() && credit_ >= kCreditOfVehicle && open() < definition_.max_open) {
      if (dispatch_next(stage, later, now)) credit_ -= kCreditOfVehicle;
    }
    stage.queue.insert(stage.queue.end(), later.begin(), later.end());
  }
}

/// True if a vehicle was told or asked.
bool Campaign::dispatch_next(StageState& stage, std::vector<std::size_t>& later, Timestamp now) {
  const std::size_t index = stage.queue.front();
  stage.queue.pop_front();
  Participant& each = participants_[index];
  if (each.progress != Progress::kWaiting) return false;
  std::vector<Goal> goals = each.goals;
  Judgement judgement = judge(goals);
  switch (judgement.kind) {
    case Judgement::Kind::kNo:
      each.goals = std::move(goals);
      set(index, Progress::kExcluded, std::move(judgement.reason), now);
      return false;
    case Judgement::Kind::kCurrent:
      // Whoever was told before has done it in the meantime.
      if (each.attempts > 0) {
        set(index, Progress::kTold, "", now);
        settle(index, now);
      } else {
        each.goals = std::move(goals);
        set(index, Progress::kCurrent, std::move(judgement.reason), now);
      }
      return false;
    case Judgement::Kind::kBusy:
      if (each.reason != judgement.reason) {
        set(index, Progress::kWaiting, std::move(judgement.reason), now);
      }
      later.push_back(index);
      return false;
    case Judgement::Kind::kAsk:
      each.asked = now;
      asked_.push_back(index);
      set(index, Progress::kAsked, "", now);
      updates_.ask(fleet_.at(each.vehicle).id);
      return true;
    case Judgement::Kind::kGo:
      return tell(index, now);
  }
  return false;
}

bool Campaign::tell(std::size_t index, Timestamp now) {
  Participant& each = participants_[index];
  ++each.attempts;
  ++each.tries;
  set(index, Progress::kTold, "", now);
  for (Goal& goal : each.goals) {
    const Standing standing = updates_.standing(goal.serial, goal.image, definition_.terms);
    if (standing.kind == Standing::Kind::kRuns) {
      if (goal.progress != Progress::kUpdated) goal.progress = Progress::kCurrent;
      continue;
    }
    if (each.attempts == 1 || goal.before.at.empty()) goal.before = standing.proven;
    goal.progress = Progress::kTold;
    goal.reason.clear();
    if (standing.kind != Standing::Kind::kMayGo) continue;  // somebody has told it by hand
    const std::string why_not = updates_.offer(goal.serial, goal.image, definition_.terms);
    if (why_not.empty()) continue;
    goal.progress = Progress::kExcluded;
    goal.reason = why_not;
    for (const Goal& other : each.goals) updates_.withdraw(other.serial, other.image);
    set(index, Progress::kExcluded, goal.serial + ": " + why_not, now);
    return false;
  }
  return true;
}

void Campaign::give_up_asking(Timestamp now) {
  while (!asked_.empty()) {
    const std::size_t index = asked_.front();
    const Participant& each = participants_[index];
    if (each.progress == Progress::kAsked) {
      if (each.asked + definition_.answer_timeout > now) return;
      wait_again(index, "has not said what it runs", false, now);
    }
    asked_.pop_front();
  }
}

// --- what became of it -------------------------------------------------------------------------

void Campaign::mark(std::size_t index) {
  if (participants_[index].unwritten) return;
  participants_[index].unwritten = true;
  unwritten_participants_.push_back(index);
}

void Campaign::set(std::size_t index, Progress progress, std::string reason, Timestamp now) {
  Participant& each = participants_[index];
  const auto from = static_cast<std::size_t>(each.progress);
  const auto to = static_cast<std::size_t>(progress);
  --total_[from];
  ++total_[to];
  if (each.stage != Participant::kNoStage) {
    Counts& counts = stages_[static_cast<std::size_t>(each.stage)].counts;
    --counts[from];
    ++counts[to];
  }
  each.progress = progress;
  each.reason = std::move(reason);
  each.changed = now;
  mark(index);
  if (unwritten_ == Unwritten::kNothing) unwritten_ = Unwritten::kCounts;
}

void Campaign::wait_again(std::size_t index, std::string reason, bool first, Timestamp now) {
  set(index, Progress::kWaiting, std::move(reason), now);
  auto& queue = stages_[static_cast<std::size_t>(participants_[index].stage)].queue;
  if (first) {
    queue.push_front(index);
  } else {
    queue.push_back(index);
  }
}

void Campaign::touched(const std::string& serial, Timestamp now) {
  const auto found = by_serial_.find(serial);
  if (found == by_serial_.end()) return;
  const Progress progress = participants_[found->second].progress;
  if (progress == Progress::kAsked) return take_answer(found->second, now);
  // A report that comes after all still proves what runs.
  if (progress == Progress::kTold || progress == Progress::kFailed ||
      progress == Progress::kDeclined) {
    settle(found->second, now);
  }
}

void Campaign::take_answer(std::size_t index, Timestamp now) {
  for (const Goal& goal : participants_[index].goals) {
    const auto kind = updates_.standing(goal.serial, goal.image, definition_.terms).kind;
    if (kind == Standing::Kind::kUnknown) return;
  }
  wait_again(index, "", true, now);
}

void Campaign::settle(std::size_t index, Timestamp now) {
  Participant& each = participants_[index];
  const bool told = each.progress == Progress::kTold;
  bool open = false, declined = false, all_run = true;
  std::string failure, again;
  for (Goal& goal : each.goals) {
    const Standing standing = updates_.standing(goal.serial, goal.image, definition_.terms);
    const Progress before = goal.progress;
    switch (standing.kind) {
      case Standing::Kind::kRuns:
        goal.after = standing.proven;
        if (goal.progress != Progress::kCurrent) goal.progress = Progress::kUpdated;
        goal.reason.clear();
        continue;
      case Standing::Kind::kOpen:
      case Standing::Kind::kUnsent:
        open = true;
        break;
      case Standing::Kind::kFailed:
      case Standing::Kind::kObjection:
        goal.after = standing.proven;
        goal.reason = standing.reason;
        goal.progress =
            standing.reason.starts_with(kDeclined) ? Progress::kDeclined : Progress::kFailed;
        declined = declined || goal.progress == Progress::kDeclined;
        if (failure.empty()) failure = goal.serial + ": " + standing.reason;
        break;
      case Standing::Kind::kMayGo:
      case Standing::Kind::kUnknown:
      case Standing::Kind::kBusy:
        again = goal.serial + ": was not reached";
        break;
    }
    all_run = false;
    if (goal.progress != before) mark(index);
  }
  if (all_run) {
    set(index, Progress::kUpdated, "", now);
  } else if (!told || open) {
    return;
  } else if (failure.empty()) {
    wait_again(index, again, false, now);
  } else if (!declined && each.tries < definition_.attempts && state_ != State::kStopped) {
    for (const Goal& goal : each.goals) {
      if (goal.progress == Progress::kFailed) updates_.forgive(goal.serial, goal.image);
    }
    wait_again(index, "attempt " + std::to_string(each.attempts) + " failed: " + failure, false,
               now);
  } else {
    set(index, declined ? Progress::kDeclined : Progress::kFailed, failure, now);
  }
  if (each.stage != Participant::kNoStage) check_errors(static_cast<std::size_t>(each.stage), now);
}

// --- thresholds and time -----------------------------------------------------------------------

void Campaign::check_errors(std::size_t s, Timestamp now) {
  if (state_ != State::kRunning) return;
  const StageState& stage = stages_[s];
  const Stage& rule = definition_.stages[s];
  const std::uint64_t failed = stage.count(Progress::kFailed);
  if (failed <= stage.accepted_failures || stage.base() == 0) return;
  if ((failed - stage.accepted_failures) * 100 <= rule.error_percent * stage.base()) return;
  pause("stage " + rule.name + ": " + std::to_string(failed) + " of " +
            std::to_string(stage.base()) + " vehicles failed, more than " +
            std::to_string(rule.error_percent) + " %",
        "", now);
}

/// A stage that updated nobody has shown nothing to the next one, whatever kept its vehicles away.
bool Campaign::succeeded(const StageState& stage, const Stage& rule) const {
  if (stage.waived) return true;
  if (stage.base() == 0) return &stage == &stages_.back();
  return stage.count(Progress::kUpdated) * 100 >= rule.success_percent * stage.base();
}

void Campaign::advance(Timestamp now) {
  if (participants_.empty() && !stages_.front().waived) {
    return pause("filter: no vehicle fits; after \"resume\" the campaign ends", "", now);
  }
  while (state_ == State::kRunning) {
    StageState& stage = stages_[active_];
    const Stage& rule = definition_.stages[active_];
    const bool last = active_ + 1 == stages_.size();
    if (!stage.succeeded && succeeded(stage, rule)) {
      stage.succeeded = now;
      unwritten_ = Unwritten::kState;
    }
    if (last) break;
    if (!stage.succeeded) {
      if (stage.pending() > 0) return;
      if (stage.base() == 0) {
        const auto count = [&](Progress each) {
          return std::to_string(stage.count(each)) + " " + std::string(name_of(each));
        };
        return pause("stage " + rule.name + ": updated no vehicle (" + count(Progress::kDeclined) +
                         ", " + count(Progress::kExcluded) + ", " + count(Progress::kCurrent) +
                         "); \"resume\" goes on all the same",
                     "", now);
      }
      return pause("stage " + rule.name + ": only " +
                       std::to_string(stage.count(Progress::kUpdated)) + " of " +
                       std::to_string(stage.base()) + " vehicles were updated, fewer than " +
                       std::to_string(rule.success_percent) + " %",
                   "", now);
    }
    if (*stage.succeeded + rule.soak > now) return;
    if (rule.hold && !stage.released) {
      return pause("stage " + rule.name + ": has succeeded, and holds", "", now);
    }
    ++active_;
    unwritten_ = Unwritten::kState;
  }
  if (state_ != State::kRunning) return;
  for (const StageState& stage : stages_) {
    if (stage.pending() > 0) return;
  }
  std::string reason;
  if (reached_nobody()) {
    reason = participants_.empty() ? "no vehicle took part" : "no vehicle was updated";
  }
  enter(State::kFinished, std::move(reason), "", now);
}

bool Campaign::reached_nobody() const {
  return total_[static_cast<std::size_t>(Progress::kUpdated)] == 0 &&
         total_[static_cast<std::size_t>(Progress::kCurrent)] == 0;
}

void Campaign::tick(Timestamp now) {
  if (state_ == State::kApproved && (!definition_.start || *definition_.start <= now)) {
    begun_ = true;
    enter(State::kRunning, "", by_, now);
    assign(now);
  }
  const bool alive = state_ == State::kRunning || state_ == State::kPaused ||
                     state_ == State::kApproved || state_ == State::kDraft;
  if (alive && definition_.end && *definition_.end <= now) {
    enter(State::kStopped, "end: its time is over", "", now);
    return withdraw_unsent(now);
  }
  if (state_ != State::kRunning) return;
  if (fleet_revision_ != fleet_.revision(definition_.filter)) assign(now);
  give_up_asking(now);
  for (std::size_t i = 0; i <= active_; ++i) check_errors(i, now);
  advance(now);
  if (state_ == State::kRunning) dispatch(now);
}

std::vector<std::size_t> Campaign::take_unwritten(std::size_t most) {
  std::vector<std::size_t> out;
  while (!unwritten_participants_.empty() && out.size() < most) {
    out.push_back(unwritten_participants_.front());
    participants_[out.back()].unwritten = false;
    unwritten_participants_.pop_front();
  }
  return out;
}

}  // namespace gatehouse::campaign
