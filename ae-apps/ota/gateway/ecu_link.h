#pragma once
#include <filesystem>
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

/// A version report ready for the server, and what it says.
struct EcuReport {
  Value entry;  ///< {"ecu","level","report","signature","key_id"}
  std::string version, payload_sha256, attack;
};

/// The gateway's way to one ECU: each function is one DoIP or ISO-TP connection. Errors of all: a
/// sentence for people; kTargetNotReachable if the ECU does not answer, kRequestTimeout if
/// cancelled, kNotAcceptable if it refuses, kOriginatorNotAuthenticated if it is not the ECU of the
/// configuration. Threading: any thread; one after the other.
class EcuLink {
 public:
  using Progress = uds::Flasher::Progress;
  /// The settings outlive it.
  EcuLink(const GatewaySettings& settings, const EcuEntry& entry);

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
  std::mutex mutex_;         ///< held while one talks to the ECU
  std::mutex talker_mutex_;  ///< of the pointer below
  uds::Flasher* talker_ = nullptr;
};

}  // namespace gatehouse::gateway
