#include "ae-apps/ota/ecu/director_check.h"

#include <chrono>

#include "ae-apps/ota/crypto/random.h"
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

std::chrono::milliseconds steady_now() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

AttestedTime::AttestedTime(ota::TimeKeys keys, Steady steady)
    : keys_(std::move(keys)), steady_(steady ? std::move(steady) : Steady(steady_now)) {}

Bytes AttestedTime::ask() {
  constexpr std::size_t kNonceBytes = 16;
  Bytes nonce = crypto::SystemRandom().bytes(kNonceBytes);
  nonce_ = to_hex(nonce);
  asked_ = steady_();
  return nonce;
}

uptane::Checked<void> AttestedTime::take(std::string_view attestation) {
  if (nonce_.empty()) {
    return uptane::refuse(Refusal{Reason::kReplay, "time", {}, "nobody asked for the time"});
  }
  const auto time = ota::verify_time(attestation, keys_, nonce_);
  if (!time) return uptane::refuse(time.error());
  nonce_.clear();
  if (steady_() - asked_ > kLongestAnswer) {
    return uptane::refuse(Refusal{Reason::kTooSlow, "time", {}, "the answer took too long"});
  }
  latest_ = std::max(*time, now().value_or(*time));  // a server that is behind turns nothing back
  at_ = steady_();
  return {};
}

std::optional<Timestamp> AttestedTime::now() const {
  if (!latest_) return std::nullopt;
  return *latest_ + (steady_() - at_);
}

std::string time_attestation_in(Disk& disk) {
  const auto files = files_in(disk);
  if (!files) return {};
  const auto found = files->find(kTimeMember);
  return found == files->end() ? std::string() : found->second;
}

DirectorCheck::DirectorCheck(std::string root, std::string serial, std::string hardware_id,
                             Clock clock)
    : root_(std::move(root)),
      serial_(std::move(serial)),
      hardware_id_(std::move(hardware_id)),
      clock_(clock ? std::move(clock) : Clock(system_now)) {}

std::optional<Refusal> DirectorCheck::refusal(Disk& disk, const StoredImage& image,
                                              const AttestedTime* time) const {
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
  if (time == nullptr) {
    request.now = clock_();
  } else {
    request.now = time->now().value_or(state.latest_time);
    if (request.now.microseconds == 0) {
      return Refusal{Reason::kMissing, "time", {}, "no time was ever attested to this ECU"};
    }
  }
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
