#include "bindings/coap/server.h"

#include <coap3/coap.h>

#include <atomic>
#include <map>
#include <thread>
#include <vector>

#include "bindings/coap/block_transfer.h"
#include "bindings/coap/engine.h"
#include "bindings/coap/exchange_window.h"
#include "bindings/coap/listener.h"
#include "bindings/coap/mapping.h"
#include "bindings/coap/pdu.h"
#include "bindings/coap/read_hook.h"

namespace gatehouse::coap {
namespace {

constexpr unsigned kDatagramBytes = 1'400;    // of UDP payload: leaves room for IPv6 and DTLS
constexpr std::uint16_t kAnswersAtOnce = 16;  // confirmable answers in flight to one peer
constexpr std::chrono::seconds kSweep{1};
constexpr std::size_t kTrustChecksAtOnce = 200;  // 0.2 ms each
constexpr std::uintptr_t kSessionBytes = 4'096;  // more than libcoap's session has
constexpr auto kNoResponse = static_cast<std::int64_t>(ResponseType::kNoResponse);

Time now() { return std::chrono::steady_clock::now(); }

bool is_reliable(const coap_session_t* session) {
  const coap_proto_t protocol = coap_session_get_proto(session);
  return protocol == COAP_PROTO_TCP || protocol == COAP_PROTO_TLS;
}

/// What is known of a peer, as long as libcoap has a session with it.
struct Session {
  Session(const ServerSettings& settings, TransferBudget& budget)
      : uploads(limits_of(settings), budget), downloads(limits_of(settings), budget) {}
  static TransferLimits limits_of(const ServerSettings& s) {
    return {s.max_body_bytes, s.max_transfers, s.transfer_timeout};
  }

  std::shared_ptr<const Peer> peer;  ///< after the first request
  Uploads uploads;
  Downloads downloads;
  ExchangeWindow window{{}};
  std::size_t pending = 0;  ///< requests being served
  Time opened = now(), last_request = now();
  bool asked = false;                    ///< it has sent a whole request, so its handshake is done
  std::optional<Time> incomplete_since;  ///< over TCP: the first bytes of a message, not its end
  std::uint32_t trust_generation = 0;    ///< of the files by which it was believed last
};

/// A request being served.
struct Call {
  coap_session_t* session = nullptr;  ///< held by a reference once the call is open
  std::string token;
  std::uint16_t id = 0;
  bool confirmable = true;
  Message request;  ///< without its payload
  AnswerStyle style;
  Operation operation = Operation::kRetrieve;
  bool silent = false;  ///< no response is wanted
  bool inside = true;   ///< the handler has not returned yet
  std::optional<Response> response;
};

}  // namespace

struct Server::Impl {
  Impl(ServerSettings s, PrimitiveHandler& h, const Codecs& c)
      : settings(std::move(s)), handler(h), codecs(c), engine(std::make_shared<Engine>()) {
    budget.max_bytes = settings.max_transfer_bytes;
    limits.max_bytes = settings.max_body_bytes;
  }

  Result<void> start();
  void on_event(coap_session_t* session, coap_event_t event);
  void on_request(coap_session_t* session, const coap_pdu_t* pdu, coap_pdu_t* answer);
  std::optional<Message> answer_to(Session& state, const std::shared_ptr<Call>& call,
                                   Message message);
  std::optional<Message> serve(Session& state, const std::shared_ptr<Call>& call,
                               const Message& message);
  Message finish(Session& state, const Call& call, const Response& response,
                 std::uint8_t refusal_code = 0);
  void deliver(std::uint64_t number, const Response& response);
  void close_doomed();
  Session* session_around(const void* socket);
  void hear();
  void sweep();
  void check_trust();
  void end();

