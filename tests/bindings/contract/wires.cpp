#include "tests/bindings/contract/wires.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "bindings/coap/client.h"
#include "bindings/http/client.h"
#include "bindings/http/mapping.h"
#include "bindings/websocket/endpoint.h"
#include "tests/bindings/contract/mqtt_connection.h"
#include "tests/bindings/contract/tap.h"
#include "tests/bindings/http/http2_client.h"

namespace gatehouse::contract {
namespace {

/// A PrimitiveSender at a URL, with a tap before it where the wire can be read.
template <class Client, class Settings>
class SenderWire final : public Wire {
 public:
  using Read = std::string (*)(const std::vector<std::string>&);

  SenderWire(const Settings& settings, std::string url, std::string codec)
      : client_(settings, codecs_), url_(std::move(url)), codec_(std::move(codec)) {}
  void tap(Tap::Kind kind, std::uint16_t server, Read read) {
    tap_.emplace(kind, server);
    read_ = read;
    url_ = url_.substr(0, url_.rfind(':') + 1) + std::to_string(tap_->port());
  }
  Response ask(Request request) override {
    request.serialization = codec_;
    return wait_for(
        [&](Reply reply) { client_.send(url_, "/id-in", std::move(request), std::move(reply)); });
  }
  std::string said() override { return tap_ ? read_(tap_->heard()) : std::string(); }

 private:
  const AllCodecs codecs_;
  std::optional<Tap> tap_;  ///< outlives the client
  Read read_ = nullptr;
  Client client_;
  std::string url_;
  const std::string codec_;
};

std::unique_ptr<Wire> http_wire(World& world, const std::string& scheme, const std::string& codec) {
  http::ClientSettings settings;
  if (world.secured()) settings.tls = world.credentials().ae();
  auto wire = std::make_unique<SenderWire<http::Client, http::ClientSettings>>(
      settings, world.url(scheme), codec);
  if (!world.secured()) wire->tap(Tap::Kind::kTcp, world.port("http"), http_status);
  return wire;
}

/// The client side has HTTP/1.1 only, so this is the mapping behind a client of tests.
class Http2Wire final : public Wire {
 public:
  Http2Wire(World& world, const std::string& scheme, const std::string& codec)
      : url_(*http::parse_url(world.url(scheme))),
        codec_(*codecs_.get().by_name(codec)),
        client_(url_.port,
                world.secured() ? std::optional(world.credentials().ae()) : std::nullopt) {}
  Response ask(Request request) override {
    const auto answer = client_.ask(http::write_request(request, url_, false, codec_));
    status_ = answer.status;
    std::vector<http::HeaderField> fields;
    for (const auto& [name, value] : answer.fields) fields.push_back({name, value});
    auto response =
        http::read_response({answer.status, &fields, answer.body}, request, codecs_.get());
    EXPECT_TRUE(response) << (response ? "" : response.error().detail);
    return response ? *std::move(response) : Response{};
  }
  std::string said() override { return std::to_string(status_); }

 private:
  const AllCodecs codecs_;
  const http::Url url_;
  const Codec& codec_;
  http::testing_support::Http2Client client_;
  int status_ = 0;
};

std::unique_ptr<Wire> coap_wire(World& world, const std::string& name, const std::string& codec) {
  coap::ClientSettings settings;
  const std::string scheme = name.substr(0, name.find('-'));
  if (name.ends_with("-psk")) settings.psk = world.credentials().psk();
  if (world.secured() && !settings.psk) settings.tls = world.credentials().ae();
  auto wire = std::make_unique<SenderWire<coap::Client, coap::ClientSettings>>(
      settings, world.url(scheme), codec);
  if (scheme == "coap") wire->tap(Tap::Kind::kUdp, world.port("coap"), coap_code);
  if (scheme == "coap+tcp") wire->tap(Tap::Kind::kTcp, world.port("coap"), coap_tcp_code);
  return wire;
}

class MqttWire final : public Wire {
 public:
  MqttWire(MqttConnection& connection, std::string codec)
      : connection_(connection), codec_(std::move(codec)) {}
  Response ask(Request request) override {
    asked_ = request.request_identifier;
    return connection_.ask(std::move(request), codec_);
  }
  std::string said() override { return connection_.topic_of_answer(asked_); }

