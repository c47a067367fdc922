#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "tests/bench/mqtt_bytes.h"
#include "tests/bench/speaker.h"
#include "tests/bindings/coap/datagram.h"

namespace gatehouse::bench {
namespace {

/// What HTTP and CoAP carry beside the content is the whole primitive in MQTT and WebSocket.
std::string primitive_of(const Question& question) {
  std::string text =
      question.create ? R"({"op":1,"ty":4,"rcn":0,"pc":)" + question.content + "," : R"({"op":2,)";
  return text + R"("to":")" + question.to + R"(","fr":")" + question.from +
         R"(","rvi":"4","rqi":")";
}
bool is_success(const std::string& primitive) {
  return primitive.find("\"rsc\":200") != std::string::npos;
}

class HttpSpeaker final : public Speaker {
 public:
  HttpSpeaker(std::uint16_t port, const Question& q) : Speaker(connect_tcp(port)) {
    request_ = std::string(q.create ? "POST /" : "GET /") + q.to + (q.create ? "?rcn=0" : "") +
               " HTTP/1.1\r\nHost: 127.0.0.1\r\nX-M2M-Origin: " + q.from +
               "\r\nX-M2M-RI: bench\r\nX-M2M-RVI: 4\r\n";
    if (q.create)
      request_ += "Content-Type: application/json;ty=4\r\nContent-Length: " +
                  std::to_string(q.content.size()) + "\r\n";
    request_ += "\r\n" + q.content;
  }
  std::string request() override { return request_; }
  int hear(std::string& input, std::string&) override {
    const std::size_t head = input.find("\r\n\r\n");
    if (head == std::string::npos) return 0;
    const std::size_t field = input.find("Content-Length: ");
    const std::size_t length =
        field < head ? std::strtoul(input.c_str() + field + 16, nullptr, 10) : 0;
    if (input.size() < head + 4 + length) return 0;
    succeeded_ = input.compare(9, 1, "2") == 0;
    content_.assign(input, head + 4, length);
    input.erase(0, head + 4 + length);
    return 1;
  }

 private:
  std::string request_;
};

class WebSocketSpeaker final : public Speaker {
 public:
  WebSocketSpeaker(std::uint16_t port, const Question& q)
      : Speaker(connect_tcp(port)), primitive_(primitive_of(q)) {
    write_all(socket_,
              "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Protocol: oneM2M.json\r\n\r\n");
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) head += read_some(socket_);
    if (head.find(" 101 ") == std::string::npos) throw std::runtime_error(head);
  }
  /// One masked frame. Source: RFC 6455 clause 5.2.
  std::string request() override {
    const std::string payload = primitive_ + std::to_string(++number_) + "\"}";
    std::string frame("\x81", 1);
    if (payload.size() < 126) {
      frame += static_cast<char>(0x80 | payload.size());
    } else {
      frame += '\xfe';
      frame += static_cast<char>(payload.size() >> 8);
      frame += static_cast<char>(payload.size() & 0xff);
    }
    frame.append(4, '\0');
    return frame + payload;
  }
  int hear(std::string& input, std::string&) override {
    if (input.size() < 4) return 0;
    std::size_t length = static_cast<unsigned char>(input[1]), at = 2;
    if (length == 126) {
      length = static_cast<std::size_t>(static_cast<unsigned char>(input[2]) << 8 |
                                        static_cast<unsigned char>(input[3]));
      at = 4;
    }
    if (input.size() < at + length) return 0;
    content_.assign(input, at, length);
    succeeded_ = is_success(content_);
    input.erase(0, at + length);
    return 1;
  }

 private:
  const std::string primitive_;
  std::uint64_t number_ = 0;
};

int udp_socket(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("no datagram socket");
  return socket;
}

