// What a tester asks of the ECU by UDS: identifiers, routines, download.
#include <algorithm>
#include <thread>

#include "ae-apps/ota/ecu/ecu.h"
#include "cse/codec/json.h"

namespace gatehouse::ecu {

// --- identifiers -----------------------------------------------------------------------------

std::string Ecu::status() const {
  const uds::ServerCounters none;
  const uds::ServerCounters& counters = server_ == nullptr ? none : server_->counters();
  return to_json(Value::object({{"slot", name_of(running_ ? running_->slot : Slot::kNone)},
                                {"trial", name_of(state_.trial)},
                                {"state", running_ ? "running" : "stopped"},
                                {"held", state_.held},
                                {"held_passed", state_.held_passed},
                                {"version", version()},
                                {"release_counter", state_.release_counter},
                                {"constrained", settings_.constrained},
                                {"boots", state_.boots},
                                {"failed_boots", state_.failed_boots},
                                {"refused_images", state_.refused_images},
                                {"boot_check", boot_check_},
                                {"measured", measured_},
                                {"changed_images", state_.changed_images},
                                {"watchdog_bites", state_.watchdog_bites},
                                {"failed_unlocks", state_.failed_unlocks},
                                {"requests", counters.requests},
                                {"refused_requests", counters.refused},
                                {"unsolicited", counters.unsolicited},
                                {"unanswered", counters.unanswered},
                                {"refused_frames", refused_frames_},
                                {"fingerprint", state_.fingerprint},
                                {"last_error", state_.last_error},
                                {"attack", state_.attack}}));
}

uds::Outcome Ecu::read_identifier(uds::Did did) {
  switch (did) {
    case uds::kDidVin:
      return bytes_of(settings_.vin);
    case uds::kDidSerial:
      return bytes_of(settings_.serial);
    case uds::kDidHardware:
      return bytes_of(settings_.hardware_id);
    case uds::kDidSoftwareVersion:
      return bytes_of(version());
    case uds::kDidSystemSoftwareVersion:
      return bytes_of(running_ ? running_->manifest.name : std::string("none"));
    case uds::kDidFingerprint: {
      const Result<Bytes> fingerprint = from_hex(state_.fingerprint);
      return fingerprint ? *fingerprint : Bytes();
    }
    case uds::kDidStatus:
      return bytes_of(status());
    case uds::kDidVersionReport:
      return signed_report();
    case uds::kDidTimeNonce:
      if (!time_) return tl::make_unexpected(uds::Nrc::kRequestOutOfRange);
      return time_->ask();
    default:
      return tl::make_unexpected(uds::Nrc::kRequestOutOfRange);
  }
}

uds::Outcome Ecu::signed_report() {
  if (nonce_.empty()) return tl::make_unexpected(uds::Nrc::kRequestSequenceError);
  ++state_.reports;
  const Bytes nonce = std::exchange(nonce_, {});
  if (!save()) return tl::make_unexpected(uds::Nrc::kFailurePreventsExecution);
  image::VersionReport report;
  report.serial = settings_.serial;
  report.hardware_id = settings_.hardware_id;
  report.name = running_ ? running_->manifest.name : "none";
  report.version = version();
  report.release_counter = running_ ? running_->manifest.release_counter : 0;
  report.payload_sha256 = running_ ? to_hex(running_->manifest.payload_sha256) : "";
  report.slot = name_of(running_ ? running_->slot : Slot::kNone);
  report.nonce = to_hex(nonce);
  report.counter = state_.reports;
  report.status = !running_ ? "stopped" : on_trial() ? "trial" : "running";
  report.attack = state_.attack;
  if (settings_.constrained) {
    return bytes_of(encode_report(image::mac_report(report, settings_.shared_key)));
  }
  if (!settings_.report_key) return tl::make_unexpected(uds::Nrc::kConditionsNotCorrect);
  const auto signed_one = image::sign_report(report, *settings_.report_key);
  if (!signed_one) return tl::make_unexpected(uds::Nrc::kFailurePreventsExecution);
  return bytes_of(encode_report(*signed_one));
}

std::optional<uds::Access> Ecu::access_to_write(uds::Did did) const {
  if (did == uds::kDidChallenge) return uds::Access{};
  if (did == uds::kDidFingerprint) return uds::Access{true, true, true};
  return std::nullopt;
}

uds::Outcome Ecu::write_identifier(uds::Did did, ByteView value) {
  const bool challenge = did == uds::kDidChallenge;
  const std::size_t least = challenge ? 16 : 1;
  const std::size_t most = challenge ? 32 : 64;
  if (value.size() < least || value.size() > most) {
    return tl::make_unexpected(uds::Nrc::kIncorrectLength);
  }
  if (challenge) {
    nonce_.assign(value.begin(), value.end());
    return Bytes{};
  }
  state_.fingerprint = to_hex(value);
  if (!save()) return tl::make_unexpected(uds::Nrc::kGeneralProgrammingFailure);
  fingerprint_given_ = true;
  return Bytes{};
}

// --- routines --------------------------------------------------------------------------------

std::optional<uds::Access> Ecu::access_to_routine(uds::RoutineId routine) const {
  switch (routine) {
    case uds::kRoutinePreconditions:
      return uds::Access{true, false, false};
    case uds::kRoutineErase:
    case uds::kRoutineCheckMemory:
    case uds::kRoutineMarkTry:
    case uds::kRoutineConfirm:
    case uds::kRoutineDiscard:
      return uds::Access{true, true, true};
    default:
      return std::nullopt;
  }
}

uds::Outcome Ecu::start_routine(uds::RoutineId routine, ByteView record, const Pending& pending) {
  if (routine == uds::kRoutineCheckMemory) return check_memory(record, pending);
  if (routine == uds::kRoutineMarkTry) return mark_trial(record);
  if (!record.empty()) return tl::make_unexpected(uds::Nrc::kIncorrectLength);
  if (routine == uds::kRoutineErase) return erase(pending);
  if (routine == uds::kRoutineConfirm) return confirm();
  if (routine == uds::kRoutineDiscard) return discard();
  if (settings_.precondition_fault) return tl::make_unexpected(*settings_.precondition_fault);
  return Bytes{0};
}

uds::Outcome Ecu::erase(const Pending& pending) {
  if (settings_.precondition_fault) return tl::make_unexpected(*settings_.precondition_fault);
  if (!fingerprint_given_) return tl::make_unexpected(uds::Nrc::kConditionsNotCorrect);
  pending();
  // First nothing points to the slot any more, then it is emptied.
  const Slot slot = inactive();
  erased_ = received_ = checked_ = false;
  if (running_ && running_->slot == slot) {  // the only slot, or what is on trial: from now on
    running_.reset();                        // nothing but the boot loader is left
    runner_.stop();
  }
  forget_trial();
  state_.confirmed[index_of(slot)] = false;
  state_.mac[index_of(slot)].clear();
  state_.installed[index_of(slot)].clear();
  if (state_.active == slot) state_.active = Slot::kNone;
  // In slices, so that the tester hears that it takes longer.
  constexpr std::chrono::milliseconds kSlice{20};
  for (auto left = settings_.erase_time; left.count() > 0; left -= kSlice) {
    std::this_thread::sleep_for(std::min(left, kSlice));
    pending();
  }
  if (!save() || !disk_.erase(file_of(slot))) {
    return tl::make_unexpected(uds::Nrc::kGeneralProgrammingFailure);
  }
  erased_ = true;
  return Bytes{0};
}

uds::Outcome Ecu::check_memory(ByteView mac, const Pending& pending) {
  if (!received_) return tl::make_unexpected(uds::Nrc::kRequestSequenceError);
  if (mac.size() != (settings_.constrained ? 32u : 0u)) {
    return tl::make_unexpected(uds::Nrc::kIncorrectLength);
  }
  pending();
  const Slot slot = inactive();
  Inspection found = inspect(slot, to_hex(mac), false, pending);
  if (found.good() && !settings_.director_root.empty()) {
    const DirectorCheck check(settings_.director_root, settings_.serial, settings_.hardware_id,
                              settings_.clock);
    if (const auto refusal = check.refusal(disk_, found.file, time_ ? &*time_ : nullptr)) {
      found.order_refusal = std::string(uptane::name_of(refusal->reason)) + ": " + refusal->detail;
      if (!time_trouble_.empty()) found.order_refusal += " (the time: " + time_trouble_ + ")";
    }
  }
  checked_ = found.good();
  checked_sha256_ = to_hex(found.payload_sha256);
  if (checked_) {
    state_.mac[index_of(slot)] = to_hex(mac);
    state_.installed[index_of(slot)] = checked_sha256_;
  } else {
    ++state_.refused_images;
    state_.last_error = "image refused: " + found.text();
    state_.attack = found.attack();
  }
  if (!save()) checked_ = false;
  if (!checked_) return tl::make_unexpected(uds::Nrc::kGeneralProgrammingFailure);
  return Bytes{0};
}

uds::Outcome Ecu::mark_trial(ByteView record) {
  const bool hold = record.size() == 1 && record[0] == uds::kHeldTrial;
  if (!hold && !record.empty()) return tl::make_unexpected(uds::Nrc::kIncorrectLength);
  // One that is held may be tried again after a loss of power; what it holds was checked before.
  const bool again = hold && !state_.held.empty() && state_.trial == inactive();
  if (!checked_ && !again) return tl::make_unexpected(uds::Nrc::kRequestSequenceError);
  if (checked_) state_.held = hold ? checked_sha256_ : "";
  state_.held_passed = false;
  state_.trial = inactive();
  state_.tries_left = hold ? 1 : settings_.trial_boots;
  if (!save()) return tl::make_unexpected(uds::Nrc::kGeneralProgrammingFailure);
  return Bytes{0};
}

/// The trial becomes what the ECU runs from now on; it need not run right now.
uds::Outcome Ecu::confirm() {
  if (state_.held.empty() || !state_.held_passed) {
    return tl::make_unexpected(uds::Nrc::kRequestSequenceError);
  }
  const Slot slot = state_.trial;
  const Inspection found = inspect(slot, state_.mac[index_of(slot)], false, {});
  if (!found.good() || to_hex(found.payload_sha256) != state_.held) {
    return tl::make_unexpected(uds::Nrc::kConditionsNotCorrect);
  }
  forget_trial();
  state_.active = slot;
  state_.confirmed[index_of(slot)] = true;
  state_.bites_in_a_row = 0;
  state_.release_counter = std::max(state_.release_counter, found.manifest->release_counter);
  state_.last_error.clear();
  state_.attack = "none";
  if (!save()) return tl::make_unexpected(uds::Nrc::kGeneralProgrammingFailure);
  return Bytes{0};
}

/// Nothing points to the trial any more; it runs on until the next reset, if it runs.
uds::Outcome Ecu::discard() {
  forget_trial();
  if (!save()) return tl::make_unexpected(uds::Nrc::kGeneralProgrammingFailure);
  return Bytes{0};
}

// --- download --------------------------------------------------------------------------------

/// It waits on the disk until the image is there, too.
std::optional<uds::Nrc> Ecu::begin_metadata(const uds::Download& download) {
  if (settings_.director_root.empty() || download.size_bytes > kMaxMetadataBytes) {
    return uds::Nrc::kRequestOutOfRange;
  }
  received_ = checked_ = false;
  if (!disk_.erase(kMetadataFile)) return uds::Nrc::kGeneralProgrammingFailure;
  metadata_ = true;
  return std::nullopt;
}

std::optional<uds::Nrc> Ecu::begin_download(const uds::Download& download) {
  metadata_ = false;
  decoder_.reset();
  if (download.address == uds::kMetadataAddress) {
    if (download.format != 0) return uds::Nrc::kRequestOutOfRange;
    return begin_metadata(download);
  }
  if (!erased_) return uds::Nrc::kUploadDownloadNotAccepted;
  if (download.address != 0 || download.size_bytes > settings_.max_image_bytes + kMaxHeaderBytes) {
    return uds::Nrc::kRequestOutOfRange;
  }
  received_ = checked_ = false;
  if (state_.trial != Slot::kNone) {  // what was checked is about to be overwritten
    forget_trial();
    if (!save()) return uds::Nrc::kGeneralProgrammingFailure;
  }
  if (!disk_.erase(file_of(inactive()))) return uds::Nrc::kGeneralProgrammingFailure;
  if (download.format != 0) begin_decoding();
  return std::nullopt;
}

/// What comes is decoded on its way into the slot: nothing of it is ever there in another form.
void Ecu::begin_decoding() {
  coding::DecoderSettings how;
  how.max_bytes = settings_.max_image_bytes + kMaxHeaderBytes;
  if (settings_.image_key) how.key = &*settings_.image_key;
  how.base = delta_base();
  decoder_.emplace(std::move(how),
                   [this](ByteView plain) { return disk_.append(file_of(inactive()), plain); });
}

/// The image that runs. Of the only slot nothing is left by then.
std::optional<coding::Base> Ecu::delta_base() {
  if (settings_.slots == 1 || state_.active == Slot::kNone) return std::nullopt;
  const std::string file = file_of(state_.active);
  crypto::Sha256 hash;
  std::uint64_t length = 0;
  for (;;) {
    const Result<Bytes> chunk = disk_.read_at(file, length, kChunkBytes);
    if (!chunk) return std::nullopt;
    if (chunk->empty()) break;
    hash.update(*chunk);
    length += chunk->size();
  }
  return coding::Base{{length, to_hex(hash.finish())},
                      [this, file](std::uint64_t offset, std::size_t bytes) {
                        return disk_.read_at(file, offset, bytes);
                      }};
}

uds::Nrc Ecu::refuse_coded(const Error& error) {
  ++state_.refused_images;
  state_.last_error = "image refused: " + error.detail;
  state_.attack = "coded-image";
  save();
  return uds::Nrc::kGeneralProgrammingFailure;
}

std::optional<uds::Nrc> Ecu::store(ByteView bytes) {
  if (decoder_) {
    const Result<void> done = decoder_->feed(bytes);
    return done ? std::nullopt : std::optional(refuse_coded(done.error()));
  }
  if (!disk_.append(metadata_ ? kMetadataFile : file_of(inactive()), bytes))
    return uds::Nrc::kGeneralProgrammingFailure;
  return std::nullopt;
}

std::optional<uds::Nrc> Ecu::end_download() {
  if (metadata_) {
    metadata_ = false;
    if (!disk_.sync(kMetadataFile)) return uds::Nrc::kGeneralProgrammingFailure;
    take_time();
    return std::nullopt;
  }
  if (decoder_) {
    const Result<void> done = decoder_->finish();
    decoder_.reset();
    if (!done) return refuse_coded(done.error());
  }
  if (!disk_.sync(file_of(inactive()))) return uds::Nrc::kGeneralProgrammingFailure;
  received_ = true;
  return std::nullopt;
}

/// At once: it counts from now on, and the image takes its time. Without one, or with one that is
/// not believed, what was attested before goes on to count.
void Ecu::take_time() {
  if (!time_) return;
  const std::string attestation = time_attestation_in(disk_);
  time_trouble_ = "no attestation came";
  if (attestation.empty()) return;
  const auto taken = time_->take(attestation);
  time_trouble_ = taken ? std::string() : taken.error().detail;
}

void Ecu::abandon_download() {
  received_ = checked_ = metadata_ = false;
  decoder_.reset();
}

}  // namespace gatehouse::ecu
