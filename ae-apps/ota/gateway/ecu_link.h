#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "ae-apps/ota/gateway/settings.h"
#include "ae-apps/ota/image/image.h"
#include "ae-apps/ota/image/version_report.h"
#include "ae-apps/ota/uds/flasher.h"
#include "cse/primitive/value.h"

namespace gatehouse::gateway {

/// What an ECU says about itself, not yet proven to anybody.
struct EcuFacts {
  std::string vin, serial, hardware_id, software;
  std::string version = "none";
  std::uint64_t release_counter = 0;  ///< of the newest image that ran
  std::string last_error;             ///< empty: none since its last good update
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

/// The gateway's way to one ECU: each function is one DoIP or ISO-TP connection. Errors of all: a
/// sentence for people; kTargetNotReachable if the ECU does not answer, kRequestTimeout if
/// cancelled, kNotAcceptable if it refuses, kOriginatorNotAuthenticated if it is not the ECU of the
/// configuration. Threading: any thread; one after the other.
class EcuLink {
 public:
  using Progress = uds::Flasher::Progress;
  using MakeTransport = std::function<std::unique_ptr<uds::Transport>(const EcuEntry&)>;
  /// The settings outlive it. An empty `make`: over the network.
  EcuLink(const GatewaySettings& settings, const EcuEntry& entry, MakeTransport make = {});

  const EcuEntry& entry() const { return entry_; }
  Result<EcuFacts> look();
  /// Over this challenge. A full ECU's report goes on as it signed it, a constrained one's is
  /// checked and signed by the gateway.
  Result<EcuReport> report(ByteView nonce);
  /// `director`: metadata that a full ECU verifies by itself.
  /// Writes a verified image into the inactive slot. The ECU verifies it again, by itself or by the
  /// gateway's MAC. An ECU with one slot gets its old image back if that fails.
  Result<void> flash(const std::filesystem::path& image, const image::Header& header,
                     const crypto::Sha256Digest& payload_sha256, const std::string& director,
                     const Progress& progress);
  /// Resets it and waits until it answers again. An ECU with one slot that then has no application
  /// gets its old image back.
  Result<void> restart();
  // Updates that are decided for several ECUs at once (release.h).
  Result<EcuStand> stand();
  /// As flash(), but what was written is tried for one boot and then waits for settle(). Nothing is
  /// given back.
  Result<void> flash_held(const std::filesystem::path& image, const image::Header& header,
                          const crypto::Sha256Digest& payload_sha256, const std::string& director,
                          const Progress& progress);
  /// uds::kRoutineConfirm, kRoutineDiscard, or kRoutineMarkTry for one more boot on trial.
  Result<void> settle(uds::RoutineId word);
  /// Resets it and waits until it answers again, whatever it runs.
  Result<void> reset();
  /// One slot: whether its old image is there.
  bool has_way_back() const;
  /// One slot: writes its old image and resets it.
  Result<void> go_back();
  /// One slot: what was confirmed is the way back of the next update.
  Result<void> adopt(const std::filesystem::path& image);
  /// Makes a flash() that runs give up.
  void cancel();
  /// False while another thread speaks to the ECU.
  bool idle();

 private:
  class Talk;
  uds::Diagnosis<void> write(Talk& talk, const std::filesystem::path& image,
                             const image::Header& header,
                             const crypto::Sha256Digest& payload_sha256,
                             const std::string& director, const Progress& progress);
  std::filesystem::path copy_file(const char* suffix = "") const;
  std::filesystem::path way_back() const;
  void keep_copy(const std::filesystem::path& image);
  std::string give_back(Talk& talk);
  std::string refusal_text(uds::Flasher& flasher, const uds::DiagnosticError& error);

  const GatewaySettings& settings_;
  const EcuEntry& entry_;
  const MakeTransport make_;
  std::mutex mutex_;         ///< held while one talks to the ECU
  std::mutex talker_mutex_;  ///< of the pointer below
  uds::Flasher* talker_ = nullptr;
};

}  // namespace gatehouse::gateway
