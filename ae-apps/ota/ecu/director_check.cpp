#include "ae-apps/ota/ecu/director_check.h"

#include <chrono>

#include "ae-apps/ota/uptane/memory_fetcher.h"
#include "cse/codec/json.h"

namespace gatehouse::ecu {
namespace {

using uptane::Reason;
using uptane::Refusal;

constexpr const char* kStateFile = "uptane.json";

Timestamp system_now() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::microseconds>(since).count()};
}

/// `{"1.root.json": "…", "targets.json": "…"}`
std::optional<uptane::FileSet> files_in(Disk& disk) {
  const auto content = disk.read(kMetadataFile, kMaxMetadataBytes);
  if (!content || !*content) return std::nullopt;
  const auto tree =
      parse_json(text_of(**content), {.max_bytes = kMaxMetadataBytes, .max_depth = 2});
  if (!tree || !tree->is_object()) return std::nullopt;
  uptane::FileSet out;
  for (const Member& file : *tree->as_object()) {
    if (file.value.as_string() == nullptr) return std::nullopt;
    out.emplace(file.name, *file.value.as_string());
  }
  return out;
}

Refusal director(Reason reason, std::string detail) {
  return {reason, "director", "targets", std::move(detail)};
}

}  // namespace

DirectorCheck::DirectorCheck(std::string root, std::string serial, std::string hardware_id,
                             Clock clock)
    : root_(std::move(root)),
      serial_(std::move(serial)),
      hardware_id_(std::move(hardware_id)),
      clock_(clock ? std::move(clock) : Clock(system_now)) {}

std::optional<Refusal> DirectorCheck::refusal(Disk& disk, const StoredImage& image) const {
  const auto files = files_in(disk);
  if (!files) return director(Reason::kMissing, "no metadata came with the image");
  uptane::VehicleState state;
  const auto kept = disk.read(kStateFile, kMaxMetadataBytes);
  if (kept && *kept) {
    auto decoded = uptane::decode_vehicle_state(text_of(**kept));
    // Without its state it cannot know what is older: it installs nothing until it is repaired.
    if (!decoded) return director(Reason::kMalformed, "the state of this ECU is damaged");
    state = *std::move(decoded);
  }
  if (!kept) return director(Reason::kMissing, "the state of this ECU cannot be read");
  if (state.director.root.empty()) state.director.root = root_;
  const uptane::VehicleState before = state;
  uptane::MemoryFetcher fetcher(*files);
  uptane::VerifyRequest request;
  request.now = clock_();
  request.ecus = {{serial_, hardware_id_}};
  const auto outcome = uptane::verify_partial(state, fetcher, request);
  if (state != before && !disk.replace(kStateFile, view_of(uptane::encode_vehicle_state(state)))) {
    return director(Reason::kMissing, "the state of this ECU cannot be kept");
  }
  if (outcome.refusal) return outcome.refusal;
  if (outcome.targets.size() != 1) {
    return director(Reason::kUnknownEcu, "orders nothing for " + serial_);
  }
  const uptane::TargetRecord& order = outcome.targets.front().order;
  if (order.length != image.bytes) return director(Reason::kImageLength, "not as ordered");
  const auto digest = order.hashes.find("sha256");
  if (digest == order.hashes.end() || digest->second != image.sha256) {
    return director(Reason::kImageHash, "not as ordered");
  }
  return std::nullopt;
}

}  // namespace gatehouse::ecu
