#include "tests/bench/ceilings.h"

#include <arpa/inet.h>
#include <coap3/coap.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/websocket.hpp>
#include <memory>
#include <stdexcept>

#include "bindings/coap/option_filter.h"
#include "tests/bench/mqtt_bytes.h"
#include "tests/bench/speaker.h"

namespace gatehouse::bench {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;
using boost::system::error_code;

void tell(int report, std::uint16_t port) {
  if (::write(report, &port, sizeof port) != sizeof port) ::_exit(1);
}

/// The usual server of Beast's examples: one message read, one written, callbacks.
class HttpTalk : public std::enable_shared_from_this<HttpTalk> {
 public:
  HttpTalk(tcp::socket socket, const std::string& answer)
      : socket_(std::move(socket)), answer_(answer) {}
  void read() {
    request_ = {};
    http::async_read(socket_, buffer_, request_,
                     [me = shared_from_this()](error_code error, std::size_t) {
                       if (!error) me->write();
                     });
  }

 private:
  void write() {
    response_ = {};
    response_.result(request_.method() == http::verb::post ? http::status::created
                                                           : http::status::ok);
    response_.set("X-M2M-RI", request_["X-M2M-RI"]);
    response_.set("X-M2M-RSC", "2000");
    response_.set("X-M2M-RVI", "4");
    response_.set(http::field::content_type, "application/json");
    response_.body() = answer_;
    response_.prepare_payload();
    http::async_write(socket_, response_, [me = shared_from_this()](error_code error, std::size_t) {
      if (!error) me->read();
    });
  }
  tcp::socket socket_;
  beast::flat_buffer buffer_;
  http::request<http::string_body> request_;
  http::response<http::string_body> response_;
  const std::string& answer_;
};

class WebSocketTalk : public std::enable_shared_from_this<WebSocketTalk> {
 public:
  WebSocketTalk(tcp::socket socket, const std::string& answer)
      : stream_(std::move(socket)), answer_(answer) {}
  void read() {
    stream_.set_option(
        beast::websocket::stream_base::decorator([](beast::websocket::response_type& response) {
          response.set(http::field::sec_websocket_protocol, "oneM2M.json");
        }));
    stream_.async_accept([me = shared_from_this()](error_code error) {
      if (!error) me->next();
    });
  }

 private:
  void next() {
    buffer_.clear();
    stream_.async_read(buffer_, [me = shared_from_this()](error_code error, std::size_t) {
      if (!error) me->write();
    });
  }
  void write() {
    stream_.async_write(asio::buffer(answer_),
                        [me = shared_from_this()](error_code error, std::size_t) {
                          if (!error) me->next();
                        });
  }
  beast::websocket::stream<tcp::socket> stream_;
  beast::flat_buffer buffer_;
  const std::string& answer_;
};

template <class Talk>
void accept_all(tcp::acceptor& acceptor, const std::string& answer) {
  acceptor.async_accept([&](error_code error, tcp::socket socket) {
    if (error) return;
    socket.set_option(tcp::no_delay(true));
    std::make_shared<Talk>(std::move(socket), answer)->read();
    accept_all<Talk>(acceptor, answer);
  });
}

template <class Talk>
void serve_tcp(const std::string& answer, int report) {
  asio::io_context io(1);
  tcp::acceptor acceptor(io, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  accept_all<Talk>(acceptor, answer);
  tell(report, acceptor.local_endpoint().port());
  io.run();
}

extern "C" void gatehouse_bench_coap_answer(coap_resource_t* resource, coap_session_t*,
                                            const coap_pdu_t*, const coap_string_t*,
                                            coap_pdu_t* response) {
  const auto* answer = static_cast<const std::string*>(coap_resource_get_userdata(resource));
  coap_pdu_set_code(response, COAP_RESPONSE_CODE_CONTENT);
  coap_add_data(response, answer->size(), reinterpret_cast<const std::uint8_t*>(answer->data()));
}

}  // namespace

void beast_http(const std::string& answer, std::uint16_t, int report) {
  serve_tcp<HttpTalk>(answer, report);
}
void beast_websocket(const std::string& answer, std::uint16_t, int report) {
  serve_tcp<WebSocketTalk>(answer, report);
}

void libcoap_server(const std::string& answer, std::uint16_t, int report) {
  coap_startup();
  coap_context_t* context = coap_new_context(nullptr);
  coap::admit_onem2m_options(context);  // the requests are the CSE's, to the byte
  coap_resource_t* all = coap_resource_unknown_init(gatehouse_bench_coap_answer);
  for (const coap_request_t method : {COAP_REQUEST_GET, COAP_REQUEST_POST})
    coap_register_request_handler(all, method, gatehouse_bench_coap_answer);
  coap_resource_set_userdata(all, const_cast<std::string*>(&answer));
  coap_add_resource(context, all);
  coap_address_t address;
  coap_address_init(&address);
  address.size = sizeof address.addr.sin;
  address.addr.sin.sin_family = AF_INET;
  address.addr.sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  constexpr std::uint16_t kFirst = 20'000, kLast = 30'000;  // libcoap does not tell what 0 became
  for (std::uint16_t port = kFirst; port < kLast; ++port) {
    address.addr.sin.sin_port = htons(port);
    if (!coap_new_endpoint(context, &address, COAP_PROTO_UDP)) continue;
    tell(report, port);
    for (;;) coap_io_process(context, COAP_IO_WAIT);
  }
}

void mqtt_echo(const std::string& answer, std::uint16_t port, int report) {
  const int socket = connect_tcp(port);
  write_all(socket, mqtt::connect("C::echo") + mqtt::subscribe("/oneM2M/req/+/echo/#"));
  std::uint16_t id = 0;
  for (std::string input;;) {
    input += read_some(socket);
    std::string output;
    std::size_t done = 0;
    while (const auto packet = mqtt::front(std::string_view(input).substr(done))) {
      done += packet->size;
      if (packet->type == mqtt::kSubscribed) tell(report, port);
      if (packet->type != mqtt::kPublish) continue;
      const mqtt::Message message = mqtt::message_of(*packet);
      std::string topic(message.topic);
      topic.replace(topic.find("/req/"), 5, "/resp/");
      id = id == 0xffff ? 1 : static_cast<std::uint16_t>(id + 1);
      (output += message.acknowledgement) += mqtt::publish(topic, id, answer);
    }
    input.erase(0, done);
    if (!output.empty()) write_all(socket, output);
  }
}

Ceiling::Ceiling(Serve serve, const std::string& answer, std::uint16_t port) {
  int pipe[2];
  if (::pipe(pipe) != 0) throw std::runtime_error("no pipe");
  process_ = ::fork();
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    try {
      serve(answer, port, pipe[1]);
    } catch (const std::exception&) {
      // The parent reads nothing and says so.
    }
    ::_exit(1);
  }
  ::close(pipe[1]);
  const bool started = ::read(pipe[0], &port_, sizeof port_) == sizeof port_;
  ::close(pipe[0]);
  if (!started) throw std::runtime_error("a ceiling does not start");
}

Ceiling::~Ceiling() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

}  // namespace gatehouse::bench