/// Confirmable requests; a confirmable answer of its own is acknowledged. Source: RFC 7252.
class CoapSpeaker final : public Speaker {
 public:
  CoapSpeaker(std::uint16_t port, const Question& q) : Speaker(udp_socket(port)) {
    message_.code = q.create ? coap::kPost : coap::kGet;
    for (std::size_t at = 0, end = 0; end != std::string::npos; at = end + 1) {
      end = q.to.find('/', at);
      message_.add(coap::option::kUriPath, q.to.substr(at, end - at));
    }
    if (q.create) {
      constexpr std::uint32_t kJson = 50, kContentInstance = 4;
      message_.add(coap::option::kContentFormat, kJson);
      message_.add(coap::option::kUriQuery, "rcn=0");
      message_.add(267, kContentInstance);
      message_.payload = q.content;
    }
    message_.add(271, "4");
    message_.add(279, q.from);
    message_.add(283, "bench");
  }
  std::string request() override {
    return coap::testing_support::datagram_of(message_, ++id_, "t");
  }
  int hear(std::string& input, std::string& output) override {
    const std::string datagram = std::exchange(input, {});
    if (datagram.size() < 4) return 0;
    constexpr int kConfirmable = 0;
    const auto code = static_cast<unsigned char>(datagram[1]);
    if ((datagram[0] >> 4 & 3) == kConfirmable) {
      (output = "\x60") += '\0';
      output.append(datagram, 2, 2);
    }
    if (code == 0) return 0;  // an acknowledgement: the answer comes by itself
    succeeded_ = coap::class_of(code) == 2;
    const std::size_t payload = datagram.find("\xff{");
    content_ = payload == std::string::npos ? "" : datagram.substr(payload + 1);
    return 1;
  }

 private:
  coap::Message message_;
  std::uint16_t id_ = 0;
};

class MqttSpeaker final : public Speaker {
 public:
  MqttSpeaker(std::uint16_t port, const Question& q)
      : Speaker(connect_tcp(port)),
        topic_("/oneM2M/req/" + q.from + "/" + q.receiver + "/json"),
        primitive_(primitive_of(q)) {
    write_all(socket_,
              mqtt::connect("A::" + q.from) + mqtt::subscribe("/oneM2M/resp/" + q.from + "/#"));
    for (std::string input;;) {
      input += read_some(socket_);
      const auto first = mqtt::front(input);
      if (!first) continue;
      const bool subscribed = first->type == mqtt::kSubscribed;
      input.erase(0, first->size);
      const auto second = mqtt::front(input);
      if (subscribed || (second && second->type == mqtt::kSubscribed)) return;
    }
  }
  std::string request() override {
    ++number_;
    const auto id = static_cast<std::uint16_t>(number_ % 60'000 + 1);
    return mqtt::publish(topic_, id, primitive_ + std::to_string(number_) + "\"}");
  }
  int hear(std::string& input, std::string& output) override {
    int answers = 0;
    while (const auto packet = mqtt::front(input)) {
      if (packet->type == mqtt::kPublish) {
        const mqtt::Message message = mqtt::message_of(*packet);
        output += message.acknowledgement;
        content_ = message.payload;
        succeeded_ = is_success(content_);
        answers = 1;
      }
      input.erase(0, packet->size);
    }
    return answers;
  }

 private:
  const std::string topic_, primitive_;
  std::uint64_t number_ = 0;
};

}  // namespace

std::unique_ptr<Speaker> http_speaker(std::uint16_t port, const Question& question) {
  return std::make_unique<HttpSpeaker>(port, question);
}
std::unique_ptr<Speaker> websocket_speaker(std::uint16_t port, const Question& question) {
  return std::make_unique<WebSocketSpeaker>(port, question);
}
std::unique_ptr<Speaker> coap_speaker(std::uint16_t port, const Question& question) {
  return std::make_unique<CoapSpeaker>(port, question);
}
std::unique_ptr<Speaker> mqtt_speaker(std::uint16_t port, const Question& question) {
  return std::make_unique<MqttSpeaker>(port, question);
}

}  // namespace gatehouse::bench
