#include "bindings/websocket/endpoint.h"

#include <algorithm>
#include <atomic>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <map>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>
#include <unordered_map>
#include <utility>

#include "bindings/websocket/identity.h"
#include "bindings/websocket/session.h"

namespace gatehouse::websocket {
namespace {

using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kTick{100};
constexpr std::chrono::milliseconds kAcceptPause{50};
constexpr std::size_t kMaxNames = 64;           ///< of one connection
constexpr std::chrono::seconds kTrustPause{1};  ///< between two looks at the files
constexpr std::size_t kTrustChecksAtOnce = 50;  ///< 0.2 ms each

}  // namespace

struct Endpoint::Impl final : SessionOwner, std::enable_shared_from_this<Endpoint::Impl> {
  Impl(EndpointSettings given, PrimitiveHandler& served, const Codecs& known)
      : settings_(std::move(given)), handler(served), codecs_(known) {}

  struct Listener {
    TcpAcceptor acceptor;
    asio::steady_timer pause;
    TlsContext tls;
  };
  /// A connection that is opened again whenever it ends.
  struct Kept {
    KeptConnection to;
    asio::steady_timer timer;
    std::chrono::milliseconds delay;
  };

  // --- SessionOwner
  const EndpointSettings& settings() const override { return settings_; }
  const Codecs& codecs() const override { return codecs_; }
  void opened(Session& session) override;
  void ended(Session& session, bool was_open) override;
  void serve(Session& session, Request request, std::uint64_t number) override;
  void met(Session& session, const std::string& name) override;
  void has_output(Session& session) override;

  // --- on the endpoint's thread
  Result<void> listen(const ListenerSettings& at);
  void accept(Listener& listener);
  void on_accept(Listener& listener, const error_code& error, TcpSocket socket);
  std::shared_ptr<Session> session_to(const std::string& url, const std::string& serialization);
  void keep_open(Kept& kept);
  void tick();
  void check_trust(Exchange::Clock::time_point now);
  void close_all();
  void end_if_empty();

  std::shared_ptr<Session> connection_of(const std::string& name);
  void refuse(const Request& request, const Reply& reply, const std::string& why) const {
    reply(error_response(request, {Rsc::kTargetNotReachable, why}));
  }

  const EndpointSettings settings_;
  PrimitiveHandler& handler;
  const Codecs& codecs_;
  TlsContext client_tls;
  asio::io_context io{1};
  std::optional<asio::executor_work_guard<asio::io_context::executor_type>> work;
  asio::steady_timer ticker{io};
  std::vector<std::unique_ptr<Listener>> listeners;
  std::vector<std::unique_ptr<Kept>> kept;
  std::vector<std::uint16_t> ports;
  std::set<std::shared_ptr<Session>> sessions;
  std::vector<std::shared_ptr<Session>> to_write;  ///< when all that came in has been looked at
  std::map<std::string, std::weak_ptr<Session>> by_url;
  std::size_t accepted_open = 0, outgoing_open = 0;
  Exchange::Clock::time_point close_deadline, trust_check{};
  std::uint32_t trusted = 0;  ///< the generations of all contexts together
  bool closing = false;
  std::thread thread;
  std::atomic<bool> running{false};
  std::atomic<std::uint64_t> accepted{0}, refused{0}, open{0}, opened_by_us{0}, failures{0},
      received{0}, sent{0};

