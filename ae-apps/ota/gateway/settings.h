#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/clock/time_attestation.h"
#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/ota/crypto/tls_session.h"
#include "ae-apps/ota/download/download_limits.h"
#include "ae-apps/ota/gateway/readiness.h"
#include "ae-apps/ota/image/version_report.h"
#include "ae-apps/ota/uds/flasher.h"
#include "ae-apps/ota/vehicle/vehicle.h"
#include "ae-apps/sdk/settings.h"

namespace gatehouse::gateway {

enum class EcuLevel : std::uint8_t {
  kFull,         ///< signs its reports and verifies images by itself
  kConstrained,  ///< shares a key with the gateway, which signs and verifies for it
};

/// Who signs an ECU's version reports, and so vouches for what it runs: "ecu", "gateway".
constexpr std::string_view signed_by(EcuLevel level) {
  return level == EcuLevel::kFull ? "ecu" : "gateway";
}

/// A field node with an AE of its own, managed over oneM2M in place of UDS.
struct NodeEntry {
  std::string at;  ///< address of its <AE>: "/id-asn/cse-asn/ae-PUMP-1"
  std::string ae;  ///< who it is: "/id-asn/Cpump"
};

/// One ECU behind the gateway: what the vehicle's maker has put down about it.
struct EcuEntry {
  std::string serial;
  std::string hardware_id;
  std::string host = "127.0.0.1";  ///< of its DoIP entity
  std::uint16_t port = 13400;
  std::uint16_t logical_address = 0x1010;
  vehicle::DoipTimers doip;
  std::optional<isotp::EcuOnBus> can;            ///< reached over ISO-TP in place of DoIP
  std::optional<NodeEntry> node = std::nullopt;  ///< then nothing but oneM2M reaches it
  EcuLevel level = EcuLevel::kFull;
  bool verifies = false;      ///< a full one that knows the Director's root and verifies its orders
  unsigned slots = 2;         ///< 1: the way back is the gateway's copy
  std::string factory_image;  ///< a file; the way back before the first update
  bool tls = false;           ///< DoIP over TLS
  bool by_certificate = false;           ///< 29 in place of 27
  std::vector<vehicle::Need> needs;      ///< what must run before it is updated
  std::vector<vehicle::Need> conflicts;  ///< what must not run beside it
  Bytes access_key;                      ///< of security access
  Bytes shared_key;                      ///< of a constrained ECU; empty if it is in the TPM
  std::string shared_key_file;           ///< where the TPM takes it from, once
  image::Mac mac;                        ///< by that key, wherever it is; empty: by `shared_key`
  std::optional<crypto::PublicKey> image_key;  ///< images may be encrypted for it
  std::optional<crypto::PublicKey> public_key; /**< of a full ECU: its reports are checked here,
                                                    too, before they are handed on */
};

/// Where the two repositories are, and whom the vehicle believed when it left the factory.
struct UptaneEntry {
  std::string
      director_url;  ///< of this vehicle's Director, "https://host:port/uptane/director/id-mn/"
  std::string images_url;     ///< "https://host:port/uptane/images/"
  std::string director_root;  ///< metadata
  std::string images_root;
};

/// An EcuEntry of what a vehicle's file says; with `keys_in_tpm` the shared key is not read here.
/// Errors: as of the keys' files, with the line.
Result<EcuEntry> entry_of(const vehicle::Ecu& ecu, bool keys_in_tpm = false);

/// The servers that attest the time, each with a key of its own.
struct TimeEntry {
  std::vector<std::string> urls;  ///< "http://host:port/time/"; at least keys.threshold
  ota::TimeKeys keys;
};

/// All that makes one gateway.
struct GatewaySettings {
  sdk::AeSettings ae;
  std::string server_ae;     ///< "/id-in/CotaServer": the only one that may ask and offer
  std::string reports;       ///< address of the server's container
  std::string measurer;      ///< AE of this CSE that measures the vehicle; empty: none
  std::string measurements;  ///< its container for the ECUs' reports
  std::string images_url;    ///< "https://host:port/images/": no image comes from anywhere else
  std::vector<std::string> readers;                   ///< who else may look at the ECUs
  std::vector<std::string> announce_to = {"/id-in"};  ///< CSE-IDs; empty: nowhere
  std::string vehicle;                                ///< "/id-mn"; as reports name it
  std::string bundles;  ///< folder where USB sticks with bundles are mounted; empty: none
  std::string state_dir;
  /// Where the keys of constrained ECUs are: a TPM's TCTI string, or "software"; empty: in memory.
  std::string tpm;
  std::vector<crypto::PublicKey> oem_keys;
  std::optional<crypto::SigningKey> report_key;  ///< signs for the constrained ECUs
  std::uint64_t min_free_bytes = 64u << 20;      ///< left on the disk once the image is there
  std::uint64_t max_image_bytes = 64u << 20;
  ota::DownloadLimits::Settings download;  ///< of images
  bool auto_consent = false;
  std::chrono::milliseconds consent_timeout{24 * 3600 * 1000};
  std::chrono::milliseconds reset_limit{60'000};    ///< for an ECU to come back
  std::chrono::milliseconds gather_limit{600'000};  ///< for all orders of a release to be there
  std::chrono::milliseconds server_wait{600'000};   ///< for an OTA server that is out of reach
  std::chrono::milliseconds order_freshness{3'600'000};  ///< older orders are verified again
  std::chrono::milliseconds retry_pause{2'000};          ///< before a report is pushed again
  std::chrono::milliseconds node_silence{30'000};  ///< of a field node that carries out an order
  std::chrono::milliseconds retry_most{300'000};   /**< who does not answer is tried again after
                                                        retry_pause, then twice that and so on, up
                                                        to this */
  uds::ClientSettings uds;
  std::optional<uds::TesterCredential> credential;  ///< of ECUs with by_certificate
  std::optional<crypto::TlsCredentials> doip_tls;   ///< of ECUs with tls
  std::optional<std::uint64_t> cut_download_after;  ///< for demonstrations: cuts it once
  std::vector<EcuEntry> ecus;
  /// Always set by a configuration. Without it every order is refused.
  std::optional<UptaneEntry> uptane = std::nullopt;
  /// Then expiry is judged by attested time alone.
  std::optional<TimeEntry> time = std::nullopt;
  Preconditions preconditions = {};
  std::optional<MaintenanceWindow> window = std::nullopt;  ///< none: at any time
  std::string time_zone = {};  ///< of a window with `local`: use_time_zone() at the start
};

}  // namespace gatehouse::gateway
