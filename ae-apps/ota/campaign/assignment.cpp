// Who takes part in a campaign, and in which stage; the dry run.
#include <algorithm>

#include "ae-apps/ota/campaign/campaign.h"

namespace gatehouse::campaign {
namespace {

/// A vehicle's place in line: the same at every start, another in every campaign. FNV-1a.
std::uint64_t cohort_of(const std::string& campaign, const std::string& vehicle) {
  std::uint64_t hash = 0xCBF29CE484222325u;
  for (const std::string* text : {&campaign, &vehicle}) {
    for (const char c : *text) {
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
    }
    hash = (hash ^ 0xFF) * 0x100000001B3u;
  }
  // FNV's last characters reach the upper bits badly, and vehicles differ at their end.
  hash = (hash ^ (hash >> 33)) * 0xFF51AFD7ED558CCDu;
  return hash ^ (hash >> 33);
}

}  // namespace

std::vector<Goal> Campaign::goals_of(Fleet::Index vehicle) const {
  std::vector<Goal> out;
  const std::vector<std::string>& only = definition_.filter.ecus;
  for (const Fleet::Ecu& ecu : fleet_.at(vehicle).ecus) {
    if (!only.empty() && std::find(only.begin(), only.end(), ecu.serial) == only.end()) continue;
    const auto image = image_of_.find(fleet_.word(ecu.hardware));
    if (image != image_of_.end()) out.push_back({ecu.serial, image->second});
  }
  return out;
}

/// All ECUs of a vehicle together: what must not go to one goes to none.
Campaign::Judgement Campaign::judge(std::vector<Goal>& goals) const {
  using Kind = Judgement::Kind;
  Judgement out{Kind::kCurrent, ""};
  const auto take = [&](Kind kind, const Goal& goal, const std::string& reason) {
    static constexpr int kWeight[] = {1, 3, 2, 0, 4};  // kGo kAsk kBusy kCurrent kNo
    if (kWeight[static_cast<int>(kind)] <= kWeight[static_cast<int>(out.kind)]) return;
    out = {kind, reason.empty() ? "" : goal.serial + ": " + reason};
  };
  for (Goal& goal : goals) {
    const Standing standing = updates_.standing(goal.serial, goal.image, definition_.terms);
    goal.before = standing.proven;
    goal.reason.clear();
    switch (standing.kind) {
      case Standing::Kind::kRuns:
        goal.progress = Progress::kCurrent;
        continue;
      case Standing::Kind::kMayGo:
      case Standing::Kind::kOpen:
      case Standing::Kind::kUnsent:
        take(Kind::kGo, goal, "");
        break;
      case Standing::Kind::kUnknown:
        take(Kind::kAsk, goal, "is asked first what it runs");
        break;
      case Standing::Kind::kBusy:
        take(Kind::kBusy, goal, standing.reason);
        break;
      case Standing::Kind::kFailed:
      case Standing::Kind::kObjection:
        goal.reason = standing.reason;
        take(Kind::kNo, goal, standing.reason);
        break;
    }
    goal.progress = Progress::kWaiting;
  }
  if (out.kind == Kind::kCurrent) out.reason = "runs all of it already";
  return out;
}

std::vector<Fleet::Index> Campaign::in_cohort_order(std::vector<Fleet::Index> vehicles) const {
  std::vector<std::pair<std::uint64_t, Fleet::Index>> order;
  order.reserve(vehicles.size());
  for (const Fleet::Index each : vehicles) {
    order.emplace_back(cohort_of(definition_.name, fleet_.at(each).id), each);
  }
  std::sort(order.begin(), order.end());
  for (std::size_t i = 0; i < order.size(); ++i) vehicles[i] = order[i].second;
  return vehicles;
}

std::size_t Campaign::add(Participant participant) {
  const std::size_t index = participants_.size();
  by_vehicle_.emplace(participant.vehicle, index);
  for (const Goal& goal : participant.goals) by_serial_[goal.serial] = index;
  ++total_[static_cast<std::size_t>(participant.progress)];
  if (participant.stage != Participant::kNoStage) {
    StageState& stage = stages_[static_cast<std::size_t>(participant.stage)];
    ++stage.size;
    ++stage.counts[static_cast<std::size_t>(participant.progress)];
    if (participant.progress == Progress::kWaiting) stage.queue.push_back(index);
  }
  participants_.push_back(std::move(participant));
  return index;
}

/// Vehicles that fit and do not take part yet: into the stages that are not behind us.
void Campaign::assign(Timestamp now) {
  fleet_revision_ = fleet_.revision(definition_.filter);
  std::vector<std::pair<Fleet::Index, std::vector<Goal>>> ready;
  std::uint64_t staged = 0;
  for (const StageState& stage : stages_) staged += stage.size;
  std::vector<Fleet::Index> fresh = fleet_.select(definition_.filter, hardware_);
  std::erase_if(fresh, [&](Fleet::Index each) { return by_vehicle_.contains(each); });
  for (const Fleet::Index each : in_cohort_order(std::move(fresh))) {
    std::vector<Goal> goals = goals_of(each);
    Judgement judgement = judge(goals);
    if (judgement.kind != Judgement::Kind::kNo && judgement.kind != Judgement::Kind::kCurrent) {
      ready.emplace_back(each, std::move(goals));
      continue;
    }
    Participant out{.vehicle = each, .changed = now};
    out.progress =
        judgement.kind == Judgement::Kind::kNo ? Progress::kExcluded : Progress::kCurrent;
    out.reason = std::move(judgement.reason);
    out.goals = std::move(goals);
    mark(add(std::move(out)));
  }
  const std::uint64_t total = staged + ready.size();
  for (std::size_t s = active_; s < stages_.size() && !ready.empty(); ++s) {
    const Stage& rule = definition_.stages[s];
    if (stages_[s].succeeded && s + 1 < stages_.size()) continue;
    std::uint64_t room = total;
    if (rule.vehicles) room = *rule.vehicles;
    if (rule.percent) room = (total * *rule.percent + 99) / 100;
    room -= std::min(room, stages_[s].size);
    std::vector<std::pair<Fleet::Index, std::vector<Goal>>> left;
    for (auto& [vehicle, goals] : ready) {
      if (room == 0 || !fleet_.objection(vehicle, rule.filter, hardware_).empty()) {
        left.emplace_back(vehicle, std::move(goals));
        continue;
      }
      --room;
      mark(add({.vehicle = vehicle,
                .stage = static_cast<int>(s),
                .goals = std::move(goals),
                .changed = now}));
    }
    ready = std::move(left);
  }
  if (unwritten_ == Unwritten::kNothing) unwritten_ = Unwritten::kCounts;
}

Plan Campaign::plan() const {
  Plan out;
  out.of_stage.resize(stages_.size());
  std::vector<Fleet::Index> all(fleet_.size());
  for (Fleet::Index i = 0; i < all.size(); ++i) all[i] = i;
  std::vector<PlanEntry*> ready;
  out.entries.reserve(all.size());
  for (const Fleet::Index each : in_cohort_order(std::move(all))) {
    PlanEntry entry{.vehicle = each};
    entry.reason = fleet_.objection(each, definition_.filter, hardware_);
    if (const auto known = by_vehicle_.find(each); known != by_vehicle_.end()) {
      const Participant& participant = participants_[known->second];
      entry.stage = participant.stage;
      entry.goals = participant.goals;
      entry.gets = participant.progress == Progress::kWaiting ||
                   participant.progress == Progress::kAsked ||
                   participant.progress == Progress::kTold;
      entry.reason = participant.reason.empty() ? std::string(name_of(participant.progress))
                                                : participant.reason;
    } else if (entry.reason.empty()) {
      entry.goals = goals_of(each);
      const Judgement judgement = judge(entry.goals);
      entry.gets =
          judgement.kind != Judgement::Kind::kNo && judgement.kind != Judgement::Kind::kCurrent;
      entry.reason = judgement.reason;
    }
    out.gets += entry.gets ? 1 : 0;
    out.entries.push_back(std::move(entry));
    PlanEntry& last = out.entries.back();  // there is room for all of them
    if (last.stage != Participant::kNoStage) ++out.of_stage[static_cast<std::size_t>(last.stage)];
    if (last.gets && last.stage == Participant::kNoStage) ready.push_back(&last);
  }
  const std::uint64_t total = out.gets;
  for (std::size_t s = 0; s < stages_.size(); ++s) {
    const Stage& rule = definition_.stages[s];
    std::uint64_t room = total;
    if (rule.vehicles) room = *rule.vehicles;
    if (rule.percent) room = (total * *rule.percent + 99) / 100;
    room -= std::min(room, out.of_stage[s]);
    for (PlanEntry* each : ready) {
      if (room == 0) break;
      if (each->stage != Participant::kNoStage) continue;
      if (!fleet_.objection(each->vehicle, rule.filter, hardware_).empty()) continue;
      each->stage = static_cast<int>(s);
      ++out.of_stage[s];
      --room;
    }
  }
  warn(out);
  return out;
}

}  // namespace gatehouse::campaign
