#include "bindings/coap/client.h"

#include <coap3/coap.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <atomic>
#include <deque>
#include <map>
#include <vector>

#include "bindings/coap/block_transfer.h"
#include "bindings/coap/connect_hook.h"
#include "bindings/coap/dialer.h"
#include "bindings/coap/engine.h"
#include "bindings/coap/mapping.h"
#include "bindings/coap/pdu.h"
#include "cse/primitive/timestamp.h"

// Not in libcoap's public headers of 4.3; without it a message would be repeated for a minute after
// its sender was told that it failed.
extern "C" void coap_cancel_all_messages(coap_context_t* context, coap_session_t* session,
                                         const std::uint8_t* token, std::size_t token_length);

namespace gatehouse::coap {
namespace {

Time now() { return std::chrono::steady_clock::now(); }

Timestamp wall_clock() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

/// One request, from send() to its reply.
struct Job {
  Url url;
  bool exact = false;
  const Codec* codec = nullptr;
  Request request;
  Reply reply;
  Time deadline;
  Time begun = now();
  bool done = false;
};
using JobPointer = std::shared_ptr<Job>;

/// An entity that is spoken to.
struct PeerSession {
  Url url;
  coap_session_t* session = nullptr;
  bool secured = false;  ///< plain, or our rules are on its connection
  bool ready = false;    ///< handshake and capabilities are done
  bool lost = false;     ///< to be closed at the end of the turn
  std::deque<JobPointer> waiting;
  std::size_t in_flight = 0;
  Time last_used = now(), last_heard = now();
};

/// A request that has been sent.
struct Flight {
  std::string peer;
  JobPointer job;
  Exchange exchange;
};

}  // namespace

struct Client::Impl {
  Impl(ClientSettings s, const Codecs& c)
      : settings(std::move(s)), codecs(c), dialer(settings), engine(std::make_unique<Engine>()) {
    limits.max_bytes = settings.max_body_bytes;
  }

  std::optional<Time> deadline_of(const Request& request) const;
  void accept(const JobPointer& job);
  void open(const std::string& name, std::optional<SocketAddress> address);
  void make_ready(PeerSession& peer);
  void pump(PeerSession& peer);
  void start(PeerSession& peer, const JobPointer& job);
  bool transmit(PeerSession& peer, Flight flight);
  bool on_answer(const std::string& token, Message answer);
  void finish(const JobPointer& job, const Result<Message>& answer);
  void fail_job(const JobPointer& job, const std::string& why);
  void fail_flight(const std::string& token, const std::string& why);
  void lose(PeerSession& peer, const std::string& why);
  void expire(const JobPointer& job);
  void on_event(coap_session_t* session, coap_event_t event);
  void after_turn();
  void close_idle();
  bool secure(ssl_st* connection);
  PeerSession* peer_of(const coap_session_t* session);
  bool make_room();

