#include "bindings/websocket/session.h"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/beast/websocket.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <utility>

#include "bindings/websocket/identity.h"

namespace gatehouse::websocket {

namespace beast = boost::beast;
namespace http = beast::http;
namespace ws = beast::websocket;
using boost::system::error_code;

namespace {

constexpr std::size_t kMaxUpgradeBytes = 8u << 10;
constexpr std::size_t kKeptBufferBytes = 64u << 10;  ///< a larger one is given back when empty
constexpr const char* kName = "Gatehouse";

using PlainStream = TcpSocket;
using TlsStream = beast::ssl_stream<TcpSocket>;

/// Asio's wrapper of our context; it holds a reference of its own.
asio::ssl::context wrap(const TlsContext& context) {
  SSL_CTX_up_ref(context.get());
  return asio::ssl::context(context.get());
}

Response unreachable(const Request& request, const std::string& why) {
  return error_response(request, {Rsc::kTargetNotReachable, why});
}

}  // namespace

// --- Session
// ---------------------------------------------------------------------------------------------------------

void Session::open(const Codec& codec, Peer peer) {
  peer_ = std::make_shared<const Peer>(std::move(peer));
  Exchange::Outside outside;
  outside.transmit = [this](std::string message) {
    if (finished_) return;
    outgoing_bytes_ += message.size();
    outgoing_.push_back(std::move(message));
    if (outgoing_bytes_ > owner_.settings().max_queued_bytes) return drop();
    if (outgoing_.size() == 1) owner_.has_output(*this);
  };
  outside.serve = [this](Request request, std::uint64_t number) {
    request.peer = peer_;
    owner_.serve(*this, std::move(request), number);
  };
  outside.met = [this](const std::string& name) { owner_.met(*this, name); };
  ExchangeLimits limits = owner_.settings().limits;
  limits.decode.max_bytes = owner_.settings().max_message_bytes;
  exchange_ = std::make_unique<Exchange>(codec, limits, owner_.settings().id, std::move(outside));
  if (peer_->authenticated) {
    for (const std::string& identity : peer_->identities) {
      // A stem alone may belong to an AE of another CSE: a request has to show whose it is.
      const bool is_whole = identity.starts_with('/') || identity.starts_with('S');
      const std::string name =
          is_whole ? connection_name(identity, owner_.settings().id) : std::string();
      if (!name.empty()) owner_.met(*this, name);
    }
  }
  owner_.opened(*this);
  for (Waiting& each : std::exchange(waiting_, {})) {
    exchange_->send(std::move(each.request), std::move(each.reply));
  }
}

void Session::send(Request request, Reply reply) {
  if (finished_) return reply(unreachable(request, "the connection has ended"));
  if (exchange_) return exchange_->send(std::move(request), std::move(reply));
  if (waiting_.size() >= owner_.settings().max_waiting) {
    return reply(unreachable(request, "too many requests wait for this connection"));
  }
  waiting_.push_back({std::move(request), std::move(reply)});
}

void Session::answer(std::uint64_t number, Response response) {
  if (finished_ || !exchange_) return;
  exchange_->answer(number, std::move(response));
  if (!finished_) read_next();
}

void Session::check_deadlines(Exchange::Clock::time_point now) {
  if (now >= message_deadline_) return drop();
  if (exchange_) return exchange_->check_deadlines(now);
  if (now >= handshake_deadline_) drop();
}

void Session::finish(const std::string& why) {
  if (std::exchange(finished_, true)) return;
  const auto keep = shared_from_this();
  const bool was_open = exchange_ != nullptr;
  owner_.ended(*this, was_open);
  if (exchange_) exchange_->fail_all(why);
  for (const Waiting& each : std::exchange(waiting_, {})) {
    each.reply(unreachable(each.request, why));
  }
}

// --- over a socket
// ---------------------------------------------------------------------------------------------------------

namespace {

/// Reading, writing and closing, once the WebSocket is open.
template <class Stream>
class StreamSession : public Session {
 public:
  template <class... Arguments>
  explicit StreamSession(SessionOwner& owner, Arguments&&... arguments)
      : Session(owner), ws_(std::forward<Arguments>(arguments)...) {}

  void close() override {
    if (finished_ || closing_) return;
    if (!is_open()) return drop();
    closing_ = true;
    ws_.async_close(ws::close_code::going_away, [me = self()](error_code) { me->drop(); });
  }

  void drop() override { fail_with("the connection has ended"); }

  bool is_trusted() const override {
    if constexpr (kIsTls) {
      return is_still_trusted(const_cast<ws::stream<Stream>&>(ws_).next_layer().native_handle());
    } else {
      return true;
    }
  }

 protected:
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

  std::shared_ptr<StreamSession> self() {
    return std::static_pointer_cast<StreamSession>(shared_from_this());
  }
  TcpSocket& tcp() { return beast::get_lowest_layer(ws_); }

  void set_options() {
    const EndpointSettings& settings = owner_.settings();
    ws_.set_option(
        ws::stream_base::timeout{settings.handshake_timeout, settings.idle_timeout / 2, true});
    ws_.read_message_max(settings.max_message_bytes);
    ws_.auto_fragment(false);
  }