  const ServerSettings settings;
  PrimitiveHandler& handler;
  const Codecs& codecs;
  DecodeLimits limits;
  ServerSecurity security;         // outlives the context
  std::shared_ptr<Engine> engine;  // shared with replies that may come after our end
  std::uint16_t port = 0;
  // Of the thread:
  TransferBudget budget;
  std::map<coap_session_t*, std::unique_ptr<Session>> sessions;
  std::map<std::uint64_t, std::shared_ptr<Call>> open_calls;
  std::uint64_t last_call = 0;
  std::vector<coap_session_t*> doomed;
  ReadHook read_hook;
  std::uint32_t trust_generation = 0;
  std::atomic<std::uint64_t> requests{0}, duplicates{0}, handshake_failures{0}, sessions_refused{0},
      sessions_open{0};
};

namespace {

extern "C" {
void gatehouse_coap_serve(coap_resource_t*, coap_session_t* session, const coap_pdu_t* request,
                          const coap_string_t*, coap_pdu_t* response) {
  auto* self = static_cast<Server::Impl*>(coap_get_app_data(coap_session_get_context(session)));
  self->on_request(session, request, response);
}
int gatehouse_coap_server_event(coap_session_t* session, const coap_event_t event) {
  auto* self = static_cast<Server::Impl*>(coap_get_app_data(coap_session_get_context(session)));
  self->on_event(session, event);
  return 0;
}
}

}  // namespace

Result<void> Server::Impl::start() {
  coap_context_t* context = engine->context();
  coap_set_app_data(context, this);
  // Bodies are put together in block_transfer.h.
  coap_context_set_block_mode(context, 0);
  coap_context_set_max_idle_sessions(context, static_cast<unsigned>(settings.max_sessions));
  coap_context_set_max_handshake_sessions(context, static_cast<unsigned>(settings.max_handshakes));
  coap_context_set_session_timeout(context, static_cast<unsigned>(settings.idle_timeout.count()));
  coap_register_event_handler(context, gatehouse_coap_server_event);
  coap_resource_t* all = coap_resource_unknown_init(gatehouse_coap_serve);
  for (const coap_request_t method :
       {COAP_REQUEST_GET, COAP_REQUEST_POST, COAP_REQUEST_PUT, COAP_REQUEST_DELETE,
        COAP_REQUEST_FETCH, COAP_REQUEST_PATCH, COAP_REQUEST_IPATCH}) {
    coap_register_request_handler(all, method, gatehouse_coap_serve);
  }
  coap_add_resource(context, all);
  if (settings.tls || settings.psk || settings.psk_source) {
    if (auto secured = security.apply(context, settings); !secured) return secured;
  }
  const Result<std::uint16_t> opened = listen(context, settings);
  if (!opened) return fail(opened.error());
  port = *opened;
  engine->at(now() + kSweep, [this] { sweep(); });
  engine->post([this] { hear(); });
  engine->start([this] { close_doomed(); });
  return {};
}

void Server::Impl::on_event(coap_session_t* session, coap_event_t event) {
  switch (event) {
    case COAP_EVENT_SERVER_SESSION_NEW:
      if (is_reliable(session)) {
        if (sessions.size() >= settings.max_sessions) doomed.push_back(session);
      } else {
        coap_session_set_mtu(session, kDatagramBytes);
      }
      coap_session_set_nstart(session, kAnswersAtOnce);
      sessions[session] = std::make_unique<Session>(settings, budget);
      sessions[session]->trust_generation = trust_generation;
      break;
    case COAP_EVENT_SERVER_SESSION_DEL:
      sessions.erase(session);
      break;
    case COAP_EVENT_DTLS_ERROR:
      ++handshake_failures;
      break;
    default:
      break;
  }
  sessions_open = sessions.size();
}

void Server::Impl::on_request(coap_session_t* session, const coap_pdu_t* pdu, coap_pdu_t* answer) {
  const auto found = sessions.find(session);
  if (found == sessions.end()) return;
  Session& state = *found->second;
  const Time arrived = now();
  state.last_request = arrived;
  state.asked = true;
  auto call = std::make_shared<Call>();
  call->session = session;
  call->token = token_of(pdu);
  call->id = static_cast<std::uint16_t>(coap_pdu_get_mid(pdu));
  call->confirmable = is_reliable(session) || coap_pdu_get_type(pdu) == COAP_MESSAGE_CON;
  ++requests;
  // Without a response code what leaves is an empty acknowledgement, or nothing where that has no
  // meaning.
  if (!is_reliable(session)) {
    const auto seen = state.window.begin(call->id, call->token, arrived);
    if (seen.seen != ExchangeWindow::Seen::kNew) {
      ++duplicates;
      if (seen.answer) fill(answer, *seen.answer);
      return;
    }
  }
  Message message = message_of(pdu);
  call->request.code = message.code;
  call->request.options = message.options;
  if (!state.peer) state.peer = peer_of(session, settings);
  const std::optional<Message> made = answer_to(state, call, std::move(message));
  if (made && !fill(answer, *made)) coap_pdu_set_code(answer, COAP_RESPONSE_CODE_INTERNAL_ERROR);
  if (made && call->request.code == kGet) {
    state.window.forget(call->id);  // asked again, it is looked up again
  } else if (made) {
    state.window.finish(call->id, *made);
  }
}

/// nullopt: the answer comes later, or never.
std::optional<Message> Server::Impl::answer_to(Session& state, const std::shared_ptr<Call>& call,
                                               Message message) {
  const std::size_t room = room_of(call->session);
  if (auto part = state.downloads.next(message, room, now())) return part;
  const auto wish = block_at(message, option::kBlock2);
  if (wish && wish->number != 0 && message.code != kGet) {
    Message gone;  // to serve it again for its later blocks would do it again
    gone.code = code(4, 8);
    return gone;
  }
  Uploads::Step step = state.uploads.take(std::move(message), now());
  if (step.answer) return step.answer;
  return serve(state, call, *std::move(step.whole));
}

std::optional<Message> Server::Impl::serve(Session& state, const std::shared_ptr<Call>& call,
                                           const Message& message) {
  Incoming in = read_request(message, codecs, settings.option_numbers, limits);
  call->style = in.style;
  call->operation = in.request.operation;
  if (in.refusal) {
    return finish(state, *call, error_response(in.request, *in.refusal), in.refusal_code);
  }
  if (state.pending >= settings.max_pending) {
    const Error busy{Rsc::kTargetNotReachable, "too many requests are in progress; try again"};
    return finish(state, *call, error_response(in.request, busy), code(5, 3));
  }
  call->silent = in.request.response_type == kNoResponse;
  in.request.peer = state.peer;
  const std::uint64_t number = ++last_call;
  open_calls[number] = call;
  coap_session_reference(call->session);
  ++state.pending;
  // After our end the engine drops what is posted, and `this` is not touched.
  handler.handle(std::move(in.request), [this, engine = engine, number, call,
                                         thread = std::this_thread::get_id()](Response response) {
    if (std::this_thread::get_id() == thread && call->inside) {
      call->response = std::move(response);
      return;
    }
    engine->post([this, number, response = std::move(response)] { deliver(number, response); });
  });
  call->inside = false;
  if (!call->response) return std::nullopt;
  open_calls.erase(number);
  --state.pending;
  coap_session_release(call->session);
  if (call->silent) return std::nullopt;
  return finish(state, *call, *call->response);
}

/// The response as the message that answers this call, or its first block.
Message Server::Impl::finish(Session& state, const Call& call, const Response& response,
                             std::uint8_t refusal_code) {
  Message message = write_response(response, call.operation, call.style, refusal_code);
  if (const std::string* last = call.request.find(option::kBlock1)) {
    message.add(option::kBlock1, *last);  // Source: RFC 7959 clause 2.3
  }
  return state.downloads.begin(call.request, std::move(message), room_of(call.session), now());
}

void Server::Impl::deliver(std::uint64_t number, const Response& response) {
  const auto open = open_calls.extract(number);
  if (open.empty()) return;
  const Call& call = *open.mapped();
  const auto found = sessions.find(call.session);
  if (found != sessions.end()) {
    Session& state = *found->second;
    --state.pending;
    state.window.finish_separately(call.id);
    if (!call.silent) {
      send(call.session, finish(state, call, response), call.token, call.confirmable);
    }
  }
  coap_session_release(call.session);
}

void Server::Impl::close_doomed() {
  for (coap_session_t* session : std::exchange(doomed, {})) {
    if (!sessions.contains(session)) continue;
    ++sessions_refused;
    coap_session_disconnected(session, COAP_NACK_NOT_DELIVERABLE);
    engine->post([] {});  // one more turn, in which libcoap frees it
  }
}

/// A socket is a part of its session, which begins before it; nullptr: of no session of ours.
Session* Server::Impl::session_around(const void* socket) {
  const auto address = reinterpret_cast<std::uintptr_t>(socket);
  auto found = sessions.upper_bound(reinterpret_cast<coap_session_t*>(address));
  if (found == sessions.begin()) return nullptr;
  --found;
  const bool inside = address - reinterpret_cast<std::uintptr_t>(found->first) < kSessionBytes;
  return inside ? found->second.get() : nullptr;
}

void Server::Impl::hear() {
  read_hook.bytes = [this](const void* socket) {
    Session* const state = session_around(socket);
    if (state && !state->incomplete_since) state->incomplete_since = now();
  };
  read_hook.message = [this](const void* socket) {
    if (Session* const state = session_around(socket)) state->incomplete_since.reset();
  };
  set_read_hook(&read_hook);
}

/// Who is believed no longer, since a file has changed, is cut off.
void Server::Impl::check_trust() {
  if (!security.tls()) return;
  trust_generation = gatehouse::trust_generation(security.tls());
  std::size_t checked = 0;
  for (const auto& [session, state] : sessions) {
    if (state->trust_generation == trust_generation || !state->asked) continue;
    if (++checked > kTrustChecksAtOnce) return;
    state->trust_generation = trust_generation;
    if (!is_still_trusted(session, security.tls())) doomed.push_back(session);
  }
}

/// libcoap counts every byte as a sign of life; a peer that sends no whole request is none.
void Server::Impl::sweep() {
  check_trust();
  for (const auto& [session, state] : sessions) {
    if (state->pending != 0 || !is_reliable(session)) continue;
    const bool silent = state->last_request + settings.idle_timeout < now();
    const bool unknown = !state->asked && state->opened + settings.handshake_timeout < now();
    const bool slow =
        state->incomplete_since && *state->incomplete_since + settings.message_timeout < now();
    if (silent || unknown || slow) doomed.push_back(session);
  }
  engine->at(now() + kSweep, [this] { sweep(); });
}

void Server::Impl::end() {
  for (const auto& [number, call] : open_calls) coap_session_release(call->session);
  open_calls.clear();
}

Server::Server(ServerSettings settings, PrimitiveHandler& handler, const Codecs& codecs)
    : impl_(std::make_unique<Impl>(std::move(settings), handler, codecs)) {}

Server::~Server() { stop(); }

Result<void> Server::start() { return impl_->start(); }

void Server::stop() {
  impl_->engine->stop([impl = impl_.get()] { impl->end(); });
}

std::uint16_t Server::port() const { return impl_->port; }

ServerCounters Server::counters() const {
  return {impl_->requests, impl_->duplicates, impl_->handshake_failures, impl_->sessions_refused,
          impl_->sessions_open};
}

}  // namespace gatehouse::coap