  const ClientSettings settings;
  const Codecs& codecs;
  DecodeLimits limits;
  const Dialer dialer;  // outlives the context
  std::unique_ptr<Engine> engine;
  Resolver resolver;
  std::atomic<bool> stopped{false};
  // Of the thread:
  std::map<std::string, PeerSession> peers;  // by authority
  std::map<std::string, Flight> flights;     // by token
  PeerSession* dialing = nullptr;            // while its session is being made
  const ConnectHook hook = [this](ssl_st* connection) { return secure(connection); };
};

namespace {

Client::Impl* owner_of(const coap_session_t* session) {
  return static_cast<Client::Impl*>(coap_get_app_data(coap_session_get_context(session)));
}

extern "C" {
coap_response_t gatehouse_coap_answer(coap_session_t* session, const coap_pdu_t*,
                                      const coap_pdu_t* received, const coap_mid_t) {
  const bool known = owner_of(session)->on_answer(token_of(received), message_of(received));
  return known ? COAP_RESPONSE_OK : COAP_RESPONSE_FAIL;
}
void gatehouse_coap_undelivered(coap_session_t* session, const coap_pdu_t* sent,
                                const coap_nack_reason_t reason, const coap_mid_t) {
  Client::Impl& self = *owner_of(session);
  if (reason == COAP_NACK_RST && sent) {
    return self.fail_flight(token_of(sent), "the peer rejects the message");
  }
  PeerSession* peer = self.peer_of(session);
  if (!peer) return;
  const bool secured = reason == COAP_NACK_TLS_FAILED;
  self.lose(*peer, secured ? "the handshake failed" : "the peer does not answer");
}
int gatehouse_coap_client_event(coap_session_t* session, const coap_event_t event) {
  owner_of(session)->on_event(session, event);
  return 0;
}
}

}  // namespace

// --- requests
// -------------------------------------------------------------------------------------

std::optional<Time> Client::Impl::deadline_of(const Request& request) const {
  if (!request.request_expiration) return now() + settings.request_timeout;
  const Timestamp received = wall_clock();
  const auto end = parse_abs_rel_timestamp(*request.request_expiration, received);
  if (!end || *end <= received) return std::nullopt;
  return now() + std::min<std::chrono::microseconds>(*end - received, std::chrono::hours(24));
}

void Client::Impl::accept(const JobPointer& job) {
  const std::string name = job->url.authority();
  engine->at(job->deadline, [this, weak = std::weak_ptr(job)] {
    if (const JobPointer late = weak.lock()) expire(late);
  });
  auto found = peers.find(name);
  if (found != peers.end() && found->second.lost) return fail_job(job, "the connection was lost");
  if (found == peers.end()) {
    if (!make_room()) return fail_job(job, "connected to too many peers already");
    found = peers.try_emplace(name).first;
    found->second.url = job->url;
    if (const auto literal = address_of_literal(job->url.host, job->url.port)) {
      found->second.waiting.push_back(job);
      return open(name, literal);
    }
    resolver.resolve(job->url.host, job->url.port, [this, name](auto address) {
      engine->post([this, name, address] { open(name, address); });
    });
  }
  PeerSession& peer = found->second;
  if (peer.waiting.size() >= settings.max_waiting) {
    return fail_job(job, "too many requests wait for this peer");
  }
  peer.waiting.push_back(job);
  pump(peer);
}

bool Client::Impl::make_room() {
  if (peers.size() < settings.max_peers) return true;
  for (auto& [name, peer] : peers) {
    if (peer.in_flight != 0 || !peer.waiting.empty()) continue;
    peer.lost = true;
    return true;
  }
  return false;
}

void Client::Impl::open(const std::string& name, std::optional<SocketAddress> address) {
  const auto found = peers.find(name);
  if (found == peers.end() || found->second.session) return;
  PeerSession& peer = found->second;
  if (!address) return lose(peer, "the name cannot be resolved");
  peer.secured = !peer.url.tls;
  dialing = &peer;
  peer.session = dialer.dial(engine->context(), peer.url, *address);
  dialing = nullptr;
  if (!peer.session) return lose(peer, "cannot connect");
  if (!peer.url.tls && !peer.url.tcp) make_ready(peer);
}

/// Over TCP the connection is made later than the session.
bool Client::Impl::secure(ssl_st* connection) {
  const auto* session = static_cast<const coap_session_t*>(SSL_get_app_data(connection));
  PeerSession* peer = dialing ? dialing : peer_of(session);
  if (!peer) return false;
  peer->secured = dialer.secure(connection, peer->url);
  return peer->secured;
}

void Client::Impl::make_ready(PeerSession& peer) {
  if (!peer.secured) return lose(peer, "the connection is not secured");
  peer.ready = true;
  pump(peer);
}

void Client::Impl::pump(PeerSession& peer) {
  while (peer.ready && !peer.lost && !peer.waiting.empty() &&
         peer.in_flight < settings.max_in_flight) {
    const JobPointer job = std::move(peer.waiting.front());
    peer.waiting.pop_front();
    if (!job->done) start(peer, job);
  }
}

void Client::Impl::start(PeerSession& peer, const JobPointer& job) {
  Result<Message> message =
      write_request(job->request, job->url, job->exact, *job->codec, settings.option_numbers);
  if (!message) return finish(job, fail(message.error()));
  if (message->payload.size() > settings.max_body_bytes) return fail_job(job, "too large to send");
  Exchange exchange(*std::move(message), room_of(peer.session), settings.max_body_bytes);
  ++peer.in_flight;
  if (!transmit(peer, {peer.url.authority(), job, std::move(exchange)})) {
    --peer.in_flight;
    fail_job(job, "the message could not be sent");
  }
}

/// Every message has a token of its own, so that a late answer to one block is none to the next.
bool Client::Impl::transmit(PeerSession& peer, Flight flight) {
  std::uint8_t bytes[8];
  std::size_t size = 0;
  coap_session_new_token(peer.session, &size, bytes);
  const std::string token(reinterpret_cast<const char*>(bytes), size);
  peer.last_used = now();
  const auto placed = flights.insert_or_assign(token, std::move(flight)).first;
  if (coap::send(peer.session, placed->second.exchange.current(), token, true)) return true;
  flights.erase(placed);
  return false;
}

bool Client::Impl::on_answer(const std::string& token, Message answer) {
  auto found = flights.extract(token);
  if (found.empty()) return false;
  Flight& flight = found.mapped();
  const auto at = peers.find(flight.peer);
  if (at == peers.end()) return false;
  PeerSession& peer = at->second;
  peer.last_heard = now();
  Exchange::Step step = flight.exchange.on_answer(std::move(answer));
  const JobPointer job = flight.job;
  if (step.send) {
    if (transmit(peer, std::move(flight))) return true;
    step.failure = "asks for a block that could not be sent";
  }
  --peer.in_flight;
  if (step.whole) {
    finish(job, *std::move(step.whole));
  } else {
    fail_job(job, "the answer " + step.failure);
  }
  pump(peer);
  return true;
}

void Client::Impl::finish(const JobPointer& job, const Result<Message>& answer) {
  if (std::exchange(job->done, true)) return;
  Result<Response> response =
      answer ? read_response(*answer, job->request, codecs, limits) : fail(answer.error());
  const Reply reply = std::move(job->reply);
  reply(response ? *std::move(response) : error_response(job->request, response.error()));
}

void Client::Impl::fail_job(const JobPointer& job, const std::string& why) {
  finish(job, fail(Rsc::kTargetNotReachable, job->url.authority() + ": " + why));
}

void Client::Impl::fail_flight(const std::string& token, const std::string& why) {
  auto found = flights.extract(token);
  if (found.empty()) return;
  fail_job(found.mapped().job, why);
  const auto peer = peers.find(found.mapped().peer);
  if (peer == peers.end()) return;
  --peer->second.in_flight;
  pump(peer->second);
}

void Client::Impl::expire(const JobPointer& job) {
  if (job->done) return;
  const auto flying = std::find_if(flights.begin(), flights.end(),
                                   [&job](const auto& f) { return f.second.job == job; });
  fail_job(job, "no answer in time");
  if (flying == flights.end()) return;
  const std::string token = flying->first;
  const auto peer = peers.find(flying->second.peer);
  flights.erase(flying);
  if (peer == peers.end()) return;
  --peer->second.in_flight;
  if (peer->second.session) {  // no more repetitions
    coap_cancel_all_messages(engine->context(), peer->second.session,
                             reinterpret_cast<const std::uint8_t*>(token.data()), token.size());
  }
  // Who was started anew knows nothing of our DTLS session and cannot even say so: the next request
  // makes another one.
  const bool silent = peer->second.last_heard < job->begun && peer->second.in_flight == 0;
  if (silent && peer->second.url.tls && !peer->second.url.tcp) {
    return lose(peer->second, "the peer does not answer");
  }
  pump(peer->second);
}

// --- sessions
// -------------------------------------------------------------------------------------

PeerSession* Client::Impl::peer_of(const coap_session_t* session) {
  const auto found = std::find_if(peers.begin(), peers.end(),
                                  [session](const auto& p) { return p.second.session == session; });
  return found == peers.end() ? nullptr : &found->second;
}

void Client::Impl::on_event(coap_session_t* session, coap_event_t event) {
  PeerSession* peer = peer_of(session);
  if (!peer) return;
  switch (event) {
    case COAP_EVENT_DTLS_CONNECTED:
      if (peer->url.tcp) break;  // the capabilities are still to be exchanged
      [[fallthrough]];
    case COAP_EVENT_SESSION_CONNECTED:
      // Later: libcoap is not done with the session yet, and what is sent now would wait in a loop.
      engine->post([this, name = peer->url.authority()] {
        const auto found = peers.find(name);
        if (found != peers.end() && !found->second.lost) make_ready(found->second);
      });
      break;
    case COAP_EVENT_DTLS_ERROR:
      lose(*peer, "the handshake failed");
      break;
    case COAP_EVENT_DTLS_CLOSED:
    case COAP_EVENT_TCP_CLOSED:
    case COAP_EVENT_TCP_FAILED:
    case COAP_EVENT_SESSION_CLOSED:
    case COAP_EVENT_SESSION_FAILED:
      lose(*peer, "the connection was closed");
      break;
    default:
      break;
  }
}

/// All its requests fail; the session itself is closed at the end of the turn.
void Client::Impl::lose(PeerSession& peer, const std::string& why) {
  if (std::exchange(peer.lost, true)) return;
  const std::string name = peer.url.authority();
  std::vector<JobPointer> jobs(peer.waiting.begin(), peer.waiting.end());
  peer.waiting.clear();
  for (auto at = flights.begin(); at != flights.end();) {
    if (at->second.peer == name) {
      jobs.push_back(at->second.job);
      at = flights.erase(at);
    } else {
      ++at;
    }
  }
  peer.in_flight = 0;
  for (const JobPointer& job : jobs) fail_job(job, why);
}

void Client::Impl::after_turn() {
  for (auto at = peers.begin(); at != peers.end();) {
    if (!at->second.lost) {
      ++at;
      continue;
    }
    coap_session_t* session = at->second.session;
    at = peers.erase(at);
    if (session) coap_session_release(session);
  }
}

void Client::Impl::close_idle() {
  for (auto& [name, peer] : peers) {
    const bool unused = peer.in_flight == 0 && peer.waiting.empty();
    if (unused && peer.last_used + settings.idle_timeout < now()) peer.lost = true;
  }
  engine->at(now() + settings.idle_timeout / 4, [this] { close_idle(); });
}

// --- Client
// ---------------------------------------------------------------------------------------

Client::Client(ClientSettings settings, const Codecs& codecs)
    : impl_(std::make_unique<Impl>(std::move(settings), codecs)) {
  coap_context_t* context = impl_->engine->context();
  coap_set_app_data(context, impl_.get());
  coap_context_set_block_mode(context, 0);
  coap_register_response_handler(context, gatehouse_coap_answer);
  coap_register_nack_handler(context, gatehouse_coap_undelivered);
  coap_register_event_handler(context, gatehouse_coap_client_event);
  impl_->engine->at(now() + impl_->settings.idle_timeout / 4,
                    [impl = impl_.get()] { impl->close_idle(); });
  impl_->engine->post([impl = impl_.get()] { set_connect_hook(&impl->hook); });
  impl_->engine->start([impl = impl_.get()] { impl->after_turn(); });
}

Client::~Client() { stop(); }

bool Client::serves(std::string_view url) const {
  if (url.starts_with("coap://") || url.starts_with("coap+tcp://")) return true;
  const bool secured = impl_->settings.tls || impl_->settings.psk;
  return secured && (url.starts_with("coaps://") || url.starts_with("coaps+tcp://"));
}

void Client::send(const std::string& url, const std::string& receiver_id, Request request,
                  Reply reply) {
  const auto refuse = [&](Rsc rsc, const std::string& why) {
    reply(error_response(request, {rsc, why}));
  };
  std::optional<Url> parsed = parse_url(url);
  if (!parsed) return refuse(Rsc::kTargetNotReachable, "\"" + url + "\" is no CoAP URL");
  if (!serves(url)) return refuse(Rsc::kTargetNotReachable, "coaps needs a credential");
  const Codec* codec = parsed->codec.empty()
                           ? &impl_->codecs.by_name_or_preferred(request.serialization)
                           : impl_->codecs.by_name(parsed->codec);
  if (!codec) {
    return refuse(Rsc::kTargetNotReachable, "ct=" + parsed->codec + " is no serialisation");
  }
  const auto deadline = impl_->deadline_of(request);
  if (!deadline) return refuse(Rsc::kRequestTimeout, "the request has expired");
  if (impl_->stopped) return refuse(Rsc::kTargetNotReachable, "the CoAP client has stopped");
  auto job = std::make_shared<Job>();
  job->exact = is_for_exact_url(request, *parsed, receiver_id);
  job->url = *std::move(parsed);
  job->codec = codec;
  job->request = std::move(request);
  job->reply = std::move(reply);
  job->deadline = *deadline;
  impl_->engine->post([impl = impl_.get(), job] { impl->accept(job); });
}

void Client::stop() {
  if (impl_->stopped.exchange(true)) return;
  impl_->engine->stop([impl = impl_.get()] {
    for (auto& [name, peer] : impl->peers) impl->lose(peer, "the CoAP client has stopped");
    impl->after_turn();
  });
}

}  // namespace gatehouse::coap
