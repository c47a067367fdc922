#pragma once
// Internal: includes Asio. Only for conversation.cpp and server.cpp.
#include <atomic>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <mutex>
#include <thread>
#include <vector>

#include "bindings/http/server.h"
#include "bindings/security/tls_context.h"

namespace gatehouse::http {

namespace asio = boost::asio;
using Clock = std::chrono::steady_clock;
using Executor = asio::io_context::executor_type;
using TcpSocket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using TcpAcceptor = asio::basic_socket_acceptor<asio::ip::tcp, Executor>;
using SteadyTimer = asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor>;

class Conversation;

/// What all threads of a server share.
struct Common {
  ServerSettings settings;
  PrimitiveHandler& handler;
  const Codecs& codecs;
  PageHandler pages;
  TlsContext tls;
  DecodeLimits decode_limits;
  std::atomic<std::uint64_t> accepted{0}, refused{0}, open{0}, requests{0}, handshake_failures{0},
      timeouts{0};
};

/// One thread, one io_context, one listening socket, and the connections it accepted.
class Worker : public std::enable_shared_from_this<Worker> {
 public:
  explicit Worker(std::shared_ptr<Common> shared);

  /// Binds to `endpoint`; true if done. Before run_thread().
  boost::system::error_code listen(const asio::ip::tcp::endpoint& endpoint, bool reuse_port);
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  void run_thread();
  void drain();  ///< from any thread
  void join();

  bool is_this_thread() const { return std::this_thread::get_id() == thread_id_; }
  /// A response that was made on another thread. One wake-up serves all that come in the meantime.
  void deliver(std::shared_ptr<Conversation> to, std::uint64_t number, Response&& response);
  void add(std::shared_ptr<Conversation> conversation);
  void remove(Conversation& conversation);
  std::string_view date_line() const { return date_line_; }

  std::shared_ptr<Common> common;
  asio::io_context io{1};

 private:
  struct Delivery {
    std::shared_ptr<Conversation> to;
    std::uint64_t number;
    Response response;
  };
  void accept();
  void on_accept(const boost::system::error_code& error, TcpSocket socket);
  void tick();
  /// Ends connections of those who are no longer trusted since a file has changed.
  void check_trust(Clock::time_point now);
  void deliver_all();
  void update_date();

  TcpAcceptor acceptor_;
  SteadyTimer ticker_, accept_pause_;
  std::chrono::milliseconds tick_interval_;
  std::vector<std::shared_ptr<Conversation>> conversations_;
  std::string date_line_;
  std::time_t date_ = 0;
  bool draining_ = false;
  Clock::time_point drain_deadline_, trust_check_{};
  std::uint32_t trust_generation_ = 0;
  std::thread thread_;
  std::thread::id thread_id_;

  std::mutex mutex_;  // guards the lines below
  bool stopped_ = false;
  std::vector<Delivery> deliveries_;
  std::vector<Delivery> ready_;  ///< of the thread alone; kept for its memory
};

}  // namespace gatehouse::http
