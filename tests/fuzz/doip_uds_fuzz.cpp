// Any bytes on a DoIP socket: an activated tester that says whatever it likes to an ECU on a
// simulated disk.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ae-apps/ota/ecu/ecu.h"
#include "ae-apps/ota/uds/doip_entity.h"

namespace {

using gatehouse::Bytes;
using gatehouse::ByteView;
namespace doip = gatehouse::doip;
namespace uds = gatehouse::uds;

class NoRunner final : public gatehouse::ecu::PayloadRunner {
 public:
  gatehouse::ecu::SelfTest start(ByteView) override { std::abort(); }  // no bytes get so far
  void stop() override {}
};

class Car final : public doip::Entity::Output {
 public:
  Car() {
    ecu_.boot();
    entity_.opened(1, now_);
    entity_.received(1, doip::encode(doip::RoutingRequest{0x0E00, 0}), now_);
  }
  void hear(ByteView bytes) {
    now_ += std::chrono::milliseconds(1);
    entity_.received(1, bytes, now_);
    entity_.tick(now_);
  }
  void hear_uds(ByteView request) {
    diagnose(0x0E00, request, false, [](Bytes) {});
  }
  /// The first byte of each piece says how: raw bytes of the socket, a UDS request, or the
  /// unlocking of the ECU.
  void unlock() {
    hear_uds(Bytes{0x10, 0x03});
    hear_uds(Bytes{0x10, 0x02});
    Bytes seed;
    server_.handle(Bytes{0x27, 0x11}, false, [&](Bytes answer) { seed = std::move(answer); });
    if (seed.size() < 3) return;
    Bytes key{0x27, 0x12};
    gatehouse::append(key, uds::unlock_key(Bytes(16, 1), ByteView(seed).subspan(2)));
    hear_uds(key);
  }

  void send(doip::Entity::ConnectionId, ByteView bytes) override {
    doip::Decoder decoder(1 << 20);  // what we say is well-formed
    decoder.feed(bytes);
    const auto message = decoder.next();
    if (!message || !*message) std::abort();
  }
  void close(doip::Entity::ConnectionId) override {}
  void left(doip::Address tester) override { server_.tester_left(tester); }
  void diagnose(doip::Address, ByteView request, bool functional,
                const std::function<void(Bytes)>& answer) override {
    int finals = 0;
    const auto then = server_.handle(request, functional, [&](Bytes said) {
      const auto response = uds::decode_response(said);
      if (!response || response->sid != request[0]) std::abort();
      if (response->nrc != uds::Nrc::kResponsePending) ++finals;
      answer(std::move(said));
    });
    if (finals > 1) std::abort();
    if (then == uds::Server::Then::kReset) {
      server_.power_on();
      ecu_.boot();
    }
    if (ecu_.running()) std::abort();
  }

 private:
  static gatehouse::ecu::EcuSettings settings() {
    gatehouse::ecu::EcuSettings s;
    s.max_image_bytes = 64 * 1024;
    return s;
  }
  std::chrono::milliseconds now_{0};
  gatehouse::ecu::SimulatedDisk disk_;
  NoRunner runner_;
  gatehouse::ecu::Ecu ecu_{settings(), disk_, runner_};
  gatehouse::crypto::SeededRandom random_{1};
  uds::Server server_{
      uds::ServerSettings{}, [this] { return now_; }, random_, Bytes(16, 1), ecu_, ecu_};
  doip::Entity entity_{doip::EntitySettings{}, *this};
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Car car;
  ByteView rest(data, size);
  (void)doip::answer_datagram(rest, doip::Identity{}, 4, 0, 4096);
  (void)uds::decode_response(rest);
  (void)uds::decode_download_response(rest);
  while (rest.size() >= 2) {
    const std::uint8_t how = rest[0];
    const std::size_t length = std::min<std::size_t>(rest[1], rest.size() - 2);
    const ByteView piece = rest.subspan(2, length);
    rest = rest.subspan(2 + length);
    if (how % 3 == 0) car.hear(piece);
    if (how % 3 == 1 && !piece.empty()) car.hear_uds(piece);
    if (how % 3 == 2) car.unlock();
  }
  return 0;
}
