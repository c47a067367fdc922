#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "ae-apps/ota/isotp/endpoint.h"

namespace gatehouse::vehicle {

/// A CAN bus of the vehicle.
struct Bus {
  std::string name;
  std::string at;  ///< virtual:PATH or socketcan:INTERFACE
  bool fd = false;
  can::BitRates rates;
};

/// What another ECU must run before this one is updated.
struct Need {
  std::string serial;
  std::string version;  ///< or a newer one
  friend bool operator==(const Need&, const Need&) = default;
};

/// How long the gateway waits at an ECU's DoIP entity.
struct DoipTimers {
  std::chrono::milliseconds connect{2'000};     ///< TCP, and TLS
  std::chrono::milliseconds activation{2'000};  ///< A_DoIP_Ctrl
  std::chrono::milliseconds ack{2'000};         ///< A_DoIP_Diagnostic_Message
};

struct Ecu {
  std::string serial;
  std::string hardware_id;
  bool constrained = false;        ///< shares a key with the gateway, which verifies for it
  unsigned slots = 2;              ///< 1: the way back is the gateway's copy
  std::string host = "127.0.0.1";  ///< of its DoIP entity
  std::uint16_t port = 13400;
  std::uint16_t logical_address = 0x1010;
  DoipTimers doip;
  std::optional<isotp::EcuOnBus> can;  ///< then not on DoIP
  std::string node = {};  ///< a field node managed over oneM2M: address of its <AE>; empty: an ECU
  std::string node_ae = {};     ///< and who that is: "/id-asn/Cpump"
  bool verifies = false;        ///< a full one: it verifies the Director's orders by itself
  bool tls = false;             ///< DoIP over TLS
  bool by_certificate = false;  ///< 29 in place of 27; then without access_key
  std::string access_key;       ///< names of files
  std::string shared_key;       ///< of a constrained ECU
  std::string factory_image;    ///< of one with a single slot: the first way back
  std::string public_key;       ///< of a full one; may be empty
  std::string image_key = {};   ///< public: images may be encrypted for it; may be empty
  std::vector<Need> needs;
  std::vector<Need> conflicts;  ///< must not run beside it
  int line = 0;                 ///< where it is described

  std::string way() const { return can ? "ISO-TP" : node.empty() ? "DoIP" : "oneM2M"; }
};

/// One vehicle, as its maker describes it in a file.
struct Vehicle {
  std::string vin;
  std::vector<Bus> buses;
  std::vector<Ecu> ecus;

  const Ecu* find(std::string_view serial) const;
  /// Those that others need first; ECUs with one slot, which cannot go back by themselves, last.
  std::vector<std::string> update_order() const;
};

/// `1.10.0` is newer than `1.9`: numbers between dots are compared as numbers.
bool is_at_least(std::string_view version, std::string_view least);

/// Reads a TOML text; `name` begins each error: "car.toml:12: ecu \"SEAT-1\": …". Names of files
/// are taken from `folder` on. Errors: kBadRequest with all that is wrong, a line each.
Result<Vehicle> parse_vehicle(std::string_view toml, const std::string& name,
                              const std::string& folder);
/// Errors: as parse_vehicle, and kBadRequest if the file cannot be read.
Result<Vehicle> load_vehicle(const std::string& file);

}  // namespace gatehouse::vehicle
