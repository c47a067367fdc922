#pragma once
#include <filesystem>
#include <functional>
#include <string>

#include "ae-apps/ota/clock/secure_clock.h"
#include "ae-apps/ota/gateway/settings.h"
#include "ae-apps/ota/image/image.h"
#include "ae-apps/ota/image/version_report.h"
#include "cse/primitive/value.h"

namespace gatehouse::gateway {

/// What an ECU was sent and nobody should have sent, since its start.
struct Disturbances {
  std::uint64_t unsolicited = 0;     ///< UDS messages out of order, without right, or no request
  std::uint64_t refused_frames = 0;  ///< DoIP messages, frames of ISO-TP that mean nothing
  std::uint64_t failed_unlocks = 0;  ///< wrong keys in a row
  std::uint64_t boots = 0;           ///< tells one start from another
};

/// What an ECU says about itself, not yet proven to anybody.
struct EcuFacts {
  std::string vin, serial, hardware_id, software;
  std::string version = "none";
  std::uint64_t release_counter = 0;  ///< of the newest image that ran
  std::string last_error;             ///< empty: none since its last good update
  Disturbances disturbed;
};

/// Where an ECU stands in an update that is held until the gateway decides.
struct EcuStand {
  std::string runs;          ///< SHA-256 of the payload; empty: only its boot loader. Proven
  bool on_trial = false;     ///< what it runs is not confirmed. Proven
  std::string held;          ///< payload that waits for a word; empty: none
  bool held_passed = false;  ///< its self-test
  std::string last_error;
};

/// A version report ready for the server, and what it says.
struct EcuReport {
  Value entry;  ///< {"ecu","level","report","signature","key_id"}
  std::string version, payload_sha256, attack, status;
};

/// A word about an image that is held.
enum class Word : std::uint8_t {
  kTry,      ///< one more boot on trial, at the next reset
  kConfirm,  ///< it stays
  kDiscard,
};

/// Whatever can be updated, alone or as a member of a release: an ECU behind UDS (ecu_link.h), a
/// field node that is managed by oneM2M (node_link.h). Errors of all: a sentence for people;
/// kTargetNotReachable if it does not answer, kRequestTimeout if cancelled, kNotAcceptable if it
/// refuses, kOriginatorNotAuthenticated if it is not the one of the configuration. Threading: any
/// thread; one after the other.
class Member {
 public:
  using Progress = std::function<void(std::uint64_t done_bytes, std::uint64_t total_bytes)>;
  virtual ~Member() = default;

  virtual const EcuEntry& entry() const = 0;
  virtual Result<EcuFacts> look() = 0;
  /// Over this challenge. A full one's report goes on as it signed it, a constrained one's is
  /// checked and signed by the gateway.
  virtual Result<EcuReport> report(ByteView nonce) = 0;
  /// Brings a verified image into the inactive slot. The member verifies it again, by itself or by
  /// the gateway's MAC. `director`: metadata that a full one verifies by itself. One with a single
  /// slot gets its old image back if that fails. Errors: also kConflict if the member says that it
  /// can be written later (the state of the vehicle, another tester).
  virtual Result<void> flash(const std::filesystem::path& image, const image::Header& header,
                             const crypto::Sha256Digest& payload_sha256,
                             const std::string& director, const Progress& progress) = 0;
  /// Resets it and waits until it answers again. One with a single slot that then has no
  /// application gets its old image back.
  virtual Result<void> restart() = 0;

  // Updates that are decided for several at once (release.h).
  virtual Result<EcuStand> stand() = 0;
  /// As flash(), but what was written is tried for one boot and then waits for settle(). Nothing is
  /// given back.
  virtual Result<void> flash_held(const std::filesystem::path& image, const image::Header& header,
                                  const crypto::Sha256Digest& payload_sha256,
                                  const std::string& director, const Progress& progress) = 0;
  virtual Result<void> settle(Word word) = 0;
  /// Resets it and waits until it answers again, whatever it runs.
  virtual Result<void> reset() = 0;

  // For those with one slot.
  /// Whether there is a copy of the image that it runs (SHA-256 of its payload, hexadecimal).
  virtual bool has_way_back(const std::string& runs) const {
    (void)runs;
    return true;
  }
  /// Writes its old image and resets it.
  virtual Result<void> go_back() {
    return fail(Rsc::kNotAcceptable, "it has two slots, and goes back by itself");
  }
  /// What was confirmed is the way back of the next update; durable on return, and may be said
  /// again. Errors: kNotFound if the image is gone, kInternalServerError.
  virtual Result<void> adopt(const std::filesystem::path& image) {
    (void)image;
    return {};
  }
  /// Whether an image with this payload (SHA-256, hexadecimal) was adopted last.
  virtual bool goes_back_to(const std::string& payload_sha256) const {
    (void)payload_sha256;
    return true;
  }

  /// Makes a flash() that runs give up.
  virtual void cancel() = 0;
  /// False while another thread speaks to it.
  virtual bool idle() = 0;
};

/// What the server gets: the member must have signed this nonce, as this serial number, and with
/// its key if that is known. Errors: kNotAcceptable, those of image::verify_report.
Result<EcuReport> report_of_full(const EcuEntry& entry, const image::SignedReport& report,
                                 ByteView nonce);
/// A report that is already checked, as it goes on to the server.
Result<EcuReport> entry_for_server(const EcuEntry& entry, const image::SignedReport& report,
                                   ByteView nonce);
/// `status`: the boot loader's JSON. Errors: kNotAcceptable.
Result<EcuStand> stand_of(const EcuReport& report, std::string_view status);
/// Who else answers at its place is not it. Errors: kOriginatorNotAuthenticated; kNotAcceptable for
/// a status that is none.
Result<EcuFacts> facts_of(const EcuEntry& entry, EcuFacts said, std::string_view status);

/// The Director's metadata (an object of files) with the time server's answer to that nonce of the
/// member's, `time.json`; as it is if the nonce is none or no time is proven: then the member goes
/// by what it knows.
std::string with_attested_time(const std::string& director, const std::string& nonce,
                               const ota::SecureClock::Ask& ask);

}  // namespace gatehouse::gateway
