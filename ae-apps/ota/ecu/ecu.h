#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/coding/decoder.h"
#include "ae-apps/ota/ecu/boot_state.h"
#include "ae-apps/ota/ecu/director_check.h"
#include "ae-apps/ota/ecu/payload.h"
#include "ae-apps/ota/image/verifier.h"
#include "ae-apps/ota/image/version_report.h"
#include "ae-apps/ota/uds/server.h"

namespace gatehouse::ecu {

struct EcuSettings {
  std::string serial = "ECU-0001";
  std::string hardware_id = "demo-ecu";
  std::string vin = "GATEHOUSE00000001";
  std::vector<crypto::PublicKey> oem_keys;       ///< that may sign images
  std::optional<crypto::SigningKey> report_key;  ///< of a full ECU
  bool constrained = false;                      ///< checks a gateway's MAC instead of signatures
  Bytes shared_key;                              ///< with the gateway; of a constrained ECU
  /// Images may be encrypted for it. It takes coded images without one, too.
  std::optional<crypto::SigningKey> image_key = std::nullopt;
  std::uint64_t max_image_bytes = 16u << 20;
  /// Root metadata of the vehicle's Director: the ECU then installs only what the Director orders
  /// for it, as its own partial verification shows. Empty: it looks at the OEM's signature alone.
  std::string director_root = {};
  DirectorCheck::Clock clock = {};  ///< for that; empty: the system's
  /// Then expiry is judged by what these attest to this ECU, and by no clock.
  std::optional<ota::TimeKeys> time_keys = std::nullopt;
  AttestedTime::Steady steady = {};  ///< for that; empty: the system's
  unsigned slots = 2;  ///< 1: an update overwrites what runs; the way back is the gateway's copy
  std::chrono::milliseconds watchdog{0};    ///< an application that is silent for so long; 0: none
  unsigned max_bites = 3;                   ///< in a row, then the other slot
  unsigned trial_boots = 3;                 ///< starts that a trial may use up by losses of power
  std::chrono::milliseconds erase_time{0};  ///< how long a slow flash memory takes
  std::optional<uds::Nrc>
      precondition_fault;  ///< what 31 01 0203 answers, if the vehicle is in no state for it
};

/// The model of an ECU: a boot loader with two slots, and the application in one of them.
/// Threading: one thread at a time (that of the DoIP server once it runs).
class Ecu final : public uds::EcuServices, public uds::AccessMemory {
 public:
  Ecu(EcuSettings settings, Disk& disk, PayloadRunner& runner);

  /// Puts the image of the factory into slot a if the ECU has never had any state, nor any other
  /// image: whoever takes its state away does not make it new. Errors:
  /// kNotAcceptable with the reason for which the image is refused; kInternalServerError.
  Result<void> install_factory_image(ByteView image);

  /// The boot sequence: a trial if one is due, else the active slot, else the boot loader stays
  /// alone. Never fails: what went wrong is in status().
  /// A trial that is held is booted only by a reset that somebody ordered (11), which a boot loader
  /// knows from the reason of its reset.
  void boot(bool ordered = false);
  /// Boots again if the watchdog bites; call it now and then.
  void watch();
  /// What the last boot found: `slot=a version=1.4.0 check=good sha256=…`; check is "good",
  /// "changed" (the image in the slot is not the one that was verified when it came), "refused", or
  /// "none" (no image).
  std::string boot_report() const;
  /// It runs an image that nobody has confirmed yet.
  bool on_trial() const { return running_ && running_->slot != state_.active; }
  /// The application no longer runs.
  void power_off() { runner_.stop(); }
  void drain() { runner_.drain(); }

  /// "none" while only the boot loader runs.
  std::string version() const;
  bool running() const { return running_.has_value(); }
  const BootState& state() const { return state_; }
  /// `{"slot":"a","trial":"none","state":"running","version":"1.4.0",…}`
  std::string status() const;
  /// The protocol's counters become part of status(). The server outlives this or is taken away by
  /// nullptr.
  void observe(const uds::Server* server) { server_ = server; }
  /// Messages of the network that were refused before they reached the server; part of status()
  /// too.
  void observe_refused_frames(std::uint64_t count) { refused_frames_ = count; }