  void begin(const Codec& codec) {
    if (finished_) return;
    error_code error;
    tcp().set_option(asio::ip::tcp::no_delay(true), error);
    const auto remote = tcp().remote_endpoint(error);
    if (error) return fail_with("connection lost: " + error.message());
    Peer peer;
    peer.transport = kIsTls ? "wss" : "ws";
    peer.address = remote.address().to_string();
    if constexpr (kIsTls) {
      ssl_st* const tls = ws_.next_layer().native_handle();
      peer.identities = identities_of(tls);
      peer.authenticated = gatehouse::is_authenticated(tls);
      peer.credential = credential_of(tls);
    }
    is_binary(codec) ? ws_.binary(true) : ws_.text(true);
    open(codec, std::move(peer));
    read_next();
  }

  void read_next() override {
    if (reading_ || finished_ || closing_ || !is_open() || !exchange_->has_room()) return;
    reading_ = true;
    read_part();
  }

  void read_part() {
    ws_.async_read_some(buffer_, 0,
                        [me = self()](error_code error, std::size_t) { me->on_part(error); });
  }

  /// Every byte is a sign of life for Beast; who says a message a byte at a time is cut off here.
  void on_part(error_code error) {
    if (finished_) return;
    if (error) return fail_with("connection lost: " + error.message());
    if (ws_.is_message_done()) {
      message_deadline_ = Exchange::Clock::time_point::max();
      return on_message();
    }
    if (message_deadline_ == Exchange::Clock::time_point::max()) {
      message_deadline_ = Exchange::Clock::now() + owner_.settings().message_timeout;
    }
    read_part();
  }

  void on_message() {
    if (ws_.got_binary() != is_binary(exchange_->codec())) return reject();
    const auto bytes = buffer_.cdata();
    take({static_cast<const char*>(bytes.data()), bytes.size()});
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > kKeptBufferBytes) buffer_ = beast::flat_buffer();
    reading_ = false;  // only now: an answer given at once asks for the next message, too
    read_next();
  }

  /// Text where the sub-protocol has binary messages, or the other way round.
  void reject() {
    closing_ = true;
    ws_.async_close(ws::close_code::unknown_data, [me = self()](error_code) { me->drop(); });
  }

  void write_next() override {
    ws_.async_write(asio::buffer(outgoing_.front()), [me = self()](error_code error, std::size_t) {
      if (me->finished_) return;
      if (error) return me->fail_with("connection lost: " + error.message());
      me->outgoing_bytes_ -= me->outgoing_.front().size();
      me->outgoing_.pop_front();
      if (!me->outgoing_.empty()) me->write_next();
    });
  }

  void fail_with(const std::string& why) {
    error_code ignored;
    tcp().close(ignored);
    finish(why);
  }

  ws::stream<Stream> ws_;
  beast::flat_buffer buffer_;

 private:
  bool reading_ = false, closing_ = false;
};

template <class Stream>
class ServerSession final : public StreamSession<Stream> {
  using Base = StreamSession<Stream>;
  using Base::fail_with;
  using Base::owner_;
  using Base::ws_;

 public:
  using Base::Base;

  void start() override {
    if constexpr (Base::kIsTls) {
      ws_.next_layer().async_handshake(asio::ssl::stream_base::server, [me = me()](error_code e) {
        e ? me->fail_with("TLS: " + e.message()) : me->read_upgrade();
      });
    } else {
      read_upgrade();
    }
  }

 private:
  std::shared_ptr<ServerSession> me() {
    return std::static_pointer_cast<ServerSession>(this->shared_from_this());
  }

  void read_upgrade() {
    parser_.emplace();
    parser_->header_limit(kMaxUpgradeBytes);
    http::async_read(ws_.next_layer(), this->buffer_, *parser_,
                     [me = me()](error_code error, std::size_t) {
                       error ? me->fail_with(error.message()) : me->on_upgrade();
                     });
  }

  bool may_come_from(std::string_view origin) const {
    const auto& allowed = owner_.settings().allowed_origins;
    return origin.empty() || std::any_of(allowed.begin(), allowed.end(), [&](const auto& each) {
             return each == "*" || each == origin;
           });
  }

  void on_upgrade() {
    const auto& request = parser_->get();
    const auto view = [](auto text) { return std::string_view(text.data(), text.size()); };
    std::string offered;
    const auto fields = request.equal_range(http::field::sec_websocket_protocol);
    for (auto field = fields.first; field != fields.second; ++field) {
      (offered += view(field->value())) += ',';
    }
    const Codec* codec = choose_codec(offered, owner_.codecs());
    if (!ws::is_upgrade(request)) {
      return refuse(http::status::upgrade_required, "oneM2M over WebSocket is spoken here");
    }
    if (view(request.target()) != "/") return refuse(http::status::not_found, "use the path /");
    if (!may_come_from(view(request[http::field::origin]))) {
      return refuse(http::status::forbidden, "pages of this origin may not connect");
    }
    if (!codec) {
      return refuse(http::status::bad_request,
                    "Sec-WebSocket-Protocol: name oneM2M.json, oneM2M.cbor or oneM2M.xml");
    }
    if (this->buffer_.size() > 0) {
      return refuse(http::status::bad_request, "data before the upgrade");
    }
    this->set_options();
    ws_.set_option(ws::stream_base::decorator(
        [name = subprotocol_of(codec->name())](ws::response_type& response) {
          response.set(http::field::sec_websocket_protocol, name);
          response.set(http::field::server, kName);
        }));
    ws_.async_accept(request, [me = me(), codec](error_code error) {
      me->parser_.reset();
      error ? me->fail_with(error.message()) : me->begin(*codec);
    });
  }

