#pragma once
// Internal: includes Asio and Beast. Only for client.cpp.
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/basic_resolver.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <memory>
#include <optional>

#include "bindings/http/client.h"
#include "bindings/http/mapping.h"
#include "bindings/http/message_parser.h"
#include "bindings/security/tls_context.h"

namespace gatehouse::http {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TlsStream = asio::ssl::stream<TcpSocket>;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

/// One request on its way, and who waits for the answer.
struct Job {
  std::string bytes;
  bool idempotent = false;
  bool retried = false;
  Clock::time_point deadline;
  /// Called once: with the answer, or with nullptr and what went wrong.
  std::function<void(const ResponseParts*, const Error&)> done;

  void fail_with(Rsc rsc, std::string why) { done(nullptr, Error{rsc, std::move(why)}); }
};

class Link;

/// What a link tells its pool.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  /// The answer is delivered and the connection may take another request.
  virtual void on_free(Link& link) = 0;
  /// The connection is closed; `unsent` is a request that may go over another one.
  virtual void on_closed(Link& link, std::optional<Job> unsent) = 0;
};

/// One connection to a server: connects with its first job, then serves one job at a time.
/// Threading: the thread of its io_context only.
class Link : public std::enable_shared_from_this<Link> {
 public:
  Link(LinkOwner& owner, const ClientSettings& settings, Url url)
      : owner_(owner), settings_(settings), url_(std::move(url)), input_(kInputBytes) {}
  virtual ~Link() = default;
  virtual void start(Job job) = 0;
  void run(Job job);
  void check_deadline(Clock::time_point now);
  /// Ends it; a job under way fails with that error.
  void abandon(Rsc rsc, const std::string& why);

  std::size_t index = 0;  ///< place in the owner's list

 protected:
  static constexpr std::size_t kInputBytes = 16u << 10;

  virtual void write(const std::string& bytes) = 0;
  virtual void close_socket() = 0;

  void on_connected();
  void on_connect_failed(const std::string& why);
  void on_written(const boost::system::error_code& error, std::size_t bytes);
  /// False: closed, do not read on.
  bool on_read(const boost::system::error_code& error, std::size_t bytes);
  asio::mutable_buffer input_room() {
    if (input_.size() - end_ < 1024) input_.resize(input_.size() * 2);
    return asio::buffer(input_.data() + end_, input_.size() - end_);
  }

  LinkOwner& owner_;
  const ClientSettings& settings_;
  Url url_;
  bool closed_ = false;

 private:
  void lost(const std::string& why);
  void parse(bool at_end);
  void finish_answer();
  void close();

  std::optional<Job> job_;
  std::string outgoing_;  ///< the job's bytes, which a write may still need when its answer is
                          ///< there already
  bool connected_ = false, was_used_ = false, writing_ = false, sent_any_ = false,
       answer_began_ = false;
  Clock::time_point deadline_ = Clock::time_point::max();
  Message message_;
  std::optional<MessageParser<false>> parser_;
  std::vector<char> input_;
  std::size_t end_ = 0;
};

/// The socket below a Link.
template <class Stream>
class StreamLink final : public Link {
 public:
  template <class... Arguments>
  StreamLink(LinkOwner& owner, const ClientSettings& settings, Url url, asio::io_context& io,
             Arguments&&... arguments)
      : Link(owner, settings, std::move(url)),
        stream_(TcpSocket(io), std::forward<Arguments>(arguments)...),
        resolver_(io) {}

  void start(Job job) override {
    run(std::move(job));
    boost::system::error_code error;
    const auto address = asio::ip::make_address(url_.host, error);
    if (!error) {
      endpoints_ = {asio::ip::tcp::endpoint(address, url_.port)};
      return connect();
    }
    resolver_.async_resolve(
        url_.host, std::to_string(url_.port),
        [me = self()](const boost::system::error_code& e, Resolver::results_type results) {
          if (me->closed_) return;
          if (e) return me->on_connect_failed("the name cannot be resolved: " + e.message());
          for (const auto& entry : results) me->endpoints_.push_back(entry.endpoint());
          me->connect();
        });
  }

 private:
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

  std::shared_ptr<StreamLink> self() {
    return std::static_pointer_cast<StreamLink>(this->shared_from_this());
  }
  TcpSocket& tcp() {
    if constexpr (kIsTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  void connect() {
    asio::async_connect(
        tcp(), endpoints_,
        [me = self()](const boost::system::error_code& error, const asio::ip::tcp::endpoint&) {
          if (me->closed_) return;
          if (error) return me->on_connect_failed(error.message());
          boost::system::error_code ignored;
          me->tcp().set_option(asio::ip::tcp::no_delay(true), ignored);
          me->shake_hands();
        });
  }

  void shake_hands() {
    if constexpr (kIsTls) {
      const Result<void> named = expect_server_name(stream_.native_handle(), url_.host);
      if (!named) return on_connect_failed(named.error().detail);
      stream_.async_handshake(asio::ssl::stream_base::client,
                              [me = self()](const boost::system::error_code& error) {
                                if (me->closed_) return;
                                if (error) return me->on_connect_failed("TLS: " + me->why(error));
                                me->on_connected();
                                me->read();
                              });
    } else {
      on_connected();
      read();
    }
  }

  /// A failed verification has a better text than the handshake's error.
  std::string why(const boost::system::error_code& error) {
    if constexpr (kIsTls) {
      const long verdict = SSL_get_verify_result(stream_.native_handle());
      if (verdict != X509_V_OK) return X509_verify_cert_error_string(verdict);
    }
    return error.message();
  }

  void read() {
    if (closed_) return;
    stream_.async_read_some(
        input_room(), [me = self()](const boost::system::error_code& error, std::size_t bytes) {
          if (!me->closed_ && me->on_read(error, bytes)) me->read();
        });
  }

  void write(const std::string& bytes) override {
    asio::async_write(stream_, asio::buffer(bytes),
                      [me = self()](const boost::system::error_code& error, std::size_t sent) {
                        if (!me->closed_) me->on_written(error, sent);
                      });
  }

  void close_socket() override {
    boost::system::error_code ignored;
    resolver_.cancel();
    tcp().close(ignored);
  }

  Stream stream_;
  Resolver resolver_;
  std::vector<asio::ip::tcp::endpoint> endpoints_;
};

}  // namespace gatehouse::http
