// A campaign as it is written down and read again.
#include <algorithm>

#include "ae-apps/ota/campaign/campaign.h"

namespace gatehouse::campaign {
namespace {

constexpr std::size_t kMaxAttempts = 1'000'000;

Value list_of(const std::vector<std::string>& texts) {
  return Value::Array(texts.begin(), texts.end());
}

template <class Enum>
std::optional<Enum> parse(std::string_view text, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto each = static_cast<Enum>(i);
    if (name_of(each) == text) return each;
  }
  return std::nullopt;
}

void set_counts(Value& out, const Counts& counts) {
  for (std::size_t i = 0; i < kProgresses; ++i) {
    out.set(name_of(static_cast<Progress>(i)), counts[i]);
  }
}

Value encode(const Proven& proven) {
  return Value::object({{"version", proven.version},
                        {"release_counter", proven.release_counter},
                        {"sha256", proven.sha256},
                        {"signed_by", proven.signed_by},
                        {"verified_at", proven.at},
                        {"slot", proven.slot}});
}

Proven decode_proven(const Value* value) {
  Proven out;
  if (value == nullptr) return out;
  out.version = value->string_at("version", out.version);
  out.release_counter = static_cast<std::uint64_t>(value->integer_at("release_counter"));
  out.sha256 = value->string_at("sha256");
  out.signed_by = value->string_at("signed_by");
  if (out.signed_by == "full") out.signed_by = "ecu";  // its name in older documents
  out.at = value->string_at("verified_at");
  out.slot = value->string_at("slot");
  return out;
}

Value encode(const Goal& goal) {
  Value out = Value::object(
      {{"ecu", goal.serial}, {"image", goal.image}, {"state", name_of(goal.progress)}});
  if (!goal.reason.empty()) out.set("reason", goal.reason);
  if (!goal.before.at.empty()) out.set("before", encode(goal.before));
  if (!goal.after.at.empty()) out.set("after", encode(goal.after));
  return out;
}

tl::unexpected<Error> wrong(std::string_view name) {
  return fail(Rsc::kBadRequest, std::string(name) + ": is absent or not as it was written");
}

std::uint64_t number_at(const Value& object, std::string_view name) {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(0, object.integer_at(name)));
}

}  // namespace

Value Campaign::state_document() const {
  Value stages = Value::array();
  for (std::size_t i = 0; i < stages_.size(); ++i) {
    const StageState& stage = stages_[i];
    Value each = Value::object({{"name", definition_.stages[i].name}, {"vehicles", stage.size}});
    set_counts(each, stage.counts);
    each.set("accepted_failures", stage.accepted_failures);
    each.set("released", stage.released).set("waived", stage.waived);
    if (stage.succeeded) each.set("succeeded", to_text(*stage.succeeded));
    stages.push_back(std::move(each));
  }
  Value images = Value::array();
  for (const Image& image : images_) {
    images.push_back(Value::object({{"sha256", image.sha256},
                                    {"name", image.name},
                                    {"version", image.version},
                                    {"hardware_id", image.hardware_id},
                                    {"release_counter", image.release_counter}}));
  }
  Value out = Value::object({{"name", definition_.name},
                             {"state", name_of(state_)},
                             {"reason", reason_},
                             {"by", by_},
                             {"at", to_text(at_)},
                             {"author", definition_.author},
                             {"approved_by", list_of(approved_by_)},
                             {"begun", begun_},
                             {"stage", definition_.stages[active_].name},
                             {"stage_number", active_}});
  out.set("stages", std::move(stages)).set("images", std::move(images));
  Value total = Value::object();
  set_counts(total, total_);
  out.set("total", std::move(total));
  return out;
}

Value Campaign::document(const Participant& participant) const {
  Value out = Value::object({{"vehicle", fleet_.at(participant.vehicle).id},
                             {"state", name_of(participant.progress)},
                             {"reason", participant.reason},
                             {"attempts", participant.attempts},
                             {"tries", participant.tries},
                             {"at", to_text(participant.changed)}});
  if (participant.stage != Participant::kNoStage) {
    out.set("stage", definition_.stages[static_cast<std::size_t>(participant.stage)].name);
  }
  Value ecus = Value::array();
  for (const Goal& goal : participant.goals) ecus.push_back(encode(goal));
  out.set("ecus", std::move(ecus));
  return out;
}

