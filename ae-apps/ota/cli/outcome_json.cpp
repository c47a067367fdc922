#include "ae-apps/ota/cli/outcome_json.h"

#include "cse/codec/json.h"

namespace gatehouse::ota {
namespace {

Value number(std::uint64_t value) { return {static_cast<std::int64_t>(value)}; }

Value head_of(const std::optional<uptane::Refusal>& refusal) {
  Value out = Value::object({{"accepted", !refusal}});
  if (!refusal) return out;
  out.set("reason", std::string(uptane::name_of(refusal->reason)));
  if (!refusal->repository.empty()) out.set("repository", refusal->repository);
  if (!refusal->role.empty()) out.set("role", refusal->role);
  out.set("detail", refusal->detail);
  return out;
}

Value value_of(const uptane::TargetOutcome& target) {
  Value out = Value::object({{"name", target.name}, {"outcome", "accepted"}});
  if (target.refusal) {
    out.set("outcome", std::string(uptane::name_of(target.refusal->reason)));
    out.set("detail", target.refusal->detail);
  }
  if (!target.role.empty()) out.set("role", target.role);
  if (!target.order.hashes.empty()) out.set("length", number(target.order.length));
  for (const auto& [algorithm, digest] : target.order.hashes) out.set(algorithm, digest);
  if (target.release_counter) out.set("release_counter", number(*target.release_counter));
  for (const char* member : {"forms", "sbom"}) {
    if (const Value* value = target.custom.find(member)) out.set(member, *value);
  }
  if (target.order.ecus.empty()) return out;
  Value ecus = Value::array();
  for (const auto& [serial, hardware_id] : target.order.ecus) {
    ecus.push_back(Value::object({{"serial", serial}, {"hardware_id", hardware_id}}));
  }
  out.set("ecus", std::move(ecus));
  return out;
}

Value value_of(const std::vector<uptane::TargetOutcome>& targets) {
  Value out = Value::array();
  for (const auto& target : targets) out.push_back(value_of(target));
  return out;
}

void set_versions(Value& out, const char* name,
                  const std::optional<uptane::RepositoryVersions>& versions) {
  if (!versions) return;
  Value list = Value::object({{"root", number(versions->root)}});
  if (versions->timestamp) list.set("timestamp", number(*versions->timestamp));
  if (versions->snapshot) list.set("snapshot", number(*versions->snapshot));
  list.set("targets", number(versions->targets));
  out.set(name, std::move(list));
}

}  // namespace

std::string outcome_json(const uptane::VerifyOutcome& outcome) {
  Value out = head_of(outcome.refusal);
  out.set("targets", value_of(outcome.targets));
  set_versions(out, "director", outcome.director);
  set_versions(out, "images", outcome.images);
  return to_json(out);
}

std::string outcome_json(const uptane::TufOutcome& outcome) {
  Value out = head_of(outcome.refusal);
  out.set("targets", value_of(outcome.targets));
  set_versions(out, "tuf", outcome.versions);
  return to_json(out);
}

}  // namespace gatehouse::ota
