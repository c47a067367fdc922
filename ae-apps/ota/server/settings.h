#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/sdk/settings.h"
#include "bindings/security/tls_settings.h"
#include "cse/primitive/token_buckets.h"

namespace gatehouse::ota_server {

/// Who signs the version reports of an ECU.
enum class Level : std::uint8_t {
  kFull,     ///< the ECU itself
  kGateway,  ///< the vehicle's gateway, for an ECU that cannot
};
/// In messages and vehicle files.
constexpr std::string_view name_of(Level level) {
  return level == Level::kFull ? "full" : "gateway";
}
/// Who signs, everywhere else.
constexpr std::string_view signed_by(Level level) {
  return level == Level::kFull ? "ecu" : "gateway";
}

/// One ECU as the vehicle's maker has put it down.
struct Ecu {
  std::string serial;  ///< unique over all vehicles: it names resources and files
  std::string hardware_id;
  Level level = Level::kFull;
  std::optional<crypto::PublicKey> report_key;  ///< its own, or its gateway's; always set
};

/// One vehicle.
struct Vehicle {
  std::string cse_id;                             ///< of its MN-CSE, "/id-mn"; names the vehicle
  std::string csebase = "cse-mn";                 ///< name of its CSEBase
  std::string gateway = "ota-gateway";            ///< name of the gateway's <AE>
  std::string gateway_ae = "/id-mn/CotaGateway";  ///< the gateway's AE-ID, SP-relative
  std::vector<Ecu> ecus;
  /// Of the gateway, which signs every message as the vehicle's Primary; always set by a
  /// configuration.
  std::optional<crypto::PublicKey> primary_key = std::nullopt;

  /// "/id-mn/cse-mn/ota-gateway/inquiries"
  std::string inquiries() const { return cse_id + "/" + csebase + "/" + gateway + "/inquiries"; }
  /// "/id-mn/cse-mn/ecu-ECU-1"
  std::string node_of(const std::string& serial) const {
    return cse_id + "/" + csebase + "/ecu-" + serial;
  }
  std::string firmware_of(const std::string& serial) const { return node_of(serial) + "/firmware"; }
};

/// How patient the server is.
struct Rules {
  std::string images_url;  ///< "https://ota.example:8444/images/": where gateways find images
  std::chrono::seconds inquiry_lifetime{60};
  std::chrono::seconds offer_timeout{600};  ///< without a completion report it has failed
  /// How long after its offer a vehicle may wait for its user, or until it is fit, if it says so.
  std::chrono::seconds offer_wait{72 * 3600};
  std::chrono::seconds ask_interval{0};  ///< every vehicle is asked so often; 0: never by itself
  bool automatic_offers = true;  ///< what is newer is offered; false: by campaigns and by hand only
};

/// The HTTPS server with the images.
struct ImageServerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;              ///< 0: a free one
  TlsSettings tls;                     ///< both sides authenticate; TLS 1.3 at least
  std::vector<std::string> uploaders;  ///< identities that may PUT, SP-relative
  std::set<std::string> downloaders;   ///< identities that may GET, SP-relative
  Rate rate{1000, 2000};               ///< of each identity's requests; more get a 429
};

/// What the Director signs with, and whom it believes of the Image repository.
struct UptaneSettings {
  std::string director_folder;  ///< made by `gatehouse-oem repo --director`; holds its roots
  std::string images_root;      ///< metadata of the root that is trusted first
  crypto::SigningKey targets_key, snapshot_key, timestamp_key;
  std::chrono::hours validity{24};  ///< of an issue; it is renewed after half of it
};

/// What the image store takes.
struct StoreSettings {
  std::string folder;
  std::vector<crypto::PublicKey> oem_keys;
  std::size_t threshold = 1;  ///< different OEM keys that must have signed
  std::uint64_t max_image_bytes = 64u << 20;
  std::size_t max_images = 1'000;
};

/// All that makes one server.
struct ServerSettings {
  sdk::AeSettings ae;
  ImageServerSettings images;
  StoreSettings store;
  std::string state_dir;
  std::vector<std::string> operators = {"CAdmin"};  ///< may write commands and read histories
  Rules rules;
  bool shows_ecus = false;  ///< as devices (../campaign/management_views.h)
  std::vector<Vehicle> vehicles;
  std::vector<std::string> gateways;  ///< who may write reports; may have wildcards
  /// Always set by a configuration; without it images must come with their targets' names.
  std::optional<UptaneSettings> uptane = std::nullopt;
};

}  // namespace gatehouse::ota_server
