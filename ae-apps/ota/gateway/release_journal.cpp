// What a release is on disk.
#include <algorithm>
#include <array>
#include <filesystem>

#include "ae-apps/ota/gateway/release.h"
#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kMaxReleaseBytes = 256 * 1024;
constexpr std::array<std::string_view, 4> kStates = {"preparing", "trying", "committed",
                                                     "rolling-back"};

}  // namespace

std::string_view name_of(ReleaseState state) { return kStates[static_cast<std::size_t>(state)]; }

std::string encode_release(const Release& release) {
  Value members = Value::array();
  for (const Release::Member& member : release.members) {
    Value each = Value::object({{"ecu", member.ecu},
                                {"job", member.job},
                                {"before", member.before},
                                {"target", member.target},
                                {"touched", member.touched}});
    if (member.settled) each.set("settled", true);  // not in what older versions wrote
    members.push_back(std::move(each));
  }
  Value out = Value::object({{"id", release.id},
                             {"state", name_of(release.state)},
                             {"members", std::move(members)},
                             {"culprit", release.culprit}});
  if (release.failure) {
    out.set("failure", Value::object({{"stage", release.failure->stage},
                                      {"reason", release.failure->reason}}));
  }
  return to_json(out);
}

Result<Release> decode_release(std::string_view text) {
  const Result<Value> tree = parse_json(text, {.max_bytes = kMaxReleaseBytes, .max_depth = 5});
  if (!tree) return fail(Rsc::kBadRequest, "release: " + tree.error().detail);
  Release out;
  out.id = tree->string_at("id");
  const auto state = std::find(kStates.begin(), kStates.end(), tree->string_at("state"));
  if (state == kStates.end()) return fail(Rsc::kBadRequest, "release: state: no such state");
  out.state = static_cast<ReleaseState>(state - kStates.begin());
  const Value* members = tree->find("members");
  if (members == nullptr || !members->is_array()) {
    return fail(Rsc::kBadRequest, "release: members must be a list");
  }
  for (const Value& each : *members->as_array()) {
    out.members.push_back({each.string_at("ecu"), each.string_at("job"), each.string_at("before"),
                           each.string_at("target"), each.bool_at("touched"),
                           each.bool_at("settled")});
  }
  out.culprit = tree->string_at("culprit");
  if (const Value* failure = tree->find("failure")) {
    out.failure = Failure{failure->string_at("stage"), failure->string_at("reason")};
  }
  // One rule for every member that is missing, of another type or unknown.
  if (encode_release(out) != text) return fail(Rsc::kBadRequest, "release: damaged");
  return out;
}

std::string ReleaseJournal::file_of(const std::string& id) const {
  return (std::filesystem::path(folder_) / ("release-" + id + ".json")).string();
}

Result<std::optional<Release>> ReleaseJournal::load(const std::string& id) const {
  const Result<std::string> text = ota::read_text(file_of(id), kMaxReleaseBytes);
  if (!text) return fail(Rsc::kInternalServerError, text.error().detail);
  if (text->empty()) return std::optional<Release>();
  Result<Release> release = decode_release(*text);
  if (!release) return fail(Rsc::kInternalServerError, release.error().detail);
  return std::optional<Release>(*std::move(release));
}

Result<void> ReleaseJournal::save(const Release& release) {
  if (hook_) hook_(false);
  if (auto done = ota::replace_file(file_of(release.id), encode_release(release)); !done) {
    return done;
  }
  if (hook_) hook_(true);
  return {};
}

Result<void> ReleaseJournal::remove(const std::string& id) {
  if (hook_) hook_(false);
  std::error_code error;
  std::filesystem::remove(file_of(id), error);
  if (error) return fail(Rsc::kInternalServerError, "release " + id + ": cannot be removed");
  if (hook_) hook_(true);
  return {};
}

std::vector<std::string> ReleaseJournal::pending() const {
  constexpr std::string_view kFront = "release-", kBack = ".json";
  std::vector<std::string> out;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    if (name.size() <= kFront.size() + kBack.size()) continue;
    if (!name.starts_with(kFront) || !name.ends_with(kBack)) continue;
    out.push_back(name.substr(kFront.size(), name.size() - kFront.size() - kBack.size()));
  }
  return out;
}

std::string ReleaseJournal::holding(const std::string& ecu) const {
  for (const std::string& id : pending()) {
    const auto release = load(id);
    if (!release || !*release) continue;
    const auto& members = (*release)->members;
    if (std::any_of(members.begin(), members.end(), [&](const auto& m) { return m.ecu == ecu; })) {
      return id;
    }
  }
  return {};
}

}  // namespace gatehouse::gateway
