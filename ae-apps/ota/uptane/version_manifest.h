#pragma once
#include <map>
#include <string>

#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::uptane {

/// What one ECU says about itself. Source: Uptane standard 2.1 section 5.4.2.1.2.
struct EcuReport {
  std::string serial;
  std::string image;  ///< name of the installed image
  std::uint64_t length = 0;
  Hashes hashes;
  std::string attack;     ///< a Reason's name, empty: none was detected
  Timestamp latest_time;  ///< that the ECU could verify
  std::string nonce;      ///< of the one who asked, so that an old report is none

  friend bool operator==(const EcuReport&, const EcuReport&) = default;
};

/// `{"signed": {"ecu_serial", "installed_image": {"filepath", "fileinfo": {"length", "hashes"}},
/// "attacks_detected", "timeserver_time", "nonce"}, "signatures": […]}`
std::string make_ecu_report(const EcuReport& report, const crypto::SigningKey& key);
/// Errors: kMalformed, kThreshold (not signed by this key), kReplay (another nonce).
Checked<EcuReport> verify_ecu_report(std::string_view text, const crypto::PublicKey& key,
                                     std::string_view nonce);

/// What the Primary sends to the Director: its own signature over the reports of all ECUs.
/// Source: Uptane standard 2.1 section 5.4.2.1.1.
struct VehicleManifest {
  std::string vehicle;  ///< VIN or other unique id
  std::string primary;  ///< serial number
  std::map<std::string, EcuReport, std::less<>> reports;
};

/// `reports`: serial number -> what make_ecu_report gave.
std::string make_vehicle_manifest(std::string_view vehicle, std::string_view primary,
                                  const std::map<std::string, std::string>& reports,
                                  const crypto::SigningKey& key);
/// Verifies the Primary's signature, then every report by the key of its ECU. Errors: as
/// verify_ecu_report; kUnknownEcu for a report of an ECU without a key here; kMalformed if a report
/// stands under another serial number.
Checked<VehicleManifest> verify_vehicle_manifest(
    std::string_view text, const crypto::PublicKey& primary_key,
    const std::map<std::string, crypto::PublicKey, std::less<>>& ecu_keys, std::string_view nonce);

}  // namespace gatehouse::uptane
