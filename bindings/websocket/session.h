#pragma once
// Internal: includes Asio. Only for session.cpp and endpoint.cpp.
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "bindings/security/tls_context.h"
#include "bindings/websocket/endpoint.h"
#include "bindings/websocket/subprotocol.h"

namespace gatehouse::websocket {

namespace asio = boost::asio;

// With the executor that they have, not any: what is known while compiling costs nothing per
// message.
using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using TcpResolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

class Session;

/// What a session tells the endpoint, and what it needs of it. On the endpoint's thread.
class SessionOwner {
 public:
  virtual ~SessionOwner() = default;
  virtual const EndpointSettings& settings() const = 0;
  virtual const Codecs& codecs() const = 0;
  virtual void opened(Session& session) = 0;
  virtual void ended(Session& session, bool was_open) = 0;
  virtual void serve(Session& session, Request request, std::uint64_t number) = 0;
  virtual void met(Session& session, const std::string& name) = 0;
  /// There is something to write_now(); once until that is called.
  virtual void has_output(Session& session) = 0;
};

/// One connection. It belongs to its owner's thread, and keeps itself alive until it has ended.
class Session : public std::enable_shared_from_this<Session> {
 public:
  explicit Session(SessionOwner& owner)
      : owner_(owner),
        handshake_deadline_(Exchange::Clock::now() + owner.settings().handshake_timeout) {}
  virtual ~Session() = default;

  virtual void start() = 0;
  /// Sends at once, or as soon as the connection is open; 5103 if it never will be.
  void send(Request request, Reply reply);
  void answer(std::uint64_t number, Response response);
  /// Says goodbye (1001).
  virtual void close() = 0;
  virtual void drop() = 0;  ///< ends without a word
  void check_deadlines(Exchange::Clock::time_point now);
  /// False: the other end's certificate is no longer good. Only once the connection is open.
  virtual bool is_trusted() const { return true; }
  /// Writes what waits. The owner calls it when all that came in has been looked at, so that the
  /// answers of many connections leave together and wake their readers once.
  void write_now() {
    if (!finished_ && !outgoing_.empty()) write_next();
  }

  std::vector<std::string> names;      ///< whose connection this is
  std::string url;                     ///< that we connected to; empty: accepted
  std::uint32_t trust_generation = 0;  ///< of the files by which the other end was believed last
  bool is_open() const { return exchange_ != nullptr; }
  /// True if the certificate of the other end says who it is.
  bool is_authenticated() const { return peer_ && peer_->authenticated; }

 protected:
  struct Waiting {
    Request request;
    Reply reply;
  };
  void open(const Codec& codec, Peer peer);
  void take(std::string_view message) { exchange_->take(message); }
  /// The connection is gone.
  void finish(const std::string& why);
  virtual void write_next() = 0;
  virtual void read_next() = 0;

  SessionOwner& owner_;
  const Exchange::Clock::time_point handshake_deadline_;
  Exchange::Clock::time_point message_deadline_ = Exchange::Clock::time_point::max();
  std::unique_ptr<Exchange> exchange_;
  std::shared_ptr<const Peer> peer_;
  std::deque<std::string> outgoing_;
  std::size_t outgoing_bytes_ = 0;
  std::deque<Waiting> waiting_;
  bool finished_ = false;
};

std::shared_ptr<Session> accept_session(SessionOwner& owner, TcpSocket socket,
                                        const TlsContext& tls);
/// `serialization`: offered first; empty: the preferred one.
std::shared_ptr<Session> connect_session(SessionOwner& owner, asio::io_context& io, WsUrl url,
                                         const TlsContext& tls, std::string serialization);

}  // namespace gatehouse::websocket