 private:
  MqttConnection& connection_;
  const std::string codec_;
  std::string asked_;
};

std::unique_ptr<Wire> mqtt_wire(World& world, const std::string& name, const std::string& codec) {
  return std::make_unique<MqttWire>(MqttConnection::of(world, name.ends_with("-5")), codec);
}

class WebSocketWire final : public Wire {
 public:
  WebSocketWire(World& world, const std::string& scheme, std::string codec,
                const std::optional<TlsSettings>& tls)
      : endpoint_(settings(tls), nobody_, codecs_),
        url_(world.url(scheme)),
        codec_(std::move(codec)) {
    if (!world.secured()) {
      tap_.emplace(Tap::Kind::kTcp, world.port("ws"));
      url_ = "ws://127.0.0.1:" + std::to_string(tap_->port());
    }
    EXPECT_TRUE(endpoint_.start());
  }
  ~WebSocketWire() override { endpoint_.stop(); }
  Response ask(Request request) override {
    request.serialization = codec_;
    return wait_for(
        [&](Reply reply) { endpoint_.send(url_, "/id-in", std::move(request), std::move(reply)); });
  }
  std::string said() override { return tap_ ? websocket_opcode(tap_->heard()) : std::string(); }

 private:
  static websocket::EndpointSettings settings(const std::optional<TlsSettings>& tls) {
    websocket::EndpointSettings settings;
    settings.id = kSpRelative;
    settings.client_tls = tls;
    return settings;
  }
  const AllCodecs codecs_;
  mqtt::FakeCse nobody_;
  std::optional<Tap> tap_;
  websocket::Endpoint endpoint_;
  std::string url_;
  const std::string codec_;
};

bool is_secured(const std::string& name) {
  return std::find(std::begin(kSecuredWires), std::end(kSecuredWires), name) !=
         std::end(kSecuredWires);
}

}  // namespace

std::unique_ptr<Wire> open_wire(const std::string& name, const std::string& codec) {
  return open_wire_in(is_secured(name) ? World::with_credentials() : World::plain(), name, codec);
}

std::unique_ptr<Wire> open_wire_in(World& world, const std::string& name,
                                   const std::string& codec) {
  const std::string scheme = name.substr(0, name.find_first_of("-+"));
  if (name.ends_with("-2")) return std::make_unique<Http2Wire>(world, scheme, codec);
  if (scheme.starts_with("http")) return http_wire(world, scheme, codec);
  if (scheme.starts_with("coap")) return coap_wire(world, name, codec);
  if (scheme.starts_with("mqtt")) return mqtt_wire(world, name, codec);
  std::optional<TlsSettings> tls;
  if (world.secured()) tls = world.credentials().ae();
  return std::make_unique<WebSocketWire>(world, scheme, codec, tls);
}

std::unique_ptr<Wire> open_wire_as(const Guest& guest, World& world, const std::string& name) {
  constexpr std::chrono::seconds kPatience{1};
  std::optional<TlsSettings> tls = guest.tls;
  if (!tls && guest.psk) tls.emplace().psk = guest.psk;
  if (name == "wss") return std::make_unique<WebSocketWire>(world, name, "json", tls);
  if (name == "https") {
    http::ClientSettings settings;
    settings.tls = tls;
    settings.request_timeout = kPatience;
    return std::make_unique<SenderWire<http::Client, http::ClientSettings>>(
        settings, world.url(name), "json");
  }
  coap::ClientSettings settings;
  settings.tls = guest.tls;
  settings.psk = guest.psk;
  settings.request_timeout = kPatience;
  return std::make_unique<SenderWire<coap::Client, coap::ClientSettings>>(settings, world.url(name),
                                                                          "json");
}

}  // namespace gatehouse::contract