  std::mutex mutex;  // guards the line below
  std::unordered_map<std::string, std::weak_ptr<Session>> by_name;
};

// --- sessions
// ---------------------------------------------------------------------------------------------------------

void Endpoint::Impl::opened(Session& session) {
  open.fetch_add(1);
  for (const auto& each : kept) {
    if (each->to.url != session.url) continue;
    each->delay = settings_.reconnect_min;
    // The other side learns by it that this connection is ours; the answer does not matter.
    Request hello;
    hello.to = each->to.to;
    hello.from = settings_.id;
    hello.request_identifier = "ws-hello";
    hello.release_version = "3";
    session.send(std::move(hello), [](const Response&) {});
  }
}

void Endpoint::Impl::ended(Session& session, bool was_open) {
  was_open ? open.fetch_sub(1) : failures.fetch_add(1);
  {
    const std::lock_guard lock(mutex);
    for (const std::string& name : session.names) {
      const auto found = by_name.find(name);
      if (found != by_name.end() && found->second.lock().get() == &session) by_name.erase(found);
    }
  }
  session.url.empty() ? --accepted_open : --outgoing_open;
  const auto by = by_url.find(session.url);
  if (by != by_url.end() && by->second.lock().get() == &session) by_url.erase(by);
  for (const auto& each : kept) {
    if (!closing && each->to.url == session.url) keep_open(*each);
  }
  sessions.erase(session.shared_from_this());
  end_if_empty();
}

void Endpoint::Impl::serve(Session& session, Request request, std::uint64_t number) {
  received.fetch_add(1);
  handler.handle(std::move(request), [owner = weak_from_this(), weak = session.weak_from_this(),
                                      number](Response response) mutable {
    const auto alive = owner.lock();
    if (!alive) return;
    asio::dispatch(alive->io, [weak, number, response = std::move(response)]() mutable {
      if (const auto to = weak.lock()) to->answer(number, std::move(response));
    });
  });
}

void Endpoint::Impl::met(Session& session, const std::string& name) {
  if (std::find(session.names.begin(), session.names.end(), name) == session.names.end()) {
    if (session.names.size() >= kMaxNames) return;
    session.names.push_back(name);
  }
  const std::lock_guard lock(mutex);
  by_name[name] = session.weak_from_this();
}

void Endpoint::Impl::has_output(Session& session) {
  to_write.push_back(session.shared_from_this());
  if (to_write.size() > 1) return;
  asio::post(io, [this] {
    for (const auto& each : std::exchange(to_write, {})) each->write_now();
  });
}

std::shared_ptr<Session> Endpoint::Impl::connection_of(const std::string& name) {
  const std::lock_guard lock(mutex);
  const auto found = by_name.find(name);
  return found == by_name.end() ? nullptr : found->second.lock();
}

std::shared_ptr<Session> Endpoint::Impl::session_to(const std::string& url,
                                                    const std::string& serialization) {
  const auto present = by_url.find(url);
  if (present != by_url.end()) {
    if (auto session = present->second.lock()) return session;
  }
  auto parsed = parse_ws_url(url);
  if (!parsed || closing || outgoing_open >= settings_.max_outgoing) return nullptr;
  auto session = connect_session(*this, io, *std::move(parsed), client_tls, serialization);
  session->url = url;
  session->trust_generation = trusted;
  ++outgoing_open;
  opened_by_us.fetch_add(1);
  by_url[url] = session;
  sessions.insert(session);
  session->start();
  return session;
}

void Endpoint::Impl::keep_open(Kept& connection) {
  connection.timer.expires_after(connection.delay);
  connection.delay = std::min(connection.delay * 2, settings_.reconnect_max);
  connection.timer.async_wait([this, &connection](const error_code& error) {
    if (!error && !closing) session_to(connection.to.url, {});
  });
}

// --- listening
// ---------------------------------------------------------------------------------------------------------

Result<void> Endpoint::Impl::listen(const ListenerSettings& at) {
  error_code error;
  const auto refuse_start = [&at](const std::string& why) {
    return fail(Rsc::kInternalServerError, "WebSocket: cannot listen at " + at.address + " port " +
                                               std::to_string(at.port) + ": " + why);
  };
  const auto address = asio::ip::make_address(at.address, error);
  if (error) return refuse_start("no IP address");
  auto listener =
      std::make_unique<Listener>(Listener{TcpAcceptor(io), asio::steady_timer(io), TlsContext()});
  if (at.tls) {
    Result<TlsContext> context = make_server_context(*at.tls);
    if (!context) return fail(context.error());
    listener->tls = *std::move(context);
  }
  const tcp::endpoint endpoint(address, at.port);
  TcpAcceptor& acceptor = listener->acceptor;
  acceptor.open(endpoint.protocol(), error);
  if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor.bind(endpoint, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return refuse_start(error.message());
  ports.push_back(acceptor.local_endpoint().port());
  accept(*listener);
  listeners.push_back(std::move(listener));
  return {};
}

void Endpoint::Impl::accept(Listener& listener) {
  listener.acceptor.async_accept([this, &listener](const error_code& error, TcpSocket socket) {
    on_accept(listener, error, std::move(socket));
  });
}

void Endpoint::Impl::on_accept(Listener& listener, const error_code& error, TcpSocket socket) {
  if (closing || error == asio::error::operation_aborted) return;
  if (error) {  // out of file descriptors, most likely: a pause instead of a busy loop
    listener.pause.expires_after(kAcceptPause);
    return listener.pause.async_wait([this, &listener](const error_code& e) {
      if (!e && !closing) accept(listener);
    });
  }
  if (accepted_open >= settings_.max_connections) {
    refused.fetch_add(1);
  } else {
    auto session = accept_session(*this, std::move(socket), listener.tls);
    session->trust_generation = trusted;
    ++accepted_open;
    accepted.fetch_add(1);
    sessions.insert(session);
    session->start();
  }
  accept(listener);
}

void Endpoint::Impl::tick() {
  const auto now = Exchange::Clock::now();
  const std::vector<std::shared_ptr<Session>> all(sessions.begin(), sessions.end());
  for (const auto& session : all) session->check_deadlines(now);
  check_trust(now);
  if (closing && now >= close_deadline) return io.stop();
  ticker.expires_after(kTick);
  ticker.async_wait([this](const error_code& error) {
    if (!error) tick();
  });
}

/// Ends connections of those who are no longer trusted since a file has changed.
void Endpoint::Impl::check_trust(Exchange::Clock::time_point now) {
  if (now >= trust_check) {
    trusted = trust_generation(client_tls);
    for (const auto& listener : listeners) trusted += trust_generation(listener->tls);
    trust_check = now + kTrustPause;
  }
  std::vector<std::shared_ptr<Session>> doubtful;
  for (const auto& session : sessions) {
    if (doubtful.size() == kTrustChecksAtOnce) break;
    if (session->trust_generation != trusted && session->is_open()) doubtful.push_back(session);
  }
  for (const auto& session : doubtful) {
    session->trust_generation = trusted;
    if (!session->is_trusted()) session->drop();
  }
}

void Endpoint::Impl::close_all() {
  closing = true;
  close_deadline = Exchange::Clock::now() + settings_.close_timeout;
  error_code ignored;
  for (const auto& listener : listeners) listener->acceptor.close(ignored);
  for (const auto& each : kept) each->timer.cancel();
  const std::vector<std::shared_ptr<Session>> all(sessions.begin(), sessions.end());
  for (const auto& session : all) session->close();
  end_if_empty();
}

void Endpoint::Impl::end_if_empty() {
  if (closing && sessions.empty()) asio::post(io, [this] { io.stop(); });
}

// --- Endpoint
// ---------------------------------------------------------------------------------------------------------

Endpoint::Endpoint(EndpointSettings settings, PrimitiveHandler& handler, const Codecs& codecs)
    : impl_(std::make_shared<Impl>(std::move(settings), handler, codecs)) {
  if (!impl_->settings_.client_tls) return;
  Result<TlsContext> context = make_client_context(*impl_->settings_.client_tls);
  if (!context) throw std::runtime_error(context.error().detail);
  impl_->client_tls = *std::move(context);
}

Endpoint::~Endpoint() { stop(); }

Result<void> Endpoint::start() {
  Impl& impl = *impl_;
  for (const ListenerSettings& at : impl.settings_.listeners) {
    if (auto listening = impl.listen(at); !listening) {
      impl.listeners.clear();
      return listening;
    }
  }
  for (const KeptConnection& to : impl.settings_.kept) {
    impl.kept.push_back(std::make_unique<Impl::Kept>(
        Impl::Kept{to, asio::steady_timer(impl.io), impl.settings_.reconnect_min}));
  }
  impl.work.emplace(impl.io.get_executor());
  impl.running = true;
  asio::post(impl.io, [&impl] {
    for (const auto& each : impl.kept) impl.session_to(each->to.url, {});
    impl.tick();
  });
  impl.thread = std::thread([&impl] { impl.io.run(); });
  return {};
}

void Endpoint::stop() {
  Impl& impl = *impl_;
  if (!impl.running.exchange(false)) return;
  asio::post(impl.io, [&impl] { impl.close_all(); });
  impl.thread.join();
  // What did not say goodbye in time, and what was posted meanwhile.
  const std::vector<std::shared_ptr<Session>> left(impl.sessions.begin(), impl.sessions.end());
  for (const auto& session : left) session->drop();
  impl.work.reset();
  impl.io.restart();
  impl.io.poll();
}

bool Endpoint::serves(std::string_view url) const {
  const auto parsed = parse_ws_url(url);
  return parsed && (!parsed->tls || impl_->client_tls);
}

void Endpoint::send(const std::string& url, const std::string& receiver_id, Request request,
                    Reply reply) {
  if (send_if_connected(receiver_id, request, reply)) return;
  if (!impl_->running) return impl_->refuse(request, reply, "the WebSocket endpoint has stopped");
  if (!serves(url)) return impl_->refuse(request, reply, "no ws URL, or wss without TLS settings");
  impl_->sent.fetch_add(1);
  asio::post(impl_->io,
             [impl = impl_, url, request = std::move(request), reply = std::move(reply)]() mutable {
               const auto session = impl->session_to(url, request.serialization);
               if (!session) return impl->refuse(request, reply, "too many connections");
               session->send(std::move(request), std::move(reply));
             });
}

bool Endpoint::send_if_connected(const std::string& receiver_id, const Request& request,
                                 const Reply& reply) {
  if (!impl_->running) return false;
  const std::string name = connection_name(receiver_id, impl_->settings_.id);
  auto session = name.empty() ? nullptr : impl_->connection_of(name);
  if (!session) return false;
  impl_->sent.fetch_add(1);
  asio::post(impl_->io, [impl = impl_, session = std::move(session), request, reply] {
    session->send(request, reply);
  });
  return true;
}

std::uint16_t Endpoint::port(std::size_t listener) const { return impl_->ports.at(listener); }

EndpointCounters Endpoint::counters() const {
  const Impl& i = *impl_;
  return {i.accepted, i.refused, i.open, i.opened_by_us, i.failures, i.received, i.sent};
}

}  // namespace gatehouse::websocket
