#include <CLI/CLI.hpp>
#include <iostream>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/node/field_node.h"
#include "ae-apps/ota/node/image_chunks.h"
#include "ae-apps/ota/program/command_line.h"

namespace gatehouse::node {
namespace {

struct Options {
  std::string state, serial = "NODE-0001", hardware_id = "demo-node", key, initial_image;
  std::vector<std::string> oem_keys, managers, images;
  std::string coap_listen, gateway, answers, director_root;
  std::vector<std::string> time_keys;
  std::uint64_t time_threshold = 1;
  std::int64_t time_tolerance_s = ota::TimeKeys().tolerance.count();
  unsigned self_test_ms = 5000;
  std::uint64_t max_image_bytes = FieldNodeSettings().max_image_bytes;
  std::uint64_t min_free_bytes = FieldNodeSettings().min_free_bytes;
  std::uint64_t download_bytes_per_second = 0;
  std::uint64_t least_bytes_per_second =
      ota::DownloadLimits::Settings().least.least_bytes_per_second;
  std::string publish, to = "images";
  std::size_t chunk_bytes = 16 * 1024;
};

constexpr std::size_t kMaxRootBytes = 64 * 1024;
constexpr std::chrono::milliseconds kLook{500};  ///< at the application

int complain(const Error& error) {
  std::cerr << "gatehouse-ota-node: " << error.detail << std::endl;
  return 1;
}

Result<FieldNodeSettings> settings_of(const Options& o) {
  sdk::AeSettings defaults;
  defaults.name = "ae-" + o.serial;
  defaults.app_id = "Ngatehouse.ota-node";
  Result<sdk::AeSettings> ae = sdk::AeSettings::from_env(defaults);
  if (!ae) return fail(ae.error());
  FieldNodeSettings out;
  out.ae = *std::move(ae);
  if (out.ae.listener) out.ae.listener->tls = out.ae.tls;
  if (!o.coap_listen.empty()) {
    sdk::CoapListenerSettings listener;
    listener.address = o.coap_listen;
    listener.tls = out.ae.tls;
    out.ae.coap_listener = listener;
  }
  out.ecu.serial = o.serial;
  out.ecu.hardware_id = o.hardware_id;
  for (const std::string& file : o.oem_keys) {
    Result<crypto::PublicKey> key = crypto::PublicKey::load(file);
    if (!key) return fail(key.error());
    out.ecu.oem_keys.push_back(*std::move(key));
  }
  Result<crypto::SigningKey> key = crypto::SigningKey::load(o.key);
  if (!key) return fail(key.error());
  out.ecu.report_key = *std::move(key);
  out.state_dir = o.state;
  out.managers = o.managers;
  out.images = o.images;
  out.max_image_bytes = o.max_image_bytes;
  out.min_free_bytes = o.min_free_bytes;
  out.download.most_bytes_per_second = o.download_bytes_per_second;
  out.download.least.least_bytes_per_second = o.least_bytes_per_second;
  out.gateway = o.gateway;
  out.answers = o.answers;
  if (o.gateway.empty() != o.answers.empty()) {
    return fail(Rsc::kBadRequest, "--gateway and --answers belong together");
  }
  if (!o.director_root.empty()) {
    const Result<Bytes> root = crypto::read_file(o.director_root, kMaxRootBytes);
    if (!root) return fail(root.error());
    out.ecu.director_root = text_of(*root);
  }
  if (!o.time_keys.empty()) {
    auto keys = ota::load_time_keys(o.time_keys, o.time_threshold);
    if (!keys) return fail(keys.error());
    keys->tolerance = std::chrono::seconds(o.time_tolerance_s);
    out.ecu.time_keys = *std::move(keys);
  }
  return out;
}

/// Puts an image where nodes look for it, in chunks.
int publish(const Options& o) {
  sdk::AeSettings defaults;
  defaults.name = "image-depot";
  defaults.app_id = "Ngatehouse.ota-node";
  const Result<sdk::AeSettings> settings = sdk::AeSettings::from_env(defaults);
  if (!settings) return complain(settings.error());
  const Result<Bytes> image = crypto::read_file(o.publish, 64u << 20);
  if (!image) return complain(image.error());
  const auto ae = sdk::Ae::connect(*settings);
  if (!ae) return complain(ae.error());
  if (const auto done = publish_image(**ae, o.to, *image, o.chunk_bytes); !done) {
    return complain(done.error());
  }
  std::cout << o.to << ": " << image->size() << " bytes in chunks of " << o.chunk_bytes
            << std::endl;
  return 0;
}

int run(const Options& o) {
  if (!o.publish.empty()) return publish(o);
  if (o.state.empty() || o.key.empty() || o.oem_keys.empty() || o.images.empty()) {
    return complain({Rsc::kBadRequest, "--state, --key, --oem-key and --images are needed"});
  }
  const ota::StopSignals stop;
  Result<FieldNodeSettings> settings = settings_of(o);
  if (!settings) return complain(settings.error());
  Bytes factory_image;
  if (!o.initial_image.empty()) {
    Result<Bytes> image =
        crypto::read_file(o.initial_image, static_cast<std::size_t>(settings->max_image_bytes));
    if (!image) return complain(image.error());
    factory_image = *std::move(image);
  }
  ecu::RealDisk disk(o.state);
  ecu::ProcessRunner runner(o.state, std::chrono::milliseconds(o.self_test_ms));
  ota::StepLog log(std::cout, std::cerr);
  const auto node = FieldNode::start(*std::move(settings), factory_image, disk, runner, log);
  if (!node) return complain(node.error());
  std::cout << "READY" << std::endl;
  while (!stop.came_within(kLook)) (*node)->look_after();
  return 0;
}

}  // namespace
}  // namespace gatehouse::node

