// Any frames and any time for a channel that also sends: what comes out is bounded and well-formed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ae-apps/ota/can/virtual_wire.h"
#include "ae-apps/ota/isotp/channel.h"

namespace {

using gatehouse::Bytes;
using gatehouse::ByteView;
namespace can = gatehouse::can;
namespace isotp = gatehouse::isotp;

constexpr std::size_t kMaxMessageBytes = 5000;

class Peer final : public isotp::Channel::Output {
 public:
  explicit Peer(std::uint8_t how) : channel_(address(how), settings(how), *this) {}

  void transmit(const can::Frame& frame) override {
    if (can::fault_of(frame)) std::abort();
    ++given_;
  }
  void received(Bytes message, bool functional) override {
    if (message.empty() || message.size() > kMaxMessageBytes) std::abort();
    if (functional && message.size() > can::kMaxFdBytes) std::abort();
  }
  void sent() override { ended(); }
  void send_failed(isotp::Failure failure) override {
    if (text_of(failure).empty()) std::abort();
    ended();
  }
  void receive_failed(isotp::Failure) override {}

  void take(std::uint8_t what, ByteView piece) {
    now_ += std::chrono::milliseconds(what >> 3);
    switch (what & 7u) {
      case 0:
        if (channel_.send(Bytes(piece.begin(), piece.end()), (what & 8u) != 0, now_)) ++sending_;
        break;
      case 1:
        for (; given_ > 0; --given_) channel_.transmitted(now_);
        break;
      case 2:
        channel_.hold(piece.size() % 2 == 0, now_);
        break;
      case 3:
        channel_.bus_lost();
        given_ = 0;
        break;
      default: {
        const bool fd = piece.size() > can::kMaxClassicBytes;
        const std::uint32_t id = (what & 8u) != 0 ? 0x7DF : 0x7E0;
        const can::Frame frame = can::make_frame(id, false, fd, piece);
        if (!can::fault_of(frame)) channel_.heard(frame, now_);
      }
    }
    channel_.tick(now_);
  }

 private:
  static isotp::Address address(std::uint8_t how) {
    isotp::Address out = isotp::normal(0x7E8, 0x7E0);
    if ((how & 1u) != 0) out = isotp::extended(0x7E8, 0x7E0, 0xF1, 0x10);
    out.functional_id = 0x7DF;
    return out;
  }
  static isotp::Settings settings(std::uint8_t how) {
    isotp::Settings out;
    out.shape.fd = (how & 2u) != 0;
    out.shape.frame_bytes = out.shape.fd ? 64 : 8;
    out.block_size = how >> 4;
    out.in_flight = (how & 4u) != 0 ? 4 : 1;
    out.max_message_bytes = kMaxMessageBytes;
    return out;
  }
  void ended() {
    if (sending_-- == 0) std::abort();  // more ends than beginnings
  }

  isotp::Time now_{0};
  std::size_t given_ = 0, sending_ = 0;
  isotp::Channel channel_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  ByteView rest(data, size);
  if (const auto event = can::decode_event(rest)) {
    if (can::encode_event(*event) != Bytes(rest.begin(), rest.end())) std::abort();
  }
  if (rest.empty()) return 0;
  Peer peer(rest[0]);
  rest = rest.subspan(1);
  while (rest.size() >= 2) {
    const std::uint8_t what = rest[0];
    const std::size_t length = std::min<std::size_t>(rest[1], rest.size() - 2);
    peer.take(what, rest.subspan(2, length));
    rest = rest.subspan(2 + length);
  }
  return 0;
}
