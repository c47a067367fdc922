#include "ae-apps/ota/isotp/endpoint.h"

#include <algorithm>
#include <charconv>

namespace gatehouse::isotp {
namespace {

Time now() {
  return std::chrono::duration_cast<Time>(std::chrono::steady_clock::now().time_since_epoch());
}

/// Enough to hide the way to another process, and few enough to let others in soon.
constexpr unsigned kInFlight = 8;

EndpointSettings settings_of(const EcuOnBus& ecu, Address address) {
  EndpointSettings out;
  out.bus = ecu.bus;
  out.address = address;
  if (ecu.functional_id && (*ecu.functional_id > can::kMaxStandardId) == address.extended_ids) {
    out.address.functional_id = ecu.functional_id;
  }
  out.channel.in_flight = kInFlight;
  if (ecu.fd) out.channel.shape = Shape{true, can::kMaxFdBytes, {}};
  out.channel.shape.padding = ecu.padding;
  out.channel.block_size = ecu.block_size;
  out.channel.st_min = ecu.st_min_ms;
  out.channel.n_a = ecu.n_a;
  out.channel.n_bs = ecu.n_bs;
  out.channel.n_cr = ecu.n_cr;
  return out;
}

/// Frames that are taken before time is looked at again.
constexpr int kBatch = 64;

}  // namespace

EndpointSettings ecu_side(const EcuOnBus& ecu) {
  Address address = normal(ecu.response_id, ecu.request_id);
  address.send_prefix = ecu.address_extension ? ecu.address_extension : ecu.tester_address;
  address.receive_prefix = ecu.address_extension ? ecu.address_extension : ecu.ecu_address;
  return settings_of(ecu, address);
}
EndpointSettings tester_side(const EcuOnBus& ecu) {
  Address address = normal(ecu.request_id, ecu.response_id);
  address.send_prefix = ecu.address_extension ? ecu.address_extension : ecu.ecu_address;
  address.receive_prefix = ecu.address_extension ? ecu.address_extension : ecu.tester_address;
  return settings_of(ecu, address);
}

std::optional<std::uint32_t> identifier_in(std::string_view text) {
  const bool hex = text.starts_with("0x");
  if (hex) text.remove_prefix(2);
  std::uint32_t out = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), out, hex ? 16 : 10);
  if (error != std::errc() || end != text.data() + text.size() || out > can::kMaxExtendedId) {
    return std::nullopt;
  }
  return out;
}

Result<std::unique_ptr<Endpoint>> Endpoint::open(const EndpointSettings& settings, Events& events) {
  Result<std::unique_ptr<can::Port>> port = can::open_port(settings.bus);
  if (!port) return fail(port.error());
  return std::unique_ptr<Endpoint>(new Endpoint(*std::move(port), settings, events));
}

void Endpoint::transmit(const can::Frame& frame) {
  if (broken_) return;
  if (const auto sent = port_->send(frame); !sent) broken_ = sent.error();
}

void Endpoint::received(Bytes message, bool functional) {
  events_.received(std::move(message), functional);
}

Result<void> Endpoint::send(Bytes message, bool functional) {
  return channel_.send(std::move(message), functional, now());
}

Result<void> Endpoint::step(std::chrono::microseconds limit) {
  if (const auto next = channel_.next()) {
    const auto left = std::chrono::ceil<std::chrono::microseconds>(*next - now());
    limit = std::clamp(left, std::chrono::microseconds(0), limit);
  }
  for (int i = 0; i < kBatch; ++i) {
    const auto event = port_->receive(limit);
    if (!event) return fail(event.error());
    if (!*event) break;
    limit = std::chrono::microseconds(0);
    switch ((*event)->kind) {
      case can::Event::Kind::kFrame:
        channel_.heard((*event)->frame, now());
        break;
      case can::Event::Kind::kSent:
        channel_.transmitted(now());
        break;
      case can::Event::Kind::kBusOff:
        channel_.bus_lost();
        break;
      case can::Event::Kind::kBusIsBack:
        break;
    }
  }
  channel_.tick(now());
  if (broken_) return fail(*broken_);
  return {};
}

}  // namespace gatehouse::isotp