  void refuse(http::status status, std::string why) {
    refusal_ = {status, 11};
    refusal_.set(http::field::server, kName);
    refusal_.set(http::field::content_type, "text/plain");
    if (status == http::status::upgrade_required) refusal_.set(http::field::upgrade, "websocket");
    refusal_.body() = std::move(why) + "\n";
    refusal_.keep_alive(false);
    refusal_.prepare_payload();
    http::async_write(ws_.next_layer(), refusal_, [me = me()](error_code, std::size_t) {
      error_code ignored;
      me->tcp().shutdown(TcpSocket::shutdown_send, ignored);
      me->fail_with("refused");
    });
  }

  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> refusal_;
};

template <class Stream>
class ClientSession final : public StreamSession<Stream> {
  using Base = StreamSession<Stream>;
  using Base::fail_with;
  using Base::owner_;
  using Base::ws_;

 public:
  template <class... Arguments>
  ClientSession(SessionOwner& owner, asio::io_context& io, WsUrl to, std::string serialization,
                Arguments&&... arguments)
      : Base(owner, io, std::forward<Arguments>(arguments)...),
        resolver_(io),
        to_(std::move(to)),
        first_(std::move(serialization)) {}

  void start() override {
    resolver_.async_resolve(to_.host, to_.port, [me = me()](error_code error, auto results) {
      if (me->finished_) return;
      if (error) return me->give_up(error);
      asio::async_connect(me->tcp(), results, [me](error_code e, const auto&) {
        e ? me->give_up(e) : me->shake_hands();
      });
    });
  }

 private:
  std::shared_ptr<ClientSession> me() {
    return std::static_pointer_cast<ClientSession>(this->shared_from_this());
  }
  void give_up(const error_code& error) { fail_with(to_.authority() + ": " + error.message()); }

  void shake_hands() {
    if constexpr (Base::kIsTls) {
      if (auto named = expect_server_name(ws_.next_layer().native_handle(), to_.host); !named) {
        return fail_with(named.error().detail);
      }
      ws_.next_layer().async_handshake(asio::ssl::stream_base::client, [me = me()](error_code e) {
        e ? me->give_up(e) : me->upgrade();
      });
    } else {
      upgrade();
    }
  }

  std::string offer() const {
    std::string list;
    if (owner_.codecs().by_name(first_)) list = subprotocol_of(first_);
    for (const std::string& media_type : owner_.codecs().media_types()) {
      const Codec* codec = owner_.codecs().by_media_type(media_type);
      if (codec->name() == first_) continue;
      (list += list.empty() ? "" : ", ") += subprotocol_of(codec->name());
    }
    return list;
  }

  void upgrade() {
    this->set_options();
    ws_.set_option(ws::stream_base::decorator([names = offer()](ws::request_type& request) {
      request.set(http::field::sec_websocket_protocol, names);
      request.set(http::field::user_agent, kName);
    }));
    ws_.async_handshake(response_, to_.authority(), to_.target, [me = me()](error_code error) {
      if (error) return me->give_up(error);
      const auto chosen = me->response_[http::field::sec_websocket_protocol];
      const Codec* codec = codec_of({chosen.data(), chosen.size()}, me->owner_.codecs());
      if (!codec) return me->fail_with(me->to_.authority() + ": chose no sub-protocol of ours");
      me->begin(*codec);
    });
  }

  TcpResolver resolver_;
  WsUrl to_;
  std::string first_;
  ws::response_type response_;
};

}  // namespace

std::shared_ptr<Session> accept_session(SessionOwner& owner, TcpSocket socket,
                                        const TlsContext& tls) {
  if (!tls) return std::make_shared<ServerSession<PlainStream>>(owner, std::move(socket));
  auto context = wrap(tls);
  return std::make_shared<ServerSession<TlsStream>>(owner, std::move(socket), context);
}

std::shared_ptr<Session> connect_session(SessionOwner& owner, asio::io_context& io, WsUrl url,
                                         const TlsContext& tls, std::string serialization) {
  if (!url.tls) {
    return std::make_shared<ClientSession<PlainStream>>(owner, io, std::move(url),
                                                        std::move(serialization));
  }
  auto context = wrap(tls);
  return std::make_shared<ClientSession<TlsStream>>(owner, io, std::move(url),
                                                    std::move(serialization), context);
}

}  // namespace gatehouse::websocket
