#include "ae-apps/demo/car.h"

namespace gatehouse::demo {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr Milliseconds kStartLimit{20'000};
constexpr int kBusBitRate = 500'000, kBusDataBitRate = 2'000'000;  // bit/s

}  // namespace

Result<void> Car::set_up(const Consent& consent) {
  consent_ = consent;
  std::error_code error;
  for (const char* folder : {"logs", "keys", "broker", "gateway", "server", "ecus"}) {
    fs::create_directories(layout_.work / folder, error);
  }
  if (error) return fail(Rsc::kInternalServerError, "the work folder cannot be written");
  if (auto chosen = choose_ports(layout_); !chosen) return chosen;
  const std::pair<const char*, Part> parts[] = {
      {"keys and certificates", &Car::make_all_keys},
      {"MQTT broker", &Car::start_broker},
      {"IN-CSE /id-in", &Car::start_in},
      {"MN-CSE /id-mn", &Car::start_mn},
      {"ASN-CSE /id-asn", &Car::start_asn},
      {"CAN FD bus", &Car::start_bus},
      {"time server", &Car::start_time_server},
      {"ECUs", &Car::start_ecus},
      {"field nodes", &Car::start_nodes},
      {"OTA server", &Car::start_server},
      {"OTA gateway", &Car::start_gateway},
  };
  for (const auto& [name, part] : parts) {
    if (auto done = set_up_part(name, part); !done) return done;
  }
  return {};
}

Result<void> Car::set_up_part(const char* name, Part part) {
  if (interrupted()) return fail(Rsc::kInternalServerError, "stopped by a signal");
  const auto start = Clock::now();
  const Result<std::string> detail = (this->*part)();
  if (!detail) {
    return fail(detail.error().rsc, std::string(name) + ": " + detail.error().detail);
  }
  screen_.done(name, *detail, std::chrono::duration_cast<Duration>(Clock::now() - start));
  return {};
}

Result<std::string> Car::make_all_keys() {
  log_ = layout_.log("tools.log");
  Result<Keys> keys = make_keys(layout_);
  if (!keys) return fail(keys.error());
  keys_ = *std::move(keys);
  desk_.emplace(layout_, keys_);
  if (auto done = desk_->open_repository(); !done) return fail(done.error());
  const auto caller = [this](const std::string& name, const std::string& url) {
    return Caller{url, layout_.certificate(name), layout_.key(name), layout_.authority(), "CAdmin"};
  };
  in_ = std::make_unique<CseClient>(caller("admin", layout_.in_url()));
  mn_ = std::make_unique<CseClient>(caller("admin-mn", layout_.mn_url()));
  if (auto done = write_file(layout_.file("curl.conf"), curl_configuration(layout_)); !done) {
    return fail(done.error());
  }
  return std::to_string(keys_.certificates) + " certificates; OEM key " +
         shortened(keys_.oem_key_id, 8) + " in a SoftHSM2 token";
}

Result<void> Car::start(const std::string& name, std::vector<std::string> words,
                        Variables variables) {
  log_ = layout_.log(name + ".log");
  return crew_.start(
      {name, std::move(words), std::move(variables), layout_.log(name + ".out"), log_});
}

Result<void> Car::wait_for_text(const std::string& what, const std::string& log,
                                const std::string& text) {
  const fs::path file = layout_.log(log);
  return crew_.wait_until(what, kStartLimit,
                          [&] { return whole_file(file).find(text) != std::string::npos; });
}

Result<std::string> Car::start_broker() {
  const Result<std::string> program = find_program("mosquitto");
  if (!program) return fail(program.error());
  const std::string file = layout_.file("broker/mosquitto.conf");
  if (auto done = write_file(file, broker_configuration(layout_)); !done) return fail(done.error());
  if (auto done = write_file(layout_.file("broker/rules.acl"), broker_rules()); !done) {
    return fail(done.error());
  }
  fs::permissions(layout_.file("broker/rules.acl"), fs::perms::owner_read | fs::perms::owner_write);
  if (auto done = start("broker", {*program, "-c", file}); !done) return fail(done.error());
  const auto ready = [this] { return listens(layout_.broker_port); };
  if (auto done = crew_.wait_until("the broker starts", kStartLimit, ready); !done) {
    return fail(done.error());
  }
  return "mosquitto at port " + std::to_string(layout_.broker_port) +
         "; TLS 1.3, topics by certificate";
}

Result<void> Car::start_cse(const std::string& type) {
  const std::string file = layout_.file(type + ".toml");
  const std::string text = type == "in"   ? in_configuration(layout_)
                           : type == "mn" ? mn_configuration(layout_)
                                          : asn_configuration(layout_);
  if (auto done = write_file(file, text); !done) return done;
  const std::string name = type + "-cse";
  crew_.follow_primitives(type == "in"   ? "IN"
                          : type == "mn" ? "MN"
                                         : "ASN",
                          layout_.log(name + ".log"));
  if (auto done = start(name, {layout_.program("gatehouse-cse"), "--config", file}); !done) {
    return done;
  }
  feed_.follow(name, layout_.log(name + ".log"));
  return crew_.wait_until("the CSE /id-" + type + " starts", kStartLimit,
                          [&] { return fs::exists(layout_.file(type + ".ready")); });
}

Result<std::string> Car::start_in() {
  if (auto done = start_cse("in"); !done) return fail(done.error());
  return layout_.in_url() + "; mutual TLS, MQTT";
}

Result<void> Car::wait_until_in_reaches(const std::string& address, const std::string& what) {
  Answer answer;
  const auto reached = [&] {
    answer = in_->retrieve(address);
    return is_success(answer.rsc);
  };
  if (auto done = crew_.wait_until(what, kStartLimit, reached); !done) {
    return fail(done.error().rsc,
                done.error().detail + " (" + answer.code() + " " + answer.reason + ")");
  }
  return {};
}

Result<std::string> Car::start_mn() {
  if (auto done = start_cse("mn"); !done) return fail(done.error());
  if (auto done = wait_until_in_reaches("cse-in/id-mn", "the MN-CSE registers"); !done) {
    return fail(done.error());
  }
  return layout_.mn_url() + "; registered at /id-in as <remoteCSE>";
}

/// It is there once the IN-CSE finds the way to it, over the MN-CSE.
Result<std::string> Car::start_asn() {
  if (auto done = start_cse("asn"); !done) return fail(done.error());
  if (auto done =
          wait_until_in_reaches("/id-asn/cse-asn", "the ASN-CSE is reached from the IN-CSE");
      !done) {
    return fail(done.error());
  }
  return layout_.asn_url() + "; registered at /id-mn, reached from /id-in over it";
}

Result<std::string> Car::start_bus() {
  const std::string rate = std::to_string(kBusBitRate), data_rate = std::to_string(kBusDataBitRate);
  if (auto done =
          start("can-bus", {layout_.program("gatehouse-can"), "--socket", layout_.file("can0"),
                            "--bit-rate", rate, "--data-bit-rate", data_rate});
      !done) {
    return fail(done.error());
  }
  if (auto done = wait_for_text("the CAN bus starts", "can-bus.out", "CAN bus at"); !done) {
    return fail(done.error());
  }
  return "virtual, between processes: " + std::to_string(kBusBitRate / 1000) + "/" +
         std::to_string(kBusDataBitRate / 1000) + " kbit/s";
}

Result<std::string> Car::start_time_server() {
  if (auto done = start("time-server",
                        {layout_.program("gatehouse-time-server"), "--key", time_key_file(layout_),
                         "--port", std::to_string(layout_.time_port)});
      !done) {
    return fail(done.error());
  }
  if (auto done = wait_for_text("the time server starts", "time-server.out", "READY"); !done) {
    return fail(done.error());
  }
  return layout_.time_url() + "; by its time gateway, ECUs and field nodes judge what has expired";
}

Result<void> Car::start_ecu(EcuPlan& ecu) {
  log_ = layout_.log("tools.log");
  const Result<Image> factory = desk_->release(ecu, {kFactoryVersion, 1, true, {}});
  if (!factory) return fail(factory.error());
  std::vector<std::string> words = {layout_.program("gatehouse-ecu"),
                                    "--state",
                                    layout_.file("ecus/" + ecu.serial),
                                    "--serial",
                                    ecu.serial,
                                    "--hardware-id",
                                    ecu.hardware_id,
                                    "--access-key",
                                    access_key_file(layout_, ecu),
                                    "--initial-image",
                                    factory->file,
                                    "--watchdog-ms",
                                    "15000"};
  if (ecu.request_id.empty()) {
    words.insert(words.end(),
                 {"--port", std::to_string(ecu.port), "--logical-address", ecu.logical_address});
  } else {
    words.insert(words.end(), {"--can", layout_.bus(), "--can-fd", "--can-request-id",
                               ecu.request_id, "--can-response-id", ecu.response_id});
  }
  if (ecu.constrained) {
    words.insert(words.end(), {"--constrained", "--shared-key", shared_key_file(layout_, ecu)});
  } else {
    words.insert(words.end(),
                 {"--key", report_key_file(layout_, ecu), "--oem-key", oem_public_key_file(layout_),
                  "--director-root", layout_.director_repository() + "/metadata/1.root.json",
                  "--time-key", time_public_key_file(layout_)});
  }
  const std::string name = "ecu-" + ecu.software;
  if (auto done = start(name, std::move(words)); !done) return done;
  if (auto done = wait_for_text("ECU " + ecu.serial + " boots", name + ".out", "listening on");
      !done) {
    return done;
  }
  return {};
}

Result<std::string> Car::start_ecus() {
  std::string detail;
  for (EcuPlan& ecu : layout_.ecus) {
    if (ecu.is_node()) continue;
    if (auto done = start_ecu(ecu); !done) return fail(done.error());
    const std::string place =
        ecu.request_id.empty() ? "DoIP :" + std::to_string(ecu.port) : "ISO-TP " + ecu.request_id;
    detail += (detail.empty() ? "" : ", ") + ecu.serial + " (" + ecu.level() + ") " + place;
  }
  return detail;
}

/// Their own CSE, or the MN-CSE, must be there; the gateway finds them by itself.
Result<void> Car::start_node(const EcuPlan& node) {
  log_ = layout_.log("tools.log");
  const Result<Image> factory = desk_->release(node, {kFactoryVersion, 1, true, {}});
  if (!factory) return fail(factory.error());
  const std::string gateway = "/id-mn/cse-mn/ota-gateway/";
  std::vector<std::string> words = {layout_.program("gatehouse-ota-node"),
                                    "--state",
                                    layout_.file("ecus/" + node.serial),
                                    "--serial",
                                    node.serial,
                                    "--hardware-id",
                                    node.hardware_id,
                                    "--key",
                                    report_key_file(layout_, node),
                                    "--oem-key",
                                    oem_public_key_file(layout_),
                                    "--director-root",
                                    layout_.director_repository() + "/metadata/1.root.json",
                                    "--time-key",
                                    time_public_key_file(layout_),
                                    "--manager",
                                    "/id-in/CAdmin",
                                    "--gateway",
                                    "/id-mn/CotaGateway",
                                    "--answers",
                                    gateway + "node-answers",
                                    "--images",
                                    gateway,
                                    "--initial-image",
                                    factory->file};
  const bool adn = node.cse == "mn";
  if (adn) words.insert(words.end(), {"--coap-listen", "127.0.0.1"});
  const std::string certificate = node.software + "-ae";
  Variables variables = {{"GATEHOUSE_CSE_URL", adn ? layout_.coaps_url() : layout_.asn_url()},
                         {"GATEHOUSE_CSE_ID", "/id-" + node.cse},
                         {"GATEHOUSE_CSEBASE", "cse-" + node.cse},
                         {"GATEHOUSE_AE_ID", node.ae},
                         {"GATEHOUSE_TLS_CERTIFICATE", layout_.certificate(certificate)},
                         {"GATEHOUSE_TLS_KEY", layout_.key(certificate)},
                         {"GATEHOUSE_TLS_CA", layout_.authority()}};
  if (!adn) variables.emplace_back("GATEHOUSE_LISTEN", "127.0.0.1:0");
  const std::string name = "ecu-" + node.software;
  if (auto done = start(name, std::move(words), std::move(variables)); !done) return done;
  if (auto done = wait_for_text("node " + node.serial + " starts", name + ".out", "READY"); !done) {
    return done;
  }
  feed_.follow(node.software, layout_.log(name + ".out"));
  return {};
}

Result<std::string> Car::start_nodes() {
  std::string detail;
  for (const EcuPlan& node : layout_.ecus) {
    if (!node.is_node()) continue;
    if (auto done = start_node(node); !done) return fail(done.error());
    detail += (detail.empty() ? "" : ", ") + node.serial + " (" + node.kind() + ") as " +
              node.ae_id() + (node.cse == "mn" ? " by CoAP over DTLS" : "");
  }
  return detail;
}

Result<std::string> Car::start_server() {
  const std::string file = layout_.file("server.json");
  if (auto done = write_file(file, server_configuration(layout_)); !done) return fail(done.error());
  if (auto done = start("ota-server", {layout_.program("gatehouse-ota-server"), "--config", file});
      !done) {
    return fail(done.error());
  }
  if (auto done = wait_for_text("the OTA server starts", "ota-server.out", "READY"); !done) {
    return fail(done.error());
  }
  feed_.follow("server", layout_.log("ota-server.out"));
  return "IN-AE /id-in/CotaServer; images at port " + std::to_string(layout_.images_port);
}

Result<std::string> Car::start_gateway() {
  if (auto done = write_file(layout_.file("car.toml"), vehicle_description(layout_)); !done) {
    return fail(done.error());
  }
  std::string adopted;
  for (const EcuPlan& ecu : layout_.ecus) {
    if (!ecu.constrained) continue;
    fs::copy_file(shared_key_file(layout_, ecu), gateway_copy_file(layout_, ecu));
    adopted += "; the key of " + ecu.serial + " is in its TPM alone";
  }
  const std::string file = layout_.file("gateway.json");
  if (auto done = write_file(file, gateway_configuration(layout_, consent_)); !done) {
    return fail(done.error());
  }
  if (auto done =
          start("ota-gateway", {layout_.program("gatehouse-ota-gateway"), "--config", file});
      !done) {
    return fail(done.error());
  }
  if (auto done = wait_for_text("the OTA gateway starts", "ota-gateway.out", "READY"); !done) {
    return fail(done.error());
  }
  feed_.follow("gateway", layout_.log("ota-gateway.out"));
  for (const EcuPlan& ecu : layout_.ecus) {
    if (ecu.constrained) fs::remove(gateway_copy_file(layout_, ecu));
  }
  return "MN-AE /id-mn/CotaGateway; display http://127.0.0.1:" +
         std::to_string(layout_.display_port) + adopted;
}

}  // namespace gatehouse::demo
