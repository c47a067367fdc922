// The boot loader: what it looks at in a slot, and what it starts.
#include "ae-apps/ota/ecu/ecu.h"

#include <algorithm>

namespace gatehouse::ecu {
std::string Ecu::Inspection::attack() const {
  if (!order_refusal.empty()) return order_refusal.substr(0, order_refusal.find(':'));
  return std::string(mac_wrong ? "bad-mac" : image::name_of(verdict));
}

std::string Ecu::Inspection::text() const {
  if (!order_refusal.empty()) return order_refusal;
  if (mac_wrong) return "the MAC of the gateway is wrong";
  std::string out(image::explain(verdict));
  return detail.empty() ? out : out + ": " + detail;
}

Ecu::Ecu(EcuSettings settings, Disk& disk, PayloadRunner& runner)
    : settings_(std::move(settings)), disk_(disk), runner_(runner) {
  if (settings_.time_keys) time_.emplace(*settings_.time_keys, settings_.steady);
}

bool Ecu::save() { return store_state(disk_, state_).has_value(); }

bool Ecu::store_failed_attempts(unsigned count) {
  state_.failed_unlocks = count;
  return save();
}

std::string Ecu::version() const { return running_ ? running_->manifest.version : "none"; }

image::Policy Ecu::policy() const {
  image::Policy policy;
  policy.trusted_keys = settings_.oem_keys;
  policy.check_signatures = !settings_.constrained;
  policy.hardware_id = settings_.hardware_id;
  policy.minimum_release_counter = state_.release_counter;
  policy.max_payload_bytes = settings_.max_image_bytes;
  return policy;
}

// --- looking at a slot -----------------------------------------------------------------------

Ecu::Inspection Ecu::inspect(Slot slot, std::string_view mac_hex, bool keep_payload,
                             const Pending& pending) {
  Inspection out;
  image::Verifier verifier(policy(), [&](ByteView bytes) {
    if (keep_payload) append(out.payload, bytes);
  });
  crypto::Sha256 whole;
  for (std::uint64_t offset = 0;;) {
    const Result<Bytes> chunk = disk_.read_at(file_of(slot), offset, kChunkBytes);
    if (!chunk) {
      out.detail = chunk.error().detail;
      return out;
    }
    if (chunk->empty()) break;
    offset += chunk->size();
    out.file.bytes = offset;
    whole.update(*chunk);
    const image::Verdict verdict = verifier.feed(*chunk);
    if (verdict != image::Verdict::kIncomplete && verdict != image::Verdict::kGood) break;
    if (pending) pending();
  }
  out.file.sha256 = to_hex(whole.finish());
  out.verdict = verifier.finish();
  out.detail = verifier.detail();
  if (!verifier.header()) return out;
  out.manifest = verifier.header()->manifest;
  out.manifest_json = verifier.header()->manifest_json;
  out.payload_sha256 = verifier.payload_sha256();
  if (settings_.constrained && out.verdict == image::Verdict::kGood) {
    const auto mac =
        image::gateway_mac(settings_.shared_key, out.manifest_json, out.payload_sha256);
    const Result<Bytes> given = from_hex(mac_hex);
    out.mac_wrong = !given || !crypto::equal_constant_time(mac, *given);
  }
  return out;
}

// --- boot ------------------------------------------------------------------------------------

Result<void> Ecu::install_factory_image(ByteView image) {
  const auto known = load_state(disk_);
  if (known && *known) return {};  // it has a history; the factory is past
  if (!known && known.error().rsc != Rsc::kBadRequest) return fail(known.error());
  if (!known) return {};  // damaged: boot() recovers it
  const auto started = has_history(image);
  if (!started) return fail(started.error());
  if (*started) return {};  // its state was lost: boot() recovers that, too
  for (const auto& step : {disk_.erase(file_of(Slot::kA)), disk_.append(file_of(Slot::kA), image),
                           disk_.sync(file_of(Slot::kA))}) {
    if (!step) return step;
  }
  state_ = BootState{};
  if (settings_.constrained) {  // the factory vouches for it, as the gateway will later
    const auto header = image::parse_header(image.first(std::min(image.size(), kMaxHeaderBytes)));
    if (header && *header) {
      const auto mac = image::gateway_mac(settings_.shared_key, (*header)->manifest_json,
                                          (*header)->manifest.payload_sha256);
      state_.mac[0] = to_hex(mac);
    }
  }
  const Inspection found = inspect(Slot::kA, state_.mac[0], false, {});
  if (!found.good()) {
    (void)disk_.erase(file_of(Slot::kA));  // if that fails, the next start finds no good image
    return fail(Rsc::kNotAcceptable, "factory image: " + found.text());
  }
  state_.active = Slot::kA;
  state_.confirmed[0] = true;
  state_.release_counter = found.manifest->release_counter;
  state_.installed[0] = to_hex(found.payload_sha256);
  return store_state(disk_, state_);
}

/// Whether the slots hold more than the factory has put there, or was about to. Half an image in
/// slot a alone is its work, too.
Result<bool> Ecu::has_history(ByteView factory_image) {
  const auto spare = disk_.read_at(file_of(Slot::kB), 0, 1);
  if (!spare) return fail(spare.error());
  const auto active = disk_.read_at(file_of(Slot::kA), 0, factory_image.size() + 1);
  if (!active) return fail(active.error());
  const bool begun = active->size() <= factory_image.size() &&
                     std::equal(active->begin(), active->end(), factory_image.begin());
  if (!spare->empty() || begun) return !spare->empty();
  return inspect(Slot::kA, "", false, {}).verdict == image::Verdict::kGood;
}

/// The state cannot be read, or has gone: trust nothing but what proves itself. The newest genuine
/// image becomes the active one, and its counter the least that is accepted.
void Ecu::recover_state() {
  state_ = BootState{};
  std::uint64_t newest = 0;
  for (const Slot slot : {Slot::kA, Slot::kB}) {
    const Inspection found = inspect(slot, "", false, {});
    if (!found.good() || found.manifest->release_counter < newest) continue;
    newest = found.manifest->release_counter;
    state_.active = slot;
    state_.confirmed[index_of(slot)] = true;
    state_.installed[index_of(slot)] = to_hex(found.payload_sha256);
  }
  state_.release_counter = newest;
  state_.last_error = "the boot state was damaged or has gone";
  save();
}

void Ecu::boot(bool ordered) {
  runner_.stop();
  running_.reset();
  fingerprint_given_ = erased_ = received_ = checked_ = false;
  nonce_.clear();
  const auto stored = load_state(disk_);
  if (stored && !*stored) state_ = BootState{};  // no counter of before judges what is there
  if (!stored || (!*stored && has_history({}).value_or(true))) {
    recover_state();
  } else {
    state_ = stored->value_or(BootState{});
  }
  ++state_.boots;
  boot_check_ = "none";
  measured_.clear();
  if (state_.trial != Slot::kNone && state_.held.empty()) try_trial();
  if (ordered && !state_.held.empty()) try_held();
  if (!running_) start_active();
}

void Ecu::watch() {
  if (!running_) return;
  const bool ended = runner_.ended();
  const bool watched = settings_.watchdog.count() > 0;
  if (!ended && (!watched || runner_.heard_within(settings_.watchdog))) return;
  // While somebody programs it, the application may have other things to do.
  if (server_ != nullptr && server_->session() == uds::Session::kProgramming) return;
  ++state_.watchdog_bites;
  const std::string what = ended ? " has ended" : " was silent";
  if (on_trial()) {  // what is silent has not passed its test
    ++state_.failed_boots;
    state_.last_error = "watchdog: the application on trial" + what;
    state_.attack = "self-test";
    forget_trial();
    save();
    return boot();
  }
  const unsigned bites = ++state_.bites_in_a_row;
  state_.last_error =
      "watchdog: the application of slot " + std::string(name_of(running_->slot)) + what;
  const Slot spare = other(state_.active);
  bool goes_back = false;
  if (bites >= settings_.max_bites && state_.confirmed[index_of(spare)]) {
    state_.bites_in_a_row = 0;
    // The way back is open only to an image that is not older than what ran last.
    goes_back = inspect(spare, state_.mac[index_of(spare)], false, {}).good();
    if (goes_back) state_.active = spare;
    state_.last_error += goes_back ? "; back to slot " : "; no way back to slot ";
    state_.last_error += name_of(spare);
  }
  if (ended && bites >= settings_.max_bites && !goes_back) {  // until somebody resets the ECU
    state_.bites_in_a_row = 0;
    state_.last_error += "; stopped";
    runner_.stop();
    running_.reset();
    save();
    return;
  }
  save();
  boot();
}

std::string Ecu::boot_report() const {
  return "slot=" + std::string(name_of(running_ ? running_->slot : Slot::kNone)) +
         " version=" + version() + " check=" + boot_check_ +
         " sha256=" + (measured_.empty() ? "none" : measured_);
}

void Ecu::start_active() {
  if (state_.active == Slot::kNone) {
    save();
    return;
  }
  if (start(state_.active)) {
    save();
    return;
  }
  ++state_.failed_boots;
  state_.last_error = start_error_;
  state_.attack = start_attack_;
  const Slot spare = other(state_.active);
  if (state_.confirmed[index_of(spare)] && start(spare)) state_.active = spare;
  save();
}

void Ecu::try_trial() {
  const Slot slot = state_.trial;
  if (state_.tries_left == 0) {
    state_.trial = Slot::kNone;
    ++state_.failed_boots;
    state_.last_error = "the trial never got as far as its self-test";
    state_.attack = "self-test";
    return;
  }
  --state_.tries_left;
  if (!save()) return;  // a trial that cannot be counted must not run
  const bool good = start(slot);
  state_.trial = Slot::kNone;
  state_.tries_left = 0;
  if (good) {
    state_.active = slot;
    state_.confirmed[index_of(slot)] = true;
    state_.bites_in_a_row = 0;
    state_.release_counter = std::max(state_.release_counter, running_->manifest.release_counter);
    state_.last_error.clear();
    state_.attack = "none";
  } else {
    ++state_.failed_boots;
    state_.last_error = start_error_;
    state_.attack = start_attack_;
  }
  if (!save()) {  // not confirmed for good: not running
    runner_.stop();
    running_.reset();
  }
}

void Ecu::forget_trial() {
  state_.trial = Slot::kNone;
  state_.tries_left = 0;
  state_.held.clear();
  state_.held_passed = false;
}

/// One boot, which somebody has asked for. After that, and without a word of whoever asked, the
/// active slot boots: so a loss of power takes all ECUs of a vehicle back by itself. The trial
/// stays where it is, since the word may come late.
void Ecu::try_held() {
  if (state_.tries_left == 0) return;  // it had its boot
  state_.tries_left = 0;
  state_.held_passed = false;
  if (!save()) return;  // a trial that cannot be counted must not run
  const Slot slot = state_.trial;
  if (start(slot)) {
    state_.held_passed = true;
  } else {
    ++state_.failed_boots;
    state_.last_error = start_error_;
    state_.attack = start_attack_;
    forget_trial();
  }
  if (save()) return;
  runner_.stop();
  running_.reset();
}

bool Ecu::start(Slot slot) {
  const Inspection found = inspect(slot, state_.mac[index_of(slot)], true, {});
  start_error_.clear();
  measured_ = found.manifest ? to_hex(found.payload_sha256) : "";
  if (boot_check_ == "none") boot_check_ = "good";
  const std::string& installed = state_.installed[index_of(slot)];
  const bool exchanged = found.good() && !installed.empty() && installed != measured_;
  if (!found.good() || exchanged) {
    // Verified when it was installed, and so changed behind our back.
    const bool was_good = state_.confirmed[index_of(slot)] || state_.trial == slot;
    boot_check_ = was_good ? "changed" : "refused";
    if (was_good) ++state_.changed_images;
    start_error_ = "slot " + std::string(name_of(slot)) + ": " +
                   (exchanged ? "not the image that was installed" : found.text());
    start_attack_ = exchanged ? "hash-mismatch" : found.attack();
    return false;
  }
  const SelfTest test = runner_.start(found.payload);
  start_attack_ = "self-test";
  if (!test.passed) {
    start_error_ = "self-test: " + test.error;
  } else if (test.version != found.manifest->version) {
    start_error_ = "self-test: the application calls itself " + test.version + ", not " +
                   found.manifest->version;
    runner_.stop();
  } else {
    running_ = Running{slot, *found.manifest};
  }
  return running_.has_value();
}

}  // namespace gatehouse::ecu
