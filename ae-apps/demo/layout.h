#pragma once
#include <array>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse::demo {

/// What of the car is updated: an ECU behind the gateway, or a field node with an AE of its own.
struct EcuPlan {
  std::string serial, software, hardware_id;
  bool constrained = false;  ///< shares a key with the gateway, which vouches for it
  std::string logical_address = {};
  std::string request_id = {};  ///< on the CAN bus, speaking ISO-TP; empty: speaks DoIP
  std::string response_id = {};
  std::uint16_t port = 0;  ///< of DoIP
  std::string cse = {};    ///< of a field node: "mn", where its AE is registered, or its own, "asn"
  std::string ae = {};     ///< and its AE-ID-Stem

  bool is_node() const { return !cse.empty(); }
  std::string way() const {
    if (is_node()) return cse == "asn" ? "Mcc, at its own ASN-CSE" : "CoAP over DTLS at the MN-CSE";
    return request_id.empty() ? "DoIP" : "ISO-TP on CAN FD";
  }
  std::string level() const { return constrained ? "constrained" : "full"; }
  std::string kind() const {
    if (is_node()) return cse == "asn" ? "ASN-CSE with its AE" : "application dedicated node";
    return level() + " ECU";
  }
  /// "node lamp", for the lines of steps.
  std::string name() const { return (is_node() ? "node " : "ECU ") + software; }
  /// Of a field node: its AE, its <AE>, its own <node>.
  std::string ae_id() const { return "/id-" + cse + "/" + ae; }
  std::string ae_address() const { return "/id-" + cse + "/cse-" + cse + "/ae-" + serial; }
  std::string node_address() const { return "/id-" + cse + "/cse-" + cse + "/node-" + serial; }
};

/// Who is who, and where everything lies and listens. Names are those that the programs expect.
struct Layout {
  std::filesystem::path programs;  ///< folder of gatehouse-cse and the others
  std::filesystem::path work;      ///< everything that is made

  std::uint16_t in_port = 0, mn_port = 0, asn_port = 0, coaps_port = 0, broker_port = 0,
                images_port = 0, display_port = 0, verifier_port = 0, tnc_port = 0, time_port = 0;
  std::array<std::uint16_t, 2> witness_ports = {};

  std::vector<EcuPlan> ecus = {
      {"BRAKE-0001", "brake", "brake-2", false, "0x1010"},
      {"LIGHT-0001", "light", "light-1", false, "", "0x7E0", "0x7E8"},
      {.serial = "LAMP-0001",
       .software = "lamp",
       .hardware_id = "lamp-1",
       .cse = "mn",
       .ae = "Clamp"},
      {.serial = "PUMP-0001",
       .software = "pump",
       .hardware_id = "pump-1",
       .cse = "asn",
       .ae = "Cpump"},
      {"WINDOW-0001", "window", "window-1", true, "0x1020"},
  };

  std::string program(const std::string& name) const { return (programs / name).string(); }
  std::string file(const std::string& name) const { return (work / name).string(); }
  std::filesystem::path log(const std::string& name) const { return work / "logs" / name; }
  std::string certificate(const std::string& name) const { return file("pki/" + name + ".crt"); }
  std::string key(const std::string& name) const { return file("pki/" + name + ".key"); }
  std::string images_repository() const { return file("desk/images"); }
  std::string director_repository() const { return file("desk/director"); }
  std::string authority() const { return file("pki/ca.crt"); }
  std::string bus() const { return "virtual:" + file("can0"); }
  std::string in_url() const { return "https://127.0.0.1:" + std::to_string(in_port); }
  std::string mn_url() const { return "https://127.0.0.1:" + std::to_string(mn_port); }
  std::string broker_url() const { return "mqtts://localhost:" + std::to_string(broker_port); }
  std::string asn_url() const { return "https://127.0.0.1:" + std::to_string(asn_port); }
  /// Where the AEs of application dedicated nodes speak.
  std::string coaps_url() const { return "coaps://127.0.0.1:" + std::to_string(coaps_port); }
  std::string time_url() const {
    return "http://127.0.0.1:" + std::to_string(time_port) + "/time/";
  }
  std::string images_url() const { return "https://127.0.0.1:" + std::to_string(images_port); }
};

/// Fills in ports of the loopback that are free now, all different. Errors: kInternalServerError.
Result<void> choose_ports(Layout& layout);

/// True if somebody accepts connections at that port of the loopback.
bool listens(std::uint16_t port);

/// A new folder of mode 0700 below the folder for temporary files, or `wanted`, which must be empty
/// or absent. Errors: kAlreadyExists, kInternalServerError.
Result<std::filesystem::path> make_work_folder(const std::string& wanted);

}  // namespace gatehouse::demo
