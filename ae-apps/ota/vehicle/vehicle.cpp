#include "ae-apps/ota/vehicle/vehicle.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <map>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/vehicle/table_reader.h"

namespace gatehouse::vehicle {
namespace {

constexpr std::size_t kMaxFileBytes = 256 * 1024;
constexpr std::size_t kMaxEcus = 64, kMaxBuses = 16;
constexpr std::size_t kVinLetters = 17;

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= 48 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
         });
}

bool is_version(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; });
}

/// All that one file says.
class FileReader {
 public:
  FileReader(const std::string& name, std::string folder)
      : faults_(name), folder_(std::move(folder)) {}

  Result<Vehicle> read(std::string_view text) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
      faults_.add(static_cast<int>(parsed.error().source().begin.line),
                  std::string(parsed.error().description()));
      return fail(Rsc::kBadRequest, faults_.text());
    }
    const toml::table& file = parsed.table();
    read_head(file);
    if (const toml::table* buses = file["bus"].as_table()) {
      for (const auto& [name, node] : *buses) read_bus(std::string(name.str()), node);
    }
    if (const toml::array* ecus = file["ecu"].as_array()) {
      for (const toml::node& node : *ecus) read_ecu(node);
    }
    if (out_.ecus.empty() && faults_.none()) faults_.add(1, "no [[ecu]] is described");
    if (out_.ecus.size() > kMaxEcus) faults_.add(out_.ecus[kMaxEcus].line, "at most 64 ECUs");
    if (out_.buses.size() > kMaxBuses) faults_.add(1, "at most 16 buses");
    check_places();
    check_needs();
    if (!faults_.none()) return fail(Rsc::kBadRequest, faults_.text());
    return std::move(out_);
  }

 private:
  void read_head(const toml::table& file) {
    for (const auto& [key, node] : file) {
      if (key != "vehicle" && key != "bus" && key != "ecu") {
        faults_.add(line_of(node), "there is no table " + std::string(key.str()));
      }
    }
    for (const char* key : {"vehicle", "bus"}) {
      if (file.contains(key) && !file[key].is_table())
        faults_.add(line_of(*file.get(key)), std::string(key) + " is a table: [" + key + "]");
    }
    if (file.contains("ecu") && !file["ecu"].is_array_of_tables()) {
      faults_.add(line_of(*file.get("ecu")), "ecu is a list of tables: [[ecu]]");
    }
    const toml::table* head = file["vehicle"].as_table();
    if (head == nullptr) return faults_.add(1, "[vehicle] is missing");
    TableReader in(*head, "vehicle", faults_);
    out_.vin = in.text("vin", true);
    if (in.has("vin") && out_.vin.size() != kVinLetters) in.fault("vin", "has 17 letters");
    in.finish();
  }

  void read_bus(const std::string& name, const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return faults_.add(line_of(node), "bus." + name + " must be a table");
    TableReader in(*table, "bus." + name, faults_);
    Bus bus;
    bus.name = name;
    bus.at = in.text("at", true);
    if (in.has("at") && !can::names_a_bus(bus.at)) {
      in.fault("at", "must be virtual:PATH or socketcan:INTERFACE");
    }
    constexpr std::string_view kVirtual = "virtual:";
    if (bus.at.starts_with(kVirtual)) {
      bus.at = std::string(kVirtual) + locate(bus.at.substr(kVirtual.size()));
    }
    bus.fd = in.truth("fd", false);
    constexpr std::int64_t kLeastRate = 1'000, kMostRate = 20'000'000;
    bus.rates.nominal =
        static_cast<std::uint32_t>(in.whole("bit_rate", kLeastRate, kMostRate, bus.rates.nominal));
    bus.rates.data = static_cast<std::uint32_t>(
        in.whole("data_bit_rate", kLeastRate, kMostRate, bus.rates.data));
    in.finish();
    out_.buses.push_back(std::move(bus));
  }

  void read_ecu(const toml::node& node) {
    const toml::table* table = node.as_table();
    if (table == nullptr) return;
    const std::string serial = table->get("serial") == nullptr
                                   ? std::string("?")
                                   : table->get("serial")->value_or(std::string("?"));
    TableReader in(*table, "ecu \"" + serial + "\"", faults_);
    Ecu ecu;
    ecu.line = line_of(node);
    ecu.serial = in.text("serial", true);
    if (in.has("serial") && !is_plain_name(ecu.serial)) {
      in.fault("serial", "must be 1 to 48 letters, digits, '-', '_' or '.'");
    }
    ecu.hardware_id = in.text("hardware_id", true);
    const std::string level = in.text("level", false, "full");
    if (level != "full" && level != "constrained") {
      in.fault("level", "must be \"full\" or \"constrained\"");
    }
    ecu.constrained = level == "constrained";
    ecu.slots = static_cast<unsigned>(in.whole("slots", 1, 2, 2));
    ecu.verifies = in.truth("verifies", false);
    if (ecu.verifies && (ecu.constrained || ecu.slots == 1)) {
      in.fault("verifies", "is for full ECUs with two slots: nobody orders the way back of one");
    }
    if (in.has("factory_image")) ecu.factory_image = locate(in.text("factory_image", true));
    if (in.has("node")) {
      read_place_in_onem2m(in, ecu);
    } else if (in.has("bus")) {
      read_place_on_bus(in, ecu);
    } else {
      read_place_on_doip(in, ecu);
    }
    read_keys(in, ecu);
    for (const std::string& need : in.texts("needs")) read_need(in, "needs", need, ecu.needs);
    for (const std::string& other : in.texts("conflicts")) {
      read_need(in, "conflicts", other, ecu.conflicts);
    }
    in.finish();
    out_.ecus.push_back(std::move(ecu));
  }

  void read_place_on_bus(TableReader& in, Ecu& ecu) {
    const std::string name = in.text("bus", true);
    const auto bus = std::find_if(out_.buses.begin(), out_.buses.end(),
                                  [&](const Bus& each) { return each.name == name; });
    if (bus == out_.buses.end()) return in.fault("bus", "names no bus: [bus." + name + "]");
    isotp::EcuOnBus can;
    can.bus = bus->at;
    can.fd = bus->fd;
    can.request_id =
        static_cast<std::uint32_t>(in.whole("request_id", 0, can::kMaxExtendedId, can.request_id));
    can.response_id = static_cast<std::uint32_t>(
        in.whole("response_id", 0, can::kMaxExtendedId, can.response_id));
    can.functional_id = static_cast<std::uint32_t>(
        in.whole("functional_id", 0, can::kMaxExtendedId, *can.functional_id));
    read_isotp(in, can);
    ecu.can = can;
  }

  void read_isotp(TableReader& in, isotp::EcuOnBus& can) {
    const auto byte = [&](std::string_view key, std::int64_t most, std::uint8_t fallback) {
      return static_cast<std::uint8_t>(in.whole(key, 0, most, fallback));
    };
    const auto address = [&](std::string_view key) -> std::optional<std::uint8_t> {
      if (!in.has(key)) return std::nullopt;
      return byte(key, 0xFF, 0);
    };
    can.ecu_address = address("ecu_address");
    can.tester_address = address("tester_address");
    can.address_extension = address("address_extension");
    if (can.ecu_address.has_value() != can.tester_address.has_value()) {
      in.fault(can.ecu_address ? "ecu_address" : "tester_address",
               "extended addressing needs ecu_address and tester_address");
    } else if (can.ecu_address && can.address_extension) {
      in.fault("address_extension", "is mixed addressing, ecu_address is extended: one of them");
    } else if (can.ecu_address && can.ecu_address == can.tester_address) {
      in.fault("tester_address", "must not be that of the ECU");
    }
    can.block_size = byte("block_size", 0xFF, can.block_size);
    can.st_min_ms = byte("st_min_ms", 0x7F, can.st_min_ms);
    can.padding = byte("padding", 0xFF, can.padding);
    can.n_a = time(in, "n_a_ms", can.n_a);
    can.n_bs = time(in, "n_bs_ms", can.n_bs);
    can.n_cr = time(in, "n_cr_ms", can.n_cr);
  }

  void read_place_in_onem2m(TableReader& in, Ecu& ecu) {
    ecu.node = in.text("node", true);
    ecu.node_ae = in.text("node_ae", true);
    if (!ecu.node.starts_with('/')) in.fault("node", "must be SP-relative: /id-asn/cse-asn/ae-1");
    if (!ecu.node_ae.starts_with('/')) in.fault("node_ae", "must be SP-relative: /id-asn/Cnode");
    if (ecu.constrained || ecu.slots == 1) {
      in.fault("node", "is for those with two slots that sign by themselves");
    }
  }

  void read_place_on_doip(TableReader& in, Ecu& ecu) {
    ecu.host = in.text("host", false, ecu.host);
    in_addr address{};
    if (inet_pton(AF_INET, ecu.host.c_str(), &address) != 1) {
      in.fault("host", "must be an IPv4 address");
    }
    ecu.port = static_cast<std::uint16_t>(in.whole("port", 1, 0xFFFF, ecu.port));
    ecu.logical_address =
        static_cast<std::uint16_t>(in.whole("logical_address", 1, 0xFFFF, ecu.logical_address));
    ecu.tls = in.truth("tls", false);
    ecu.doip.connect = time(in, "connect_ms", ecu.doip.connect);
    ecu.doip.activation = time(in, "activation_ms", ecu.doip.activation);
    ecu.doip.ack = time(in, "ack_ms", ecu.doip.ack);
  }

  static std::chrono::milliseconds time(TableReader& in, std::string_view key,
                                        std::chrono::milliseconds fallback) {
    return std::chrono::milliseconds(in.whole(key, 1, 60'000, fallback.count()));
  }

  void read_keys(TableReader& in, Ecu& ecu) {
    const std::string access = in.text("authentication", false, "seed-key");
    if (access != "seed-key" && access != "certificate") {
      in.fault("authentication", "must be \"seed-key\" or \"certificate\"");
    }
    ecu.by_certificate = access == "certificate";
    const bool by_secret = !ecu.by_certificate && ecu.node.empty();
    if (by_secret) ecu.access_key = locate(in.text("access_key", true));
    if (ecu.constrained) {
      ecu.shared_key = locate(in.text("shared_key", true));
    } else if (in.has("public_key")) {
      ecu.public_key = locate(in.text("public_key", true));
    }
    if (in.has("image_key")) ecu.image_key = locate(in.text("image_key", true));
  }

  static std::string trimmed(std::string_view text) {
    const auto from = text.find_first_not_of(' ');
    if (from == std::string_view::npos) return {};
    return std::string(text.substr(from, text.find_last_not_of(' ') - from + 1));
  }

  void read_need(TableReader& in, const char* key, const std::string& text,
                 std::vector<Need>& into) {
    const auto at = text.find(">=");
    Need need{trimmed(text.substr(0, at)),
              at == std::string::npos ? std::string() : trimmed(text.substr(at + 2))};
    if (!is_plain_name(need.serial) || !is_version(need.version)) {
      return in.fault(key, "\"" + text + "\" must be \"SERIAL >= 1.2.3\"");
    }
    into.push_back(std::move(need));
  }

  /// No two ECUs hear the same requests.
  void check_places() {
    std::map<std::string, int> serials, places;
    for (const Ecu& ecu : out_.ecus) {
      const auto once = [&](std::map<std::string, int>& seen, const std::string& what) {
        const auto [found, added] = seen.emplace(what, ecu.line);
        if (!added) {
          faults_.add(ecu.line, "ecu \"" + ecu.serial + "\": " + what + " is taken by line " +
                                    std::to_string(found->second));
        }
      };
      once(serials, "serial " + ecu.serial);
      if (!ecu.node.empty()) {
        once(places, "node " + ecu.node);
        continue;
      }
      if (!ecu.can) {
        once(places, "address " + ecu.host + ":" + std::to_string(ecu.port) + "/" +
                         std::to_string(ecu.logical_address));
        continue;
      }
      // ECUs with addresses of their own may share identifiers.
      const auto& own = ecu.can->ecu_address ? ecu.can->ecu_address : ecu.can->address_extension;
      const std::string address = own ? "/" + std::to_string(*own) : "";
      const std::string place = "identifier " + ecu.can->bus + "/";
      once(places, place + std::to_string(ecu.can->request_id) + address);
      once(places, place + std::to_string(ecu.can->response_id) + address);
    }
  }

  void check_needs() {
    for (const Ecu& ecu : out_.ecus) {
      for (const Need& need : ecu.needs) {
        const std::string what = "ecu \"" + ecu.serial + "\": needs \"" + need.serial + "\"";
        if (need.serial == ecu.serial) faults_.add(ecu.line, what + ", which is itself");
        if (out_.find(need.serial) == nullptr) faults_.add(ecu.line, what + ", which is no ECU");
      }
      for (const Need& other : ecu.conflicts) {
        if (other.serial != ecu.serial && out_.find(other.serial) != nullptr) continue;
        faults_.add(ecu.line, "ecu \"" + ecu.serial + "\": conflicts \"" + other.serial +
                                  "\", which is no other ECU");
      }
    }
    if (!faults_.none()) return;
    const auto order = out_.update_order();
    for (const Ecu& ecu : out_.ecus) {
      if (std::find(order.begin(), order.end(), ecu.serial) == order.end()) {
        faults_.add(ecu.line, "ecu \"" + ecu.serial + "\": needs lead in a circle");
      }
    }
  }

  std::string locate(const std::string& name) const {
    if (name.empty() || name.starts_with("pkcs11:")) return name;
    return (std::filesystem::path(folder_) / name).lexically_normal().string();
  }

  Faults faults_;
  std::string folder_;
  Vehicle out_;
};

}  // namespace