Value Campaign::document(const Plan& plan, std::size_t first, std::size_t count) const {
  Value entries = Value::array();
  for (std::size_t i = first; i < std::min(plan.entries.size(), first + count); ++i) {
    const PlanEntry& each = plan.entries[i];
    Value entry = Value::object({{"vehicle", fleet_.at(each.vehicle).id}, {"gets", each.gets}});
    if (each.stage != Participant::kNoStage) {
      entry.set("stage", definition_.stages[static_cast<std::size_t>(each.stage)].name);
    }
    if (!each.reason.empty()) entry.set("reason", each.reason);
    Value ecus = Value::array();
    for (const Goal& goal : each.goals) {
      const auto image = std::find_if(images_.begin(), images_.end(), [&](const Image& known) {
        return known.sha256 == goal.image;
      });
      Value ecu = Value::object({{"ecu", goal.serial},
                                 {"image", goal.image},
                                 {"from", goal.before.version},
                                 {"to", image == images_.end() ? "" : image->version}});
      if (!goal.before.signed_by.empty()) ecu.set("signed_by", goal.before.signed_by);
      if (!goal.reason.empty()) ecu.set("why_not", goal.reason);
      ecus.push_back(std::move(ecu));
    }
    entry.set("ecus", std::move(ecus));
    entries.push_back(std::move(entry));
  }
  Value stages = Value::array();
  for (std::size_t i = 0; i < plan.of_stage.size(); ++i) {
    stages.push_back(
        Value::object({{"name", definition_.stages[i].name}, {"vehicles", plan.of_stage[i]}}));
  }
  Value out = Value::object({{"campaign", definition_.name},
                             {"of", plan.entries.size()},
                             {"gets", plan.gets},
                             {"first", first}});
  out.set("stages", std::move(stages)).set("vehicles", std::move(entries));
  if (!plan.warnings.empty()) out.set("warnings", list_of(plan.warnings));
  return out;
}

Result<void> Campaign::restore_state(const Value& document) {
  const auto state = parse<State>(document.string_at("state"), kStates);
  if (!state) return wrong("state");
  const Value* stages = document.find("stages");
  const Value::Array* items = stages == nullptr ? nullptr : stages->as_array();
  if (items == nullptr || items->size() != stages_.size()) return wrong("stages");
  const std::uint64_t active = number_at(document, "stage_number");
  if (active >= stages_.size()) return wrong("stage_number");
  for (std::size_t i = 0; i < items->size(); ++i) {
    const Value& from = (*items)[i];
    stages_[i].accepted_failures = number_at(from, "accepted_failures");
    stages_[i].released = from.bool_at("released");
    stages_[i].waived = from.bool_at("waived");
    stages_[i].succeeded = parse_timestamp(from.string_at("succeeded"));
  }
  state_ = *state;
  reason_ = document.string_at("reason");
  by_ = document.string_at("by");
  at_ = parse_timestamp(document.string_at("at")).value_or(Timestamp{});
  approved_by_ = document.strings_at("approved_by");
  begun_ = document.bool_at("begun");
  active_ = active;
  unwritten_ = Unwritten::kNothing;
  return {};
}

Result<void> Campaign::restore_participant(const Value& document) {
  const Fleet::Vehicle* vehicle = fleet_.find(document.string_at("vehicle"));
  if (vehicle == nullptr) return wrong("vehicle");
  const auto progress = parse<Progress>(document.string_at("state"), kProgresses);
  if (!progress) return wrong("state");
  Participant out;
  out.vehicle = fleet_.index_of(*vehicle);
  if (by_vehicle_.contains(out.vehicle)) return fail(Rsc::kConflict, "vehicle: is there twice");
  out.progress = *progress;
  out.reason = document.string_at("reason");
  out.attempts = static_cast<unsigned>(std::min(number_at(document, "attempts"), kMaxAttempts));
  out.tries = static_cast<unsigned>(std::min(number_at(document, "tries"), kMaxAttempts));
  out.changed = parse_timestamp(document.string_at("at")).value_or(Timestamp{});
  const std::string stage = document.string_at("stage");
  for (std::size_t i = 0; i < definition_.stages.size(); ++i) {
    if (definition_.stages[i].name == stage) out.stage = static_cast<int>(i);
  }
  const Value* ecus = document.find("ecus");
  if (ecus == nullptr || !ecus->is_array()) return wrong("ecus");
  for (const Value& from : *ecus->as_array()) {
    const auto state = parse<Progress>(from.string_at("state"), kProgresses);
    if (!state) return wrong("ecus");
    out.goals.push_back({from.string_at("ecu"), from.string_at("image"), *state,
                         from.string_at("reason"), decode_proven(from.find("before")),
                         decode_proven(from.find("after"))});
  }
  const bool staged = out.stage != Participant::kNoStage;
  if (!staged && (out.progress == Progress::kWaiting || out.progress == Progress::kAsked ||
                  out.progress == Progress::kTold)) {
    return wrong("stage");
  }
  add(std::move(out));
  return {};
}

/// What a vehicle was told is with the server, which lost nothing: each is looked at again.
void Campaign::resume(Timestamp now) {
  for (std::size_t i = 0; i < participants_.size(); ++i) {
    switch (participants_[i].progress) {
      case Progress::kAsked:
        wait_again(i, "", true, now);
        break;
      case Progress::kTold:
      case Progress::kFailed:
      case Progress::kDeclined:
        settle(i, now);
        break;
      case Progress::kWaiting:  // it may have been told just before the end
        for (Goal& goal : participants_[i].goals) {
          const Standing standing = updates_.standing(goal.serial, goal.image, definition_.terms);
          const auto kind = standing.kind;
          if (kind != Standing::Kind::kOpen && kind != Standing::Kind::kUnsent) continue;
          goal.before = standing.proven;
          goal.progress = Progress::kTold;
          if (participants_[i].progress == Progress::kTold) continue;
          ++participants_[i].attempts;
          ++participants_[i].tries;
          set(i, Progress::kTold, "", now);
        }
        break;
      case Progress::kUpdated:
      case Progress::kExcluded:
      case Progress::kCurrent:
        break;
    }
  }
}

}  // namespace gatehouse::campaign
