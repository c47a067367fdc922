#include "tests/bindings/http/http2_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nghttp2/nghttp2.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>

namespace gatehouse::http::testing_support {
namespace {

constexpr int kPatienceMilliseconds = 10'000;

std::string text(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}
nghttp2_nv pair(const std::string& name, const std::string& value) {
  return {reinterpret_cast<std::uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<std::uint8_t*>(const_cast<char*>(value.data())), name.size(),
          value.size(), NGHTTP2_NV_FLAG_NONE};
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
  ::close(socket);
  return -1;
}

}  // namespace

struct Http2Client::Callbacks {
  static Http2Client& self(void* user) { return *static_cast<Http2Client*>(user); }
  static int on_header(nghttp2_session*, const nghttp2_frame* frame, const std::uint8_t* name,
                       std::size_t name_size, const std::uint8_t* value, std::size_t value_size,
                       std::uint8_t, void* user) {
    Answer& answer = self(user).answers_[frame->hd.stream_id];
    if (text(name, name_size) == ":status") {
      answer.status = std::stoi(text(value, value_size));
    } else {
      answer.fields.emplace_back(text(name, name_size), text(value, value_size));
    }
    return 0;
  }
  static int on_data(nghttp2_session*, std::uint8_t, std::int32_t id, const std::uint8_t* data,
                     std::size_t size, void* user) {
    self(user).answers_[id].body += text(data, size);
    return 0;
  }
  static int on_frame(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    if (frame->hd.type == NGHTTP2_GOAWAY) self(user).goodbye_ = true;
    return 0;
  }
  static int on_close(nghttp2_session*, std::int32_t id, std::uint32_t error, void* user) {
    self(user).answers_[id].done = true;
    self(user).answers_[id].error = error;
    return 0;
  }
  static ssize_t read_body(nghttp2_session*, std::int32_t, std::uint8_t* buffer, std::size_t size,
                           std::uint32_t* flags, nghttp2_data_source* source, void*) {
    auto& sending = *static_cast<Sending*>(source->ptr);
    const std::size_t part = std::min(size, sending.body.size() - sending.sent);
    std::copy_n(sending.body.begin() + static_cast<std::ptrdiff_t>(sending.sent), part, buffer);
    sending.sent += part;
    if (sending.sent == sending.body.size()) {
      if (sending.whole) *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!sending.whole && part == 0) return NGHTTP2_ERR_DEFERRED;
    }
    return static_cast<ssize_t>(part);
  }
};

std::string Http2Client::Answer::field(const std::string& name) const {
  const auto found =
      std::find_if(fields.begin(), fields.end(), [&](const auto& f) { return f.first == name; });
  return found == fields.end() ? "" : found->second;
}

Http2Client::Http2Client(std::uint16_t port, const std::optional<TlsSettings>& tls)
    : socket_(connect_to(port)) {
  connected_ = socket_ >= 0;
  if (connected_ && tls) {
    auto context = make_client_context(*tls);
    if (!context) throw std::runtime_error(context.error().detail);
    context_ = *std::move(context);
    tls_ = SSL_new(context_.get());
    SSL_set_fd(tls_, socket_);
    const unsigned char only[] = "\2h2";
    SSL_set_alpn_protos(tls_, only, sizeof only - 1);
    connected_ = SSL_connect(tls_) == 1;
  }
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_session_callbacks_new(&callbacks);
  nghttp2_session_callbacks_set_on_header_callback(callbacks, Callbacks::on_header);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, Callbacks::on_data);
  nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, Callbacks::on_frame);
  nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, Callbacks::on_close);
  nghttp2_session_client_new(&session_, callbacks, this);
  nghttp2_session_callbacks_del(callbacks);
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, nullptr, 0);
  send_all();
}

Http2Client::~Http2Client() {
  nghttp2_session_del(session_);
  SSL_free(tls_);
  if (socket_ >= 0) ::close(socket_);
}

std::int32_t Http2Client::begin(const std::string& method, const std::string& path,
                                const Fields& fields, std::string body, bool whole) {
  const Fields pseudo = {{":method", method},
                         {":path", path},
                         {":scheme", tls_ ? "https" : "http"},
                         {":authority", "127.0.0.1"}};
  std::vector<nghttp2_nv> pairs;
  for (const auto& [name, value] : pseudo) pairs.push_back(pair(name, value));
  for (const auto& [name, value] : fields) pairs.push_back(pair(name, value));
  auto sending = std::make_unique<Sending>(Sending{std::move(body), 0, whole});
  nghttp2_data_provider provider{{.ptr = sending.get()}, Callbacks::read_body};
  const bool has_body = !sending->body.empty() || !whole;
  const std::int32_t id = nghttp2_submit_request(session_, nullptr, pairs.data(), pairs.size(),
                                                 has_body ? &provider : nullptr, nullptr);
  sending_[id] = std::move(sending);
  send_all();
  return id;
}

void Http2Client::reset(std::int32_t stream) {
  nghttp2_submit_rst_stream(session_, NGHTTP2_FLAG_NONE, stream, NGHTTP2_CANCEL);
  send_all();
}

Http2Client::Answer Http2Client::wait(std::int32_t stream) {
  while (!answers_[stream].done && send_all() && receive()) {
  }
  return answers_[stream];
}

Http2Client::Answer Http2Client::ask(const std::string& message) {
  const std::size_t end = message.find("\r\n\r\n"), line_end = message.find("\r\n");
  const std::string line = message.substr(0, line_end);
  const std::size_t first = line.find(' '), second = line.rfind(' ');
  Fields fields;
  for (std::size_t at = line_end; at < end;) {
    const std::size_t next = message.find("\r\n", at + 2);
    const std::string field = message.substr(at + 2, next - at - 2);
    std::string name = field.substr(0, field.find(": "));
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (name != "host" && name != "connection") {
      fields.emplace_back(name, field.substr(name.size() + 2));
    }
    at = next;
  }
  return ask(line.substr(0, first), line.substr(first + 1, second - first - 1), fields,
             message.substr(end + 4));
}

bool Http2Client::wait_for_goodbye() {
  while (!goodbye_ && send_all() && receive()) {
  }
  return goodbye_ || !connected_;
}

bool Http2Client::send_all() {
  for (;;) {
    const std::uint8_t* data = nullptr;
    const ssize_t size = nghttp2_session_mem_send(session_, &data);
    if (size <= 0) return connected_;
    for (ssize_t at = 0; at < size;) {
      const auto left = static_cast<std::size_t>(size - at);
      const ssize_t sent = tls_ ? SSL_write(tls_, data + at, static_cast<int>(left))
                                : ::send(socket_, data + at, left, MSG_NOSIGNAL);
      if (sent <= 0) {
        connected_ = false;
        return false;
      }
      at += sent;
    }
  }
}

bool Http2Client::receive() {
  pollfd waiting{socket_, POLLIN, 0};
  const bool there =
      (tls_ && SSL_pending(tls_) > 0) || ::poll(&waiting, 1, kPatienceMilliseconds) == 1;
  std::uint8_t buffer[16384];
  const ssize_t got = !there ? 0
                      : tls_ ? SSL_read(tls_, buffer, sizeof buffer)
                             : ::recv(socket_, buffer, sizeof buffer, 0);
  if (got <= 0) {
    connected_ = false;
    return false;
  }
  return nghttp2_session_mem_recv(session_, buffer, static_cast<std::size_t>(got)) >= 0;
}

}  // namespace gatehouse::http::testing_support
