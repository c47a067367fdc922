#include "ae-apps/demo/configurations.h"

#include <unistd.h>

#include <fstream>

#include "ae-apps/demo/keys.h"
#include "broker_files.inc"
#include "cse/codec/json.h"

namespace gatehouse::demo {
namespace {

constexpr std::uint64_t kCutDownloadAfterBytes = 64 * 1024;
constexpr int kConsentSeconds = 600;
constexpr int kResetSeconds = 30;
constexpr int kNodeSilenceSeconds = 10;

/// A text in quotes, as TOML and JSON have it.
std::string quoted(const std::string& text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string cse_configuration(const Layout& layout, const std::string& type, std::uint16_t port) {
  return "[cse]\ntype = " + quoted(type) + "\nid = " + quoted("/id-" + type) +
         "\nname = " + quoted("cse-" + type) +
         "\nsp_id = \"//gatehouse.example\"\nadministrator = \"CAdmin\"\n\n[store]\npath = " +
         quoted(layout.file(type + ".db")) +
         "\n\n[credentials]\ncertificate = " + quoted(layout.certificate(type)) +
         "\nkey = " + quoted(layout.key(type)) + "\nca = " + quoted(layout.authority()) +
         "\n\n[http]\nenabled = false\n\n[https]\nenabled = true\nport = " + std::to_string(port) +
         "\n\n[mqtt]\nbroker = " + quoted(layout.broker_url()) +
         "\ntrust_broker_acl = true\n\n[limits]\noriginator_rate = 1000\noriginator_burst = 2000\n"
         "\n[log]\nlevel = \"debug\"\nready_file = " +
         quoted(layout.file(type + ".ready")) + "\n";
}

Value tls(const Layout& layout, const std::string& name) {
  return Value::object({{"certificate", layout.certificate(name)},
                        {"key", layout.key(name)},
                        {"ca", layout.authority()}});
}

std::string ecu_in_vehicle(const Layout& layout, const EcuPlan& ecu) {
  std::string out = "\n[[ecu]]\nserial = " + quoted(ecu.serial) +
                    "\nhardware_id = " + quoted(ecu.hardware_id) +
                    "\nlevel = " + quoted(ecu.level()) + "\n";
  if (!ecu.is_node()) out += "access_key = " + quoted(access_key_file(layout, ecu)) + "\n";
  if (ecu.is_node()) {
    out += "node = " + quoted(ecu.ae_address()) + "\nnode_ae = " + quoted(ecu.ae_id()) + "\n";
  } else if (ecu.request_id.empty()) {
    out +=
        "port = " + std::to_string(ecu.port) + "\nlogical_address = " + ecu.logical_address + "\n";
  } else {
    out += "bus = \"body\"\nrequest_id = " + ecu.request_id + "\nresponse_id = " + ecu.response_id +
           "\n";
  }
  if (!ecu.constrained) out += "verifies = true\n";
  return out +
         (ecu.constrained ? "shared_key = " + quoted(gateway_copy_file(layout, ecu))
                          : "public_key = " + quoted(report_public_key_file(layout, ecu))) +
         "\n";
}

Value ecu_at_server(const Layout& layout, const EcuPlan& ecu) {
  Value out = Value::object({{"serial", ecu.serial},
                             {"hardware_id", ecu.hardware_id},
                             {"level", ecu.constrained ? "gateway" : "full"}});
  if (!ecu.constrained) out.set("public_key", report_public_key_file(layout, ecu));
  return out;
}

/// What server and vehicle believe from the beginning.
std::string first_root(const std::string& repository) {
  return repository + "/metadata/1.root.json";
}

void replace(std::string& text, const std::string& what, const std::string& by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

}  // namespace

std::string in_configuration(const Layout& layout) {
  return cse_configuration(layout, "in", layout.in_port);
}

std::string mn_configuration(const Layout& layout) {
  return cse_configuration(layout, "mn", layout.mn_port) +
         "\n[coaps]\nenabled = true\nport = " + std::to_string(layout.coaps_port) +
         "\n\n[registrar]\ncse_id = \"/id-in\"\nname = \"cse-in\"\nurl = " +
         quoted(layout.in_url()) + "\nretry_seconds = 1\n";
}

std::string asn_configuration(const Layout& layout) {
  return cse_configuration(layout, "asn", layout.asn_port) +
         "\n[registrar]\ncse_id = \"/id-mn\"\nname = \"cse-mn\"\nurl = " + quoted(layout.mn_url()) +
         "\nretry_seconds = 1\n";
}

std::string server_configuration(const Layout& layout) {
  Value ecus = Value::array();
  for (const EcuPlan& ecu : layout.ecus) ecus.push_back(ecu_at_server(layout, ecu));
  Value vehicle = Value::object({{"cse_id", "/id-mn"},
                                 {"csebase", "cse-mn"},
                                 {"gateway", "ota-gateway"},
                                 {"gateway_ae", "/id-mn/CotaGateway"},
                                 {"report_key", gateway_public_key_file(layout)},
                                 {"ecus", std::move(ecus)}});
  return to_json(Value::object(
      {{"cse_url", layout.in_url()},
       {"cse_id", "/id-in"},
       {"csebase", "cse-in"},
       {"ae_id", "CotaServer"},
       {"tls", tls(layout, "server")},
       {"broker", layout.broker_url()},
       {"trust_broker_acl", true},
       {"images", Value::object({{"address", "127.0.0.1"},
                                 {"port", static_cast<int>(layout.images_port)},
                                 {"public_url", layout.images_url() + "/images/"},
                                 {"uploaders", Value::array({"Coem"})}})},
       {"state_dir", layout.file("server")},
       {"oem_keys", Value::array({oem_public_key_file(layout)})},
       {"uptane", Value::object({{"director", layout.director_repository()},
                                 {"images_root", first_root(layout.images_repository())},
                                 {"targets_key", repository_key_file(layout, "director")},
                                 {"snapshot_key", repository_key_file(layout, "director")},
                                 {"timestamp_key", repository_key_file(layout, "director")}})},
       {"operators", Value::array({"CAdmin", "Ccenter"})},
       {"vehicles", Value::array({std::move(vehicle)})}}));
}

std::string vehicle_description(const Layout& layout) {
  std::string out =
      "[vehicle]\nvin = \"GATEHOUSE00000001\"\n\n[bus.body]\nat = " + quoted(layout.bus()) +
      "\nfd = true\n";
  for (const EcuPlan& ecu : layout.ecus) out += ecu_in_vehicle(layout, ecu);
  return out;
}

std::string gateway_configuration(const Layout& layout, const Consent& consent) {
  return to_json(Value::object(
      {{"cse_url", layout.mn_url()},
       {"cse_id", "/id-mn"},
       {"csebase", "cse-mn"},
       {"ae_id", "CotaGateway"},
       {"broker", layout.broker_url()},
       {"trust_broker_acl", true},
       {"tls", tls(layout, "gateway")},
       {"display", Value::object({{"port", static_cast<int>(layout.display_port)}})},
       {"images_url", layout.images_url() + "/images/"},
       {"readers", Value::array({"/id-in/CAdmin", "CAdmin", "Csupport"})},
       {"measurer", "Csupport"},
       {"measurements", "cse-mn/support/ecu-reports"},
       {"state_dir", layout.file("gateway")},
       {"tpm", "software"},
       {"min_free_bytes", 1 << 20},
       {"yes", consent.by_itself},
       {"consent_timeout_s", kConsentSeconds},
       {"reset_limit_s", kResetSeconds},
       {"node_silence_s", kNodeSilenceSeconds},
       {"cut_download_after", kCutDownloadAfterBytes},
       {"oem_keys", Value::array({oem_public_key_file(layout)})},
       {"report_key", gateway_key_file(layout)},
       {"uptane", Value::object({{"director_url", layout.images_url() + "/uptane/director/id-mn/"},
                                 {"images_url", layout.images_url() + "/uptane/images/"},
                                 {"director_root", first_root(layout.director_repository())},
                                 {"images_root", first_root(layout.images_repository())}})},
       {"time", Value::object({{"url", layout.time_url()},
                               {"keys", Value::array({time_public_key_file(layout)})}})},
       {"vehicle_file", "car.toml"}}));
}

std::string broker_configuration(const Layout& layout) {
  std::string text = kBrokerConfiguration;
  // mosquitto gives up root for the user named here, who could not read our files.
  const std::pair<const char*, std::string> places[] = {
      {"@USER@", ::geteuid() == 0 ? "root" : "mosquitto"},
      {"@PORT@", std::to_string(layout.broker_port)},
      {"@ADDRESS@", "127.0.0.1"},
      {"@CERTFILE@", layout.certificate("broker")},
      {"@KEYFILE@", layout.key("broker")},
      {"@CAFILE@", layout.authority()},
      {"@TLS_VERSION@", "tlsv1.3"},
      {"@ACL_FILE@", layout.file("broker/rules.acl")},
      {"@FOLDER@", layout.file("broker")},
  };
  for (const auto& [what, by] : places) replace(text, what, by);
  return text;
}

std::string broker_rules() { return kBrokerAcl; }

std::string curl_configuration(const Layout& layout) {
  return "# curl -K this-file URL: the administrator of the IN-CSE\ncert = " +
         quoted(layout.certificate("admin")) + "\nkey = " + quoted(layout.key("admin")) +
         "\ncacert = " + quoted(layout.authority()) +
         "\nheader = \"X-M2M-Origin: CAdmin\"\nheader = \"X-M2M-RI: 1\"\nheader = \"X-M2M-RVI: "
         "3\"\n"
         "header = \"Accept: application/json\"\nsilent\nshow-error\ninclude\n";
}

Result<void> write_file(const std::string& file, const std::string& text) {
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out << text;
  out.close();
  if (!out) return fail(Rsc::kInternalServerError, file + " cannot be written");
  return {};
}

}  // namespace gatehouse::demo
