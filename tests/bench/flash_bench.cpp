// What an ECU takes over DoIP on loopback (real disk, real sockets; the application is not
// started), and which share of a CAN bus's computed limit ISO-TP reaches in simulated time.
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <iostream>

#include "ae-apps/ota/ecu/ecu_node.h"
#include "ae-apps/ota/image/image.h"
#include "ae-apps/ota/uds/doip_client.h"
#include "ae-apps/ota/uds/flasher.h"
#include "tests/ae-apps/ota/isotp/world.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace {

using namespace gatehouse;
using Clock = std::chrono::steady_clock;

constexpr std::size_t kImageBytes = 16u << 20;
constexpr int kRounds = 3;
const Bytes kAccessKey(32, 1);

class NoApplication final : public ecu::PayloadRunner {
 public:
  ecu::SelfTest start(ByteView) override { return {false, "", "not started by the bench"}; }
  void stop() override {}
};

Bytes make_image(const crypto::SigningKey& key) {
  image::Manifest manifest;
  manifest.name = "bench";
  manifest.version = "1.0.0";
  manifest.release_counter = 1;
  manifest.hardware_id = "demo-ecu";
  manifest.created = "20260101T000000";
  return image::build_image(manifest, Bytes(kImageBytes, 0x5A), {&key}).value();
}

double seconds_of_one_update(ecu::EcuNode& node, const Bytes& image) {
  doip::ClientSettings place;
  place.port = node.port();
  doip::Client transport(place);
  uds::FlasherSettings settings;
  settings.access_key = kAccessKey;
  settings.client.p2 = std::chrono::seconds(10);
  uds::Flasher flasher(transport, settings);
  const auto start = Clock::now();
  const auto done = flasher.flash(image.size(),
                                  [&image](std::uint64_t offset, std::size_t max) -> Result<Bytes> {
                                    const ByteView rest =
                                        ByteView(image).subspan(static_cast<std::size_t>(offset));
                                    const ByteView part = rest.first(std::min(max, rest.size()));
                                    return Bytes(part.begin(), part.end());
                                  },
                                  {});
  if (!done) {
    std::cerr << done.error().text << '\n';
    std::_Exit(1);
  }
  return std::chrono::duration<double>(Clock::now() - start).count();
}

void bench_doip() {
  const TemporaryFolder folder;
  const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  ecu::RealDisk disk(folder / "ecu");
  NoApplication runner;
  crypto::SystemRandom random;
  ecu::NodeSettings settings;
  settings.ecu.oem_keys = {key.public_key()};
  settings.ecu.report_key = key;
  settings.ecu.max_image_bytes = 2 * kImageBytes;
  settings.doip.port = 0;
  settings.doip.entity.identity.logical_address = 0x1010;
  settings.access_key = kAccessKey;
  ecu::EcuNode node(std::move(settings), disk, runner, random);
  if (const auto started = node.start({}); !started) {
    std::cerr << started.error().detail << '\n';
    std::_Exit(1);
  }
  const Bytes image = make_image(key);
  double best = 1e9;
  for (int i = 0; i < kRounds; ++i) best = std::min(best, seconds_of_one_update(node, image));
  std::cout << R"({"bench":"doip_flash","image_bytes":)" << image.size() << R"(,"best_seconds":)"
            << best << R"(,"megabytes_per_second":)"
            << static_cast<double>(image.size()) / best / 1e6 << "}\n";
}

void bench_isotp(const char* name, const isotp::Settings& settings, std::size_t frame_payload) {
  constexpr std::size_t kMessage = 16 * 1024;
  constexpr int kMessages = 8;
  isotp::World world;
  isotp::Node& tester = world.add(isotp::tester(), settings);
  world.add(isotp::ecu(), settings);
  const Bytes message = isotp::message_of(kMessage);
  for (int i = 0; i < kMessages; ++i) {
    if (!tester.channel.send(message, false, world.now)) std::_Exit(1);
  }
  world.run();
  isotp::Time full{0};
  for (std::size_t at = 0; at < kMessage; at += frame_payload) {
    const auto part = ByteView(message).subspan(at, std::min(frame_payload, kMessage - at));
    full += can::duration_of(isotp::frame_of(isotp::kRequestId, false, {},
                                             isotp::encode_consecutive(1, part), settings.shape),
                             {});
  }
  const double seconds = std::chrono::duration<double>(world.last_sent).count();
  std::cout << R"({"bench":")" << name << R"(","share_of_limit":)"
            << std::chrono::duration<double>(full).count() * kMessages / seconds
            << R"(,"kilobytes_per_second":)" << kMessage * kMessages / seconds / 1000 << "}\n";
}

}  // namespace

int main() {
  bench_doip();
  bench_isotp("isotp_can_500k", isotp::classic(), 7);
  bench_isotp("isotp_can_fd_500k_2m", isotp::fd(), 63);
  return 0;
}
