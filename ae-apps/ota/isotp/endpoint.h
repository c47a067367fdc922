#pragma once
#include <memory>
#include <string>

#include "ae-apps/ota/can/port.h"
#include "ae-apps/ota/isotp/channel.h"

namespace gatehouse::isotp {

/// Where and how to speak ISO-TP.
struct EndpointSettings {
  std::string bus;  ///< see can::open_port
  Address address;
  Settings channel;
};

/// How an ECU is reached on a bus, the same words for the ECU and for its tester.
struct EcuOnBus {
  std::string bus;
  std::uint32_t request_id = 0x7E0;  ///< tester to ECU; above 0x7FF: 29 bits
  std::uint32_t response_id = 0x7E8;
  std::optional<std::uint32_t> functional_id = 0x7DF;
  bool fd = false;  ///< CAN FD with frames of 64 bytes
  /// Extended addressing: the ECU's and the tester's address before everything. Both or none.
  std::optional<std::uint8_t> ecu_address = {}, tester_address = {};
  std::optional<std::uint8_t> address_extension = {};  ///< mixed addressing; then not those
  std::uint8_t block_size = 0;                         ///< that this side asks for; 0: all at once
  std::uint8_t st_min_ms = 0;                          ///< that this side asks for, 0 to 127
  std::uint8_t padding = 0xCC;                         ///< fills frames up
  /// How long it waits for the bus to take a frame (N_As, N_Ar), for a flow control, for the next
  /// frame.
  std::chrono::milliseconds n_a{1000}, n_bs{1000}, n_cr{1000};
};
EndpointSettings ecu_side(const EcuOnBus& ecu);
EndpointSettings tester_side(const EcuOnBus& ecu);
/// "0x7E0" or "2016". nullopt for anything else, or above 29 bits.
std::optional<std::uint32_t> identifier_in(std::string_view text);

/// A Channel on a real bus in real time. Threading: one thread at a time.
class Endpoint final : Channel::Output {
 public:
  /// What became of messages; called within send() and step().
  class Events {
   public:
    virtual ~Events() = default;
    virtual void received(Bytes message, bool functional) = 0;
    virtual void sent() = 0;
    virtual void send_failed(Failure failure) = 0;
  };
  /// Errors: as can::open_port.
  static Result<std::unique_ptr<Endpoint>> open(const EndpointSettings& settings, Events& events);

  /// Errors: as Channel::send.
  Result<void> send(Bytes message, bool functional = false);
  /// Waits at most `limit` for something to happen, and does it. Errors: kTargetNotReachable if the
  /// bus is gone.
  Result<void> step(std::chrono::microseconds limit);
  bool sending() const { return channel_.sending(); }
  const Counters& counters() const { return channel_.counters(); }

 private:
  Endpoint(std::unique_ptr<can::Port> port, const EndpointSettings& settings, Events& events)
      : port_(std::move(port)),
        events_(events),
        channel_(settings.address, settings.channel, *this) {}
  void transmit(const can::Frame& frame) override;
  void received(Bytes message, bool functional) override;
  void sent() override { events_.sent(); }
  void send_failed(Failure failure) override { events_.send_failed(failure); }
  void receive_failed(Failure) override {}

  std::unique_ptr<can::Port> port_;
  Events& events_;
  Channel channel_;
  std::optional<Error> broken_;  ///< of the last transmit()
};

}  // namespace gatehouse::isotp
