#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <csignal>
#include <iostream>
#include <mutex>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/ecu/ecu_node.h"

namespace gatehouse::ecu {
namespace {

struct Options {
  std::string state;
  std::uint16_t port = 13400;
  std::string address = "127.0.0.1";
  std::string serial = "ECU-0001";
  std::string hardware_id = "demo-ecu";
  std::string vin = "GATEHOUSE00000001";
  std::string logical_address = "0x1010";
  std::string can;
  std::string can_request_id = "0x7E0", can_response_id = "0x7E8", can_functional_id = "0x7DF";
  bool can_fd = false;
  std::optional<unsigned> can_ecu_address, can_tester_address, can_address_extension;
  unsigned can_block_size = 0, can_st_min_ms = 0, can_padding = 0xCC;
  unsigned can_n_a_ms = 1000, can_n_bs_ms = 1000, can_n_cr_ms = 1000;
  std::string key;
  std::vector<std::string> oem_keys;
  bool constrained = false;
  std::string shared_key, image_key;
  std::string director_root;
  std::vector<std::string> time_keys;
  std::uint64_t time_threshold = 1;
  std::int64_t time_tolerance_s = ota::TimeKeys().tolerance.count();
  std::string access_key;
  std::string initial_image;
  std::vector<std::string> faults;
  unsigned self_test_ms = 5000;
  unsigned unlock_delay_ms = 10000;
  unsigned slots = 2;
  unsigned watchdog_ms = 0;
  unsigned s3_ms = 5000, p2_ms = 50, p2_star_ms = 5000;
  std::string tester_ca, tester_crl;
  std::vector<std::string> testers;
  bool no_seed_key = false;
  std::string tls_certificate, tls_key, tls_ca;
  std::uint16_t tls_port = 3496;
  bool require_tls = false;
  std::string announce;
};

constexpr int kPowerCutExitCode = 42;

void add_options(CLI::App& app, Options& o) {
  app.add_option("--state", o.state, "Folder of slots and boot state; created")->required();
  app.add_option("--port", o.port, "TCP and UDP port of DoIP; 0: a free one")
      ->capture_default_str();
  app.add_option("--address", o.address, "IPv4 address to listen on")->capture_default_str();
  app.add_option("--serial", o.serial, "Serial number (F18C)")->capture_default_str();
  app.add_option("--hardware-id", o.hardware_id, "Hardware id (F191)")->capture_default_str();
  app.add_option("--vin", o.vin, "VIN (F190)")->capture_default_str();
  app.add_option("--logical-address", o.logical_address, "DoIP address, 0x….")
      ->capture_default_str();
  app.add_option("--can", o.can,
                 "Speaks ISO-TP on this bus in place of DoIP: virtual:PATH or socketcan:INTERFACE");
  app.add_option("--can-request-id", o.can_request_id, "Tester to ECU; above 0x7FF: 29 bits")
      ->capture_default_str();
  app.add_option("--can-response-id", o.can_response_id, "ECU to tester")->capture_default_str();
  app.add_option("--can-functional-id", o.can_functional_id, "Testers to all ECUs")
      ->capture_default_str();
  app.add_flag("--can-fd", o.can_fd, "CAN FD with frames of 64 bytes");
  const CLI::Range byte(0u, 255u);
  auto* own =
      app.add_option("--can-ecu-address", o.can_ecu_address, "Extended addressing: of this ECU")
          ->check(byte);
  auto* tester = app.add_option("--can-tester-address", o.can_tester_address,
                                "Extended addressing: of the tester")
                     ->check(byte)
                     ->needs(own);
  own->needs(tester);
  app.add_option("--can-address-extension", o.can_address_extension, "Mixed addressing")
      ->check(byte)
      ->excludes(own);
  app.add_option("--can-block-size", o.can_block_size, "BS that is asked for; 0: all at once")
      ->check(byte)
      ->capture_default_str();
  app.add_option("--can-st-min-ms", o.can_st_min_ms, "STmin that is asked for")
      ->check(CLI::Range(0u, 127u))
      ->capture_default_str();
  app.add_option("--can-padding", o.can_padding, "Byte that fills frames up")
      ->check(byte)
      ->capture_default_str();
  app.add_option("--can-n-a-ms", o.can_n_a_ms, "Waits so long for the bus to take a frame")
      ->check(CLI::Range(1u, 60'000u))
      ->capture_default_str();
  app.add_option("--can-n-bs-ms", o.can_n_bs_ms, "Waits so long for a flow control")
      ->check(CLI::Range(1u, 60'000u))
      ->capture_default_str();
  app.add_option("--can-n-cr-ms", o.can_n_cr_ms, "Waits so long for a consecutive frame")
      ->check(CLI::Range(1u, 60'000u))
      ->capture_default_str();
  app.add_option("--key", o.key, "Private key that signs version reports (PEM or pkcs11: URI)");
  app.add_option("--oem-key", o.oem_keys, "Public key or certificate of the OEM (PEM); repeatable");
  app.add_flag("--constrained", o.constrained, "Checks a MAC of the gateway instead of signatures");
  app.add_option("--shared-key", o.shared_key, "Key shared with the gateway (constrained ECU)");
  app.add_option("--image-key", o.image_key,
                 "Private key on P-256 for which images may be encrypted (PEM or pkcs11: URI)");
  app.add_option("--director-root", o.director_root,
                 "Root metadata of the Director (Uptane): only what it orders is installed");
  app.add_option("--time-key", o.time_keys,
                 "Public key of a time server (PEM); repeatable: expiry is judged by the time that "
                 "it attests to this ECU");
  app.add_option("--time-threshold", o.time_threshold, "How many of them must sign")
      ->check(CLI::Range(1u, 16u))
      ->capture_default_str();
  app.add_option("--time-tolerance-s", o.time_tolerance_s, "So much their times may differ")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  app.add_option("--access-key", o.access_key, "Key of security access (27)");
  app.add_option("--tester-ca", o.tester_ca, "Who certifies testers (PEM): authentication (29)");
  app.add_option("--tester-crl", o.tester_crl, "Their revoked certificates (PEM)");
  app.add_option("--tester", o.testers, "Common name that may program; repeatable; none: all");
  app.add_flag("--no-seed-key", o.no_seed_key, "Without 27: certificates only");
  app.add_option("--tls-certificate", o.tls_certificate,
                 "DoIP over TLS 1.3: own certificate (PEM)");
  app.add_option("--tls-key", o.tls_key, "Its private key (PEM or pkcs11: URI)");
  app.add_option("--tls-ca", o.tls_ca, "Who certifies those that connect (PEM)");
  app.add_option("--tls-port", o.tls_port, "0: a free one")->capture_default_str();
  app.add_flag("--require-tls", o.require_tls, "DoIP without TLS activates nobody");
  app.add_option("--announce", o.announce, "ADDRESS:PORT that hears of the vehicle at its start");
  app.add_option("--slots", o.slots, "1: an update overwrites what runs")
      ->check(CLI::Range(1u, 2u))
      ->capture_default_str();
  app.add_option("--watchdog-ms", o.watchdog_ms,
                 "Restarts an application that writes nothing for so long; 0: never")
      ->capture_default_str();
  app.add_option("--s3-ms", o.s3_ms, "Session without a request")->capture_default_str();
  app.add_option("--p2-ms", o.p2_ms, "Answer, or 0x78, within")->capture_default_str();
  app.add_option("--p2-star-ms", o.p2_star_ms, "After each 0x78")->capture_default_str();
  app.add_option("--initial-image", o.initial_image, "Image installed by the factory, once");
  app.add_option("--self-test-ms", o.self_test_ms, "Time for the self-test")->capture_default_str();
  app.add_option("--unlock-delay-ms", o.unlock_delay_ms, "Delay after too many wrong keys")
      ->capture_default_str();
  app.add_option("--fault", o.faults,
                 "For tests: power-cut-after-block=N, power-cut-after-write=N, slow-erase-ms=N, "
                 "vehicle-moving, voltage-low; repeatable");
}

template <class Number>
bool read_number(std::string_view text, int base, Number& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, base);
  return error == std::errc() && end == text.data() + text.size();
}

Result<void> apply_fault(const std::string& fault, NodeSettings& settings, FaultyDisk& disk) {
  if (fault == "vehicle-moving") {
    settings.ecu.precondition_fault = static_cast<uds::Nrc>(0x88);
    return {};
  }
  if (fault == "voltage-low") {
    settings.ecu.precondition_fault = uds::Nrc::kVoltageTooLow;
    return {};
  }
  const std::string name = fault.substr(0, fault.find('='));
  std::uint64_t n = 0;
  if (name == "slow-erase-ms" && name.size() != fault.size() &&
      read_number(std::string_view(fault).substr(name.size() + 1), 10, n) && n <= 60'000) {
    settings.ecu.erase_time = std::chrono::milliseconds(n);
    return {};
  }
  const bool block = name == "power-cut-after-block";
  if ((!block && name != "power-cut-after-write") || name.size() == fault.size() ||
      !read_number(std::string_view(fault).substr(name.size() + 1), 10, n)) {
    return fail(Rsc::kBadRequest, "--fault " + fault + ": no such fault");
  }
  disk.cut_power_at(n + 1, block, [] { ::_exit(kPowerCutExitCode); });
  return {};
}

Result<void> load_keys(const Options& o, NodeSettings& settings) {
  for (const std::string& path : o.oem_keys) {
    Result<crypto::PublicKey> key = crypto::PublicKey::load(path);
    if (!key) return fail(key.error());
    settings.ecu.oem_keys.push_back(*std::move(key));
  }
  if (!o.key.empty()) {
    Result<crypto::SigningKey> key = crypto::SigningKey::load(o.key);
    if (!key) return fail(key.error());
    settings.ecu.report_key = *std::move(key);
  }
  if (!o.image_key.empty()) {
    Result<crypto::SigningKey> key = crypto::SigningKey::load(o.image_key);
    if (!key) return fail(key.error());
    settings.ecu.image_key = *std::move(key);
  }
  if (!o.director_root.empty()) {
    const Result<Bytes> root = crypto::read_file(o.director_root, kMaxMetadataBytes);
    if (!root) return fail(root.error());
    settings.ecu.director_root = text_of(*root);
  }
  if (!o.time_keys.empty()) {
    auto keys = ota::load_time_keys(o.time_keys, o.time_threshold);
    if (!keys) return fail(keys.error());
    keys->tolerance = std::chrono::seconds(o.time_tolerance_s);
    settings.ecu.time_keys = *std::move(keys);
  }
  if (o.no_seed_key != o.access_key.empty() || (o.no_seed_key && o.tester_ca.empty())) {
    return fail(Rsc::kBadRequest, "needs --access-key, or --no-seed-key and --tester-ca");
  }
  if (!o.no_seed_key) {
    Result<Bytes> access_key = crypto::load_secret(o.access_key);
    if (!access_key) return fail(access_key.error());
    settings.access_key = *std::move(access_key);
  }
  if (o.constrained) {
    Result<Bytes> shared_key = crypto::load_secret(o.shared_key);
    if (!shared_key) return fail(shared_key.error());
    settings.ecu.shared_key = *std::move(shared_key);
  } else if (o.oem_keys.empty() || o.key.empty()) {
    return fail(Rsc::kBadRequest, "a full ECU needs --oem-key and --key (or use --constrained)");
  }
  return {};
}

std::int64_t unix_time() {
  return std::chrono::duration_cast<std::chrono::seconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Who may program, and how long things take.
Result<void> set_up_diagnostics(const Options& o, uds::ServerSettings& out) {
  out.attempt_delay = std::chrono::milliseconds(o.unlock_delay_ms);
  out.s3 = std::chrono::milliseconds(o.s3_ms);
  out.p2 = std::chrono::milliseconds(o.p2_ms);
  out.p2_star = std::chrono::milliseconds(o.p2_star_ms);
  out.seed_and_key = !o.no_seed_key;
  if (o.tester_ca.empty()) return {};
  Result<crypto::TrustAnchors> anchors = crypto::TrustAnchors::load(o.tester_ca, o.tester_crl);
  if (!anchors) return fail(anchors.error());
  out.authentication = uds::AuthenticationSettings{*std::move(anchors), o.testers, unix_time};
  return {};
}

Result<void> set_up_tls(const Options& o, doip::ServerSettings& out) {
  if (!o.announce.empty()) {
    doip::Announcement announce;
    const auto colon = o.announce.rfind(':');
    announce.address = o.announce.substr(0, colon);
    if (colon == std::string::npos ||
        !read_number(std::string_view(o.announce).substr(colon + 1), 10, announce.port)) {
      return fail(Rsc::kBadRequest, "--announce " + o.announce + ": not ADDRESS:PORT");
    }
    out.announce = announce;
  }
  out.entity.require_tls = o.require_tls;
  if (o.tls_certificate.empty()) {
    if (!o.require_tls) return {};
    return fail(Rsc::kBadRequest, "--require-tls needs --tls-certificate, --tls-key and --tls-ca");
  }
  Result<crypto::TlsCredentials> tls =
      crypto::TlsCredentials::load(o.tls_certificate, o.tls_key, o.tls_ca);
  if (!tls) return fail(tls.error());
  out.tls = *std::move(tls);
  out.tls_port = o.tls_port;
  return {};
}

/// Onto the bus that the options name, if they do.
Result<void> choose_bus(const Options& o, NodeSettings& settings) {
  if (o.can.empty()) return {};
  isotp::EcuOnBus out;
  out.bus = o.can;
  out.fd = o.can_fd;
  const auto request = isotp::identifier_in(o.can_request_id);
  const auto response = isotp::identifier_in(o.can_response_id);
  out.functional_id = isotp::identifier_in(o.can_functional_id);
  if (!can::names_a_bus(o.can) || !request || !response || !out.functional_id ||
      *request == *response) {
    return fail(Rsc::kBadRequest,
                "--can: virtual:PATH or socketcan:INTERFACE, and different identifiers");
  }
  out.request_id = *request;
  out.response_id = *response;
  const auto byte = [](const std::optional<unsigned>& number) {
    return number ? std::optional(static_cast<std::uint8_t>(*number)) : std::nullopt;
  };
  out.ecu_address = byte(o.can_ecu_address);
  out.tester_address = byte(o.can_tester_address);
  out.address_extension = byte(o.can_address_extension);
  out.block_size = static_cast<std::uint8_t>(o.can_block_size);
  out.st_min_ms = static_cast<std::uint8_t>(o.can_st_min_ms);
  out.padding = static_cast<std::uint8_t>(o.can_padding);
  out.n_a = std::chrono::milliseconds(o.can_n_a_ms);
  out.n_bs = std::chrono::milliseconds(o.can_n_bs_ms);
  out.n_cr = std::chrono::milliseconds(o.can_n_cr_ms);
  settings.can = isotp::ServerSettings{isotp::ecu_side(out)};
  return {};
}

Result<NodeSettings> settings_of(const Options& o) {
  NodeSettings settings;
  settings.ecu.serial = o.serial;
  settings.ecu.hardware_id = o.hardware_id;
  settings.ecu.vin = o.vin;
  settings.ecu.constrained = o.constrained;
  settings.ecu.slots = o.slots;
  settings.ecu.watchdog = std::chrono::milliseconds(o.watchdog_ms);
  settings.doip.address = o.address;
  settings.doip.port = o.port;
  if (const auto done = set_up_diagnostics(o, settings.uds); !done) return fail(done.error());
  if (const auto done = set_up_tls(o, settings.doip); !done) return fail(done.error());
  std::string_view number = o.logical_address;
  const bool hex = number.starts_with("0x");
  if (hex) number.remove_prefix(2);
  if (!read_number(number, hex ? 16 : 10, settings.doip.entity.identity.logical_address)) {
    return fail(Rsc::kBadRequest, "--logical-address " + o.logical_address + ": not an address");
  }
  if (o.vin.size() != 17) return fail(Rsc::kBadRequest, "--vin: a VIN has 17 characters");
  if (const auto chosen = choose_bus(o, settings); !chosen) return fail(chosen.error());
  if (const auto loaded = load_keys(o, settings); !loaded) return fail(loaded.error());
  return settings;
}

int complain(const Error& error) {
  std::cerr << "gatehouse-ecu: " << error.detail << std::endl;
  return 1;
}

std::string place_of(const Options& o, const EcuNode& node) {
  if (!o.can.empty()) return "ISO-TP listening on " + o.can + " " + o.can_request_id;
  std::string out;
  if (node.tls_port() != 0) {
    out = "DoIP over TLS listening on " + o.address + ":" + std::to_string(node.tls_port()) + "\n";
  }
  return out + "DoIP listening on " + o.address + ":" + std::to_string(node.port());
}

int run(const Options& o) {
  // Signals are taken by sigwait below; blocked before any thread starts.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGINT);
  sigaddset(&stop_signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads our lines may go

  Result<NodeSettings> settings = settings_of(o);
  if (!settings) return complain(settings.error());
  Bytes factory_image;
  if (!o.initial_image.empty()) {
    Result<Bytes> image = crypto::read_file(
        o.initial_image, static_cast<std::size_t>(settings->ecu.max_image_bytes) + 32 * 1024);
    if (!image) return complain(image.error());
    factory_image = *std::move(image);
  }
  RealDisk files(o.state);
  FaultyDisk disk(files);
  ProcessRunner runner(o.state, std::chrono::milliseconds(o.self_test_ms));
  crypto::SystemRandom random;
  for (const std::string& fault : o.faults) {
    if (const auto applied = apply_fault(fault, *settings, disk); !applied) {
      return complain(applied.error());
    }
  }
  // The measured boot is said at each start, behind the line that says where we are.
  std::mutex says;
  std::string place;
  std::vector<std::string> reports;
  const auto say_reports = [&] {
    if (place.empty()) return;
    for (const std::string& report : std::exchange(reports, {})) {
      std::cout << "BOOT " << report << std::endl;
    }
  };
  settings->booted = [&](const std::string& report) {
    const std::lock_guard lock(says);
    reports.push_back(report);
    say_reports();
  };
  EcuNode node(*std::move(settings), disk, runner, random);
  if (const auto started = node.start(factory_image); !started) return complain(started.error());
  {
    const std::lock_guard lock(says);
    place = place_of(o, node);
    std::cout << place << std::endl;
    say_reports();
  }
  int signal = 0;
  sigwait(&stop_signals, &signal);
  node.stop();
  return 0;
}

}  // namespace
}  // namespace gatehouse::ecu

int main(int argc, char** argv) {
  CLI::App app{"An ECU: boot loader with two slots, application, UDS over DoIP or ISO-TP",
               "gatehouse-ecu"};
  gatehouse::ecu::Options options;
  gatehouse::ecu::add_options(app, options);
  CLI11_PARSE(app, argc, argv);
  return gatehouse::ecu::run(options);
}