  // uds::EcuServices
  uds::Outcome read_identifier(uds::Did did) override;
  std::optional<uds::Access> access_to_write(uds::Did did) const override;
  uds::Outcome write_identifier(uds::Did did, ByteView value) override;
  std::optional<uds::Access> access_to_routine(uds::RoutineId routine) const override;
  uds::Outcome start_routine(uds::RoutineId routine, ByteView record,
                             const Pending& pending) override;
  std::optional<uds::Nrc> begin_download(const uds::Download& download) override;
  std::optional<uds::Nrc> store(ByteView bytes) override;
  std::optional<uds::Nrc> end_download() override;
  void abandon_download() override;

  // uds::AccessMemory
  unsigned failed_attempts() const override { return state_.failed_unlocks; }
  bool store_failed_attempts(unsigned count) override;

 private:
  static constexpr std::size_t kChunkBytes = 64 * 1024;      ///< of a slot, read at once
  static constexpr std::size_t kMaxHeaderBytes = 32 * 1024;  ///< of an image

  struct Running {
    Slot slot;
    image::Manifest manifest;
  };
  /// What became of one look at a slot.
  struct Inspection {
    image::Verdict verdict = image::Verdict::kIncomplete;
    std::string detail;
    bool mac_wrong = false;
    std::optional<image::Manifest> manifest;
    std::string manifest_json;
    crypto::Sha256Digest payload_sha256{};
    StoredImage file;
    std::string order_refusal;  ///< the Director's; a word and a sentence
    Bytes payload;              ///< only if it was asked for
    bool good() const {
      return verdict == image::Verdict::kGood && !mac_wrong && order_refusal.empty();
    }
    std::string attack() const;
    std::string text() const;
  };

  image::Policy policy() const;
  Inspection inspect(Slot slot, std::string_view mac_hex, bool keep_payload,
                     const Pending& pending);
  bool start(Slot slot);
  void start_active();
  void try_trial();
  void try_held();
  void forget_trial();
  Result<bool> has_history(ByteView factory_image);
  void recover_state();
  bool save();
  /// Where an update goes.
  Slot inactive() const {
    if (settings_.slots == 1) return Slot::kA;
    return state_.active == Slot::kA ? Slot::kB : Slot::kA;
  }

  uds::Outcome erase(const Pending& pending);
  uds::Outcome check_memory(ByteView mac, const Pending& pending);
  uds::Outcome mark_trial(ByteView record);
  uds::Outcome confirm();
  uds::Outcome discard();
  std::optional<uds::Nrc> begin_metadata(const uds::Download& download);
  void take_time();
  void begin_decoding();
  std::optional<coding::Base> delta_base();
  uds::Nrc refuse_coded(const Error& error);
  uds::Outcome signed_report();

  EcuSettings settings_;
  Disk& disk_;
  PayloadRunner& runner_;
  const uds::Server* server_ = nullptr;
  std::uint64_t refused_frames_ = 0;

  BootState state_;
  std::optional<Running> running_;
  std::string boot_check_ = "none";
  std::string measured_;     ///< SHA-256 of the payload that was looked at last
  std::string start_error_;  ///< of the last start()
  std::string start_attack_;

  bool fingerprint_given_ = false;
  bool erased_ = false;
  bool received_ = false;
  bool checked_ = false;        ///< the image in the inactive slot was found good
  std::string checked_sha256_;  ///< of its payload, hexadecimal
  bool metadata_ = false;  ///< what is being downloaded is the Director's metadata, not an image
  Bytes nonce_;            ///< of the next version report; used once
  std::optional<AttestedTime> time_;
  std::string time_trouble_;  ///< why the last attestation did not count; empty: it did
  std::optional<coding::Decoder> decoder_;  ///< while a coded image comes
};

}  // namespace gatehouse::ecu
