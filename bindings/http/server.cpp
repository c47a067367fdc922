#include "bindings/http/server.h"

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <ctime>

#include "bindings/http/conversation.h"

namespace gatehouse::http {
namespace {

constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr std::chrono::seconds kTrustPause{1};   // between two looks at the files
constexpr std::size_t kTrustChecksAtOnce = 100;  // 0.2 ms each
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;
using TlsStream = asio::ssl::stream<TcpSocket>;

TcpSocket& tcp_of(TcpSocket& socket) { return socket; }
TcpSocket& tcp_of(TlsStream& stream) { return stream.next_layer(); }

/// The first of ours that the client has, too. Source: RFC 7301.
int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* size,
                    const unsigned char* offered, unsigned int offered_size, void*) {
  static constexpr unsigned char kOurs[] = "\2h2\10http/1.1";
  auto** out = const_cast<unsigned char**>(chosen);
  const int found =
      SSL_select_next_proto(out, size, kOurs, sizeof kOurs - 1, offered, offered_size);
  return found == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

bool agreed_on_http2(const SSL* connection) {
  const unsigned char* name = nullptr;
  unsigned size = 0;
  SSL_get0_alpn_selected(connection, &name, &size);
  return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

/// The socket below a Conversation.
template <class Stream>
class Session final : public Conversation {
 public:
  template <class... Arguments>
  Session(std::shared_ptr<Worker> worker, TcpSocket socket, Arguments&&... arguments)
      : Conversation(std::move(worker)),
        stream_(std::move(socket), std::forward<Arguments>(arguments)...) {}

  void start() {
    boost::system::error_code error;
    TcpSocket& tcp = tcp_of(stream_);
    tcp.set_option(asio::ip::tcp::no_delay(true), error);
    const auto remote = tcp.remote_endpoint(error);
    if (error) return close();
    tcp.non_blocking(true, error);
    deadline_ = Clock::now() + settings().header_timeout;
    Peer peer;
    peer.address = remote.address().to_string();
    if constexpr (kIsTls) {
      peer.transport = "https";
      shake_hands(std::move(peer));
    } else {
      peer.transport = "http";
      begin(std::move(peer));
    }
  }

  void flush() override {
    if (writing_ || closed_ || ending_) return;
    for (;;) {
      writing_data_ = take_output();
      if (broken_) return close();
      if (!writing_data_.empty()) {
        if (!write_at_once()) return write_rest();
        continue;
      }
      resume_input();  // what waited for a free slot
      if (!has_output()) break;
    }
    if (is_finished()) return end();
    set_idle_deadline();
    read();
  }

  void close() override {
    if (closed_) return;
    closed_ = true;
    boost::system::error_code ignored;
    tcp_of(stream_).close(ignored);
    worker_->remove(*this);
  }

  bool is_trusted() const override {
    if constexpr (kIsTls) {
      return is_still_trusted(const_cast<Stream&>(stream_).native_handle());
    } else {
      return true;
    }
  }

 private:
  static constexpr bool kIsTls = std::is_same_v<Stream, TlsStream>;

  std::shared_ptr<Session> self() {
    return std::static_pointer_cast<Session>(this->shared_from_this());
  }

  void shake_hands(Peer peer) {
    if constexpr (kIsTls) {
      stream_.async_handshake(
          asio::ssl::stream_base::server,
          [me = self(), peer = std::move(peer)](const boost::system::error_code& error) mutable {
            if (error) {
              me->worker_->common->handshake_failures.fetch_add(1, std::memory_order_relaxed);
              return me->close();
            }
            peer.identities = identities_of(me->stream_.native_handle());
            peer.authenticated = is_authenticated(me->stream_.native_handle());
            peer.credential = credential_of(me->stream_.native_handle());
            if (agreed_on_http2(me->stream_.native_handle())) me->begin_http2();
            me->begin(std::move(peer));
          });
    }
  }

  void begin(Peer peer) {
    peer_ = std::make_shared<const Peer>(std::move(peer));
    set_idle_deadline();
    read();
  }

  void read() {
    if (reading_now_ || closed_ || !(wants_input() || ending_)) return;
    reading_now_ = true;
    stream_.async_read_some(
        input_room(), [me = self()](const boost::system::error_code& error, std::size_t bytes) {
          me->reading_now_ = false;
          me->on_read(error, bytes);
        });
  }

  void on_read(const boost::system::error_code& error, std::size_t bytes) {
    if (closed_) return;
    if (error || ending_) {
      if (error && is_waiting_for_answers()) return;
      if (error) return close();
      return read();  // thrown away until the peer closes too
    }
    take_input(bytes);
    flush();
    read();
  }

  /// A peer that only closed its own direction still gets its answers.
  bool is_waiting_for_answers() {
    reading_ = false;
    if (is_finished() || ending_) return false;
    flush();
    return true;
  }

  /// True if all of `writing_data_` went out. TLS always takes the other way.
  bool write_at_once() {
    if constexpr (kIsTls) {
      return false;
    } else {
      boost::system::error_code error;
      const std::size_t sent = stream_.write_some(asio::buffer(writing_data_), error);
      if (!error && sent == writing_data_.size()) return true;
      writing_data_.erase(0, error ? 0 : sent);
      return false;
    }
  }

  void write_rest() {
    writing_ = true;
    write_deadline_ = Clock::now() + settings().write_timeout;
    asio::async_write(stream_, asio::buffer(writing_data_),
                      [me = self()](const boost::system::error_code& error, std::size_t) {
                        me->writing_ = false;
                        me->write_deadline_ = Clock::time_point::max();
                        if (error) return me->close();
                        me->flush();
                      });
  }

  /// Everything is said: closes our direction and waits a moment for the peer's, so that a reset
  /// does not overtake the last answer (RFC 9112 clause 9.6).
  void end() {
    ending_ = true;
    deadline_ = Clock::now() + settings().linger_timeout;
    boost::system::error_code ignored;
    if constexpr (kIsTls) {
      stream_.async_shutdown([me = self()](const boost::system::error_code&) { me->close(); });
    } else {
      stream_.shutdown(asio::socket_base::shutdown_send, ignored);
      read();
    }
  }

  Stream stream_;
  std::string writing_data_;
  bool writing_ = false, reading_now_ = false, closed_ = false, ending_ = false;
};

/// Asio's wrapper of our context; it holds a reference of its own.
asio::ssl::context wrap(const TlsContext& context) {
  SSL_CTX_up_ref(context.get());
  return asio::ssl::context(context.get());
}

std::chrono::milliseconds tick_for(const ServerSettings& s) {
  const auto shortest = std::min({s.header_timeout, s.body_timeout, s.idle_timeout, s.write_timeout,
                                  s.drain_timeout, s.linger_timeout});
  return std::clamp(shortest / 4, std::chrono::milliseconds(5), std::chrono::milliseconds(250));
}

}  // namespace

// --- Worker
// ---------------------------------------------------------------------------------------------------------

Worker::Worker(std::shared_ptr<Common> shared)
    : common(std::move(shared)),
      acceptor_(io),
      ticker_(io),
      accept_pause_(io),
      tick_interval_(tick_for(common->settings)) {
  update_date();
}

boost::system::error_code Worker::listen(const asio::ip::tcp::endpoint& endpoint, bool reuse_port) {
  boost::system::error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error && reuse_port) acceptor_.set_option(ReusePort(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  return error;
}

void Worker::run_thread() {
  thread_ = std::thread([me = shared_from_this()] {
    me->thread_id_ = std::this_thread::get_id();
    me->accept();
    me->tick();
    me->io.run();
    const std::lock_guard lock(me->mutex_);
    me->stopped_ = true;
    me->deliveries_.clear();
  });
}

void Worker::join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::accept() {
  acceptor_.async_accept(io, [this](const boost::system::error_code& error, TcpSocket socket) {
    on_accept(error, std::move(socket));
  });
}

void Worker::on_accept(const boost::system::error_code& error, TcpSocket socket) {
  if (draining_ || error == asio::error::operation_aborted) return;
  if (error) {  // out of file descriptors, most likely: a pause instead of a busy loop
    accept_pause_.expires_after(kAcceptPause);
    return accept_pause_.async_wait([this](const boost::system::error_code& e) {
      if (!e && !draining_) accept();
    });
  }
  if (common->open.load(std::memory_order_relaxed) >= common->settings.max_connections) {
    common->refused.fetch_add(1, std::memory_order_relaxed);
  } else if (common->tls) {
    auto context = wrap(common->tls);
    auto session =
        std::make_shared<Session<TlsStream>>(shared_from_this(), std::move(socket), context);
    add(session);
    session->start();
  } else {
    auto session = std::make_shared<Session<TcpSocket>>(shared_from_this(), std::move(socket));
    add(session);
    session->start();
  }
  accept();
}

void Worker::add(std::shared_ptr<Conversation> conversation) {
  common->accepted.fetch_add(1, std::memory_order_relaxed);
  common->open.fetch_add(1, std::memory_order_relaxed);
  conversation->index = conversations_.size();
  conversation->trust_generation = trust_generation_;
  conversations_.push_back(std::move(conversation));
}

void Worker::remove(Conversation& conversation) {
  common->open.fetch_sub(1, std::memory_order_relaxed);
  const std::size_t index = conversation.index;
  std::swap(conversations_[index], conversations_.back());
  conversations_[index]->index = index;
  // The caller may hold the last reference by `this` only: let it go later.
  asio::post(io, [last = std::move(conversations_.back())] {});
  conversations_.pop_back();
}

void Worker::tick() {
  update_date();
  const Clock::time_point now = Clock::now();
  for (std::size_t i = conversations_.size();
       i-- > 0;) {  // a closing one swaps the last into its place
    if (i >= conversations_.size()) continue;
    conversations_[i]->check_deadline(now);
  }
  check_trust(now);
  if (draining_) {
    if (now >= drain_deadline_) {
      while (!conversations_.empty()) conversations_.back()->close();
    }
    if (conversations_.empty()) return;
  }
  ticker_.expires_after(tick_interval_);
  ticker_.async_wait([this](const boost::system::error_code& error) {
    if (!error || draining_) tick();
  });
}

void Worker::check_trust(Clock::time_point now) {
  if (!common->tls) return;
  if (now >= trust_check_) {
    trust_generation_ = trust_generation(common->tls);
    trust_check_ = now + kTrustPause;
  }
  std::size_t checked = 0;
  for (std::size_t i = conversations_.size(); i-- > 0 && checked < kTrustChecksAtOnce;) {
    if (i >= conversations_.size()) continue;
    const std::shared_ptr<Conversation> one = conversations_[i];
    if (one->trust_generation == trust_generation_ || !one->has_begun()) continue;
    ++checked;
    one->trust_generation = trust_generation_;
    if (!one->is_trusted()) one->close();
  }
}

void Worker::update_date() {
  const std::time_t now = std::time(nullptr);
  if (now == date_) return;
  date_ = now;
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[48];
  const std::size_t size =
      std::strftime(text, sizeof text, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &parts);
  date_line_.assign(text, size);
}

void Worker::deliver(std::shared_ptr<Conversation> to, std::uint64_t number, Response&& response) {
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    deliveries_.push_back({std::move(to), number, std::move(response)});
    if (deliveries_.size() > 1) return;  // somebody has woken the thread already
  }
  asio::post(io, [this] { deliver_all(); });
}

void Worker::deliver_all() {
  {
    const std::lock_guard lock(mutex_);
    ready_.swap(deliveries_);
  }
  for (const Delivery& d : ready_) d.to->complete(d.number, d.response);
  for (const Delivery& d : ready_) d.to->flush();
  constexpr std::size_t kKept = 1024;
  ready_.clear();
  if (ready_.capacity() > kKept) ready_.shrink_to_fit();
}

void Worker::drain() {
  asio::post(io, [this] {
    draining_ = true;
    drain_deadline_ = Clock::now() + common->settings.drain_timeout;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    accept_pause_.cancel();
    const auto open = conversations_;
    for (const auto& conversation : open) conversation->drain();
    ticker_.cancel();
  });
}

// --- Server
// ---------------------------------------------------------------------------------------------------------

struct Server::Impl {
  std::shared_ptr<Common> common;
  std::vector<std::shared_ptr<Worker>> workers;
  std::uint16_t port = 0;

  Result<void> listen(asio::ip::tcp::endpoint endpoint);
};

Server::Server(ServerSettings settings, PrimitiveHandler& handler, const Codecs& codecs)
    : impl_(std::make_unique<Impl>()) {
  DecodeLimits limits;
  limits.max_bytes = settings.max_body_bytes;
  impl_->common = std::shared_ptr<Common>(
      new Common{std::move(settings), handler, codecs, nullptr, nullptr, limits});
}

Server::~Server() { stop(); }

void Server::set_pages(PageHandler pages) { impl_->common->pages = std::move(pages); }

Result<void> Server::Impl::listen(asio::ip::tcp::endpoint endpoint) {
  const unsigned threads = std::max(1u, common->settings.threads);
  const auto refused = [&endpoint](const boost::system::error_code& error) {
    return fail(Rsc::kInternalServerError,
                "HTTP: cannot listen at " + endpoint.address().to_string() + " port " +
                    std::to_string(endpoint.port()) + ": " + error.message());
  };
  if (threads > 1 && endpoint.port() != 0) {
    // With SO_REUSEPORT a second process would share the port silently, so ask without it first.
    Worker probe(common);
    if (const auto error = probe.listen(endpoint, false)) return refused(error);
  }
  for (unsigned i = 0; i < threads; ++i) {
    auto worker = std::make_shared<Worker>(common);
    if (const auto error = worker->listen(endpoint, threads > 1)) return refused(error);
    port = worker->port();
    endpoint.port(port);
    workers.push_back(std::move(worker));
  }
  return {};
}

Result<void> Server::start() {
  boost::system::error_code error;
  const ServerSettings& settings = impl_->common->settings;
  const auto address = asio::ip::make_address(settings.address, error);
  if (error) {
    return fail(Rsc::kInternalServerError,
                "HTTP: '" + settings.address + "' is no IP address to listen at");
  }
  if (settings.tls) {
    Result<TlsContext> context = make_server_context(*settings.tls);
    if (!context) return fail(context.error());
    impl_->common->tls = *std::move(context);
    if (settings.http2) {
      SSL_CTX_set_alpn_select_cb(impl_->common->tls.get(), choose_protocol, nullptr);
    }
  }
  Result<void> listening = impl_->listen({address, settings.port});
  if (!listening) {
    impl_->workers.clear();
    return listening;
  }
  for (const auto& worker : impl_->workers) worker->run_thread();
  return {};
}

void Server::stop() {
  for (const auto& worker : impl_->workers) worker->drain();
  for (const auto& worker : impl_->workers) worker->join();
  impl_->workers.clear();
}

std::uint16_t Server::port() const { return impl_->port; }

ServerCounters Server::counters() const {
  const Common& c = *impl_->common;
  return {c.accepted, c.refused, c.open, c.requests, c.handshake_failures, c.timeouts};
}

}  // namespace gatehouse::http