const Ecu* Vehicle::find(std::string_view serial) const {
  const auto found =
      std::find_if(ecus.begin(), ecus.end(), [&](const Ecu& ecu) { return ecu.serial == serial; });
  return found == ecus.end() ? nullptr : &*found;
}

std::vector<std::string> Vehicle::update_order() const {
  std::vector<std::string> out;
  const auto done = [&](const std::string& serial) {
    return std::find(out.begin(), out.end(), serial) != out.end();
  };
  for (bool single_slots = false, any = true; any || !single_slots;) {
    any = false;
    for (const Ecu& ecu : ecus) {
      const bool ready = std::all_of(ecu.needs.begin(), ecu.needs.end(),
                                     [&](const Need& need) { return done(need.serial); });
      if (done(ecu.serial) || !ready || (ecu.slots == 1 && !single_slots)) continue;
      out.push_back(ecu.serial);
      any = true;
    }
    // Those with one slot only when nobody else is ready any more.
    if (!any && !single_slots) single_slots = any = true;
  }
  return out;
}

bool is_at_least(std::string_view version, std::string_view least) {
  const auto next = [](std::string_view& text) {
    std::uint64_t out = 0;
    const auto dot = std::min(text.find('.'), text.size());
    std::from_chars(text.data(), text.data() + dot, out);
    text.remove_prefix(std::min(dot + 1, text.size()));
    return out;
  };
  if (version.empty() || std::isdigit(static_cast<unsigned char>(version[0])) == 0) return false;
  while (!version.empty() || !least.empty()) {
    const std::uint64_t has = next(version), wants = next(least);
    if (has != wants) return has > wants;
  }
  return true;
}

Result<Vehicle> parse_vehicle(std::string_view toml, const std::string& name,
                              const std::string& folder) {
  return FileReader(name, folder).read(toml);
}

Result<Vehicle> load_vehicle(const std::string& file) {
  const Result<Bytes> bytes = crypto::read_file(file, kMaxFileBytes);
  if (!bytes) return fail(Rsc::kBadRequest, file + ": " + bytes.error().detail);
  const std::filesystem::path path = std::filesystem::absolute(file);
  return parse_vehicle(text_of(*bytes), path.filename().string(), path.parent_path().string());
}

}  // namespace gatehouse::vehicle