int main(int argc, char** argv) {
  CLI::App app{"A field node with an AE of its own, updated by its [firmware]"};
  gatehouse::node::Options o;
  app.add_option("--state", o.state, "Folder of slots and boot state; created");
  app.add_option("--serial", o.serial, "Names the <node>: node-SERIAL")->capture_default_str();
  app.add_option("--hardware-id", o.hardware_id)->capture_default_str();
  app.add_option("--key", o.key, "Private key of the device (PEM or pkcs11: URI)");
  app.add_option("--oem-key", o.oem_keys, "Who may sign images (PEM); repeatable");
  app.add_option("--manager", o.managers, "Originator that may order updates; repeatable");
  app.add_option("--images", o.images, "Where images may be: https://host/…, or a container");
  app.add_option("--publish", o.publish, "Only puts this image into a container, in chunks");
  app.add_option("--to", o.to, "of --publish: the container, below our <AE>")
      ->capture_default_str();
  app.add_option("--chunk-bytes", o.chunk_bytes, "of --publish")->capture_default_str();
  app.add_option("--coap-listen", o.coap_listen, "Address for notifications by CoAP (over DTLS)");
  app.add_option(
      "--gateway", o.gateway,
      "AE of the vehicle's gateway, of whose releases it is a member: /id-mn/CotaGateway");
  app.add_option("--answers", o.answers,
                 "The gateway's container for our answers: /id-mn/cse-mn/ota-gateway/node-answers");
  app.add_option("--director-root", o.director_root,
                 "Root metadata of the Director: then it verifies the orders by itself");
  app.add_option("--time-key", o.time_keys,
                 "Public key of a time server (PEM); repeatable: expiry is judged by the time that "
                 "it attests to this node");
  app.add_option("--time-threshold", o.time_threshold, "How many of them must sign")
      ->check(CLI::Range(1u, 16u))
      ->capture_default_str();
  app.add_option("--time-tolerance-s", o.time_tolerance_s, "So much their times may differ")
      ->check(CLI::Range(1, 3600))
      ->capture_default_str();
  const CLI::Range bytes(std::uint64_t{0}, std::uint64_t{1} << 50);
  app.add_option("--max-image-bytes", o.max_image_bytes, "A larger image is not taken")
      ->check(bytes)
      ->capture_default_str();
  app.add_option("--min-free-bytes", o.min_free_bytes, "Left on the disk once the image is there")
      ->check(bytes)
      ->capture_default_str();
  app.add_option("--download-bytes-per-second", o.download_bytes_per_second, "Cap; 0: none")
      ->check(bytes)
      ->capture_default_str();
  app.add_option("--least-bytes-per-second", o.least_bytes_per_second,
                 "A download that is slower on average, after 30 s, is given up")
      ->check(bytes)
      ->capture_default_str();
  app.add_option("--initial-image", o.initial_image, "Image installed by the factory, once");
  app.add_option("--self-test-ms", o.self_test_ms)->capture_default_str();
  app.footer(
      "The CSE and our credentials: GATEHOUSE_CSE_URL, _CSE_ID, _CSEBASE, _AE_ID, _TLS_*, …");
  CLI11_PARSE(app, argc, argv);
  return gatehouse::node::run(o);
}
