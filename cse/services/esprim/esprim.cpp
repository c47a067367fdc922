#include "cse/services/esprim/esprim.h"

#include <algorithm>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

constexpr std::size_t kRandomBytes = 16;

/// The securityInfo of a NOTIFY, if it is one of ESPrim's.
const Value* esprim_part(const Request& request) {
  if (request.operation != Operation::kNotify || !request.content) return nullptr;
  const Value* information = request.content->find("m2m:seci");
  if (!information) return nullptr;
  const std::int64_t type = information->integer_at("sit");
  return type == jose::kRandomRequest || type == jose::kEsPrimMessage ? information : nullptr;
}

Response answer_to(const Request& request, Value content) {
  Response response;
  response.rsc = Rsc::kOk;
  response.request_identifier = request.request_identifier;
  response.release_version = request.release_version;
  response.content = Content(std::move(content));
  return response;
}

/// The part of a JWE that is never the same twice under one key.
std::string vector_of(const std::string& jwe) {
  const std::size_t second = jwe.find('.', jwe.find('.') + 1);
  return jwe.substr(second + 1, jwe.find('.', second + 1) - second - 1);
}

}  // namespace

EsPrimGate::EsPrimGate(EsPrimSettings settings, PrimitiveHandler& next, FindKey find_key, Now now)
    : settings_(std::move(settings)),
      next_(next),
      find_key_(std::move(find_key)),
      now_(std::move(now)) {}

void EsPrimGate::handle(Request&& request, Reply reply) {
  const Value* information = esprim_part(request);
  if (!information || !is_to_this_cse(request)) {
    return next_.handle(std::move(request), std::move(reply));
  }
  if (information->integer_at("sit") == jose::kRandomRequest) return reply(give_random(request));
  const std::string jwe = information->string_at("epo");
  take(std::move(request), jwe, std::move(reply));
}

/// "/id-in", "/id-in/cse-in", "cse-in", "-", or with the service provider before it.
bool EsPrimGate::is_to_this_cse(const Request& request) const {
  std::string to = request.to;
  if (to.starts_with(settings_.sp_id + "/")) to = to.substr(settings_.sp_id.size());
  if (to == settings_.cse_id) return true;
  if (to.starts_with(settings_.cse_id + "/")) to = to.substr(settings_.cse_id.size() + 1);
  return to == settings_.csebase_name || to == "-";
}

Response EsPrimGate::give_random(const Request& request) {
  const Timestamp now = now_();
  const jose::ReceiverRandom drawn{"r" + jose::random_text(kRandomBytes),
                                   jose::random_text(kRandomBytes),
                                   now + settings_.session_lifetime};
  {
    const std::lock_guard lock(mutex_);
    std::erase_if(sessions_, [now](const auto& each) { return each.second.random.expires <= now; });
    if (sessions_.size() >= settings_.max_sessions) {
      sessions_.erase(
          std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
            return a.second.random.expires < b.second.random.expires;
          }));
    }
    sessions_[drawn.id].random = drawn;
  }
  return answer_to(request,
                   Value::object({{"m2m:seci", Value::object({{"sit", jose::kRandomResponse},
                                                              {"ero", drawn.to_value()}})}}));
}

Result<jose::ReceiverRandom> EsPrimGate::session_of(const std::string& id) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end() || found->second.random.expires <= now_()) {
    return fail(esprim_rsc::kUnknownReceiverRandom,
                "ESPrim: rri: this random value is unknown or has expired; ask for a new one");
  }
  return found->second.random;
}

Result<void> EsPrimGate::take_once(const std::string& session_id, const std::string& jwe) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(session_id);
  if (found == sessions_.end() || found->second.seen.size() >= settings_.max_messages) {
    return fail(esprim_rsc::kUnknownReceiverRandom, "ESPrim: the session is over; begin a new one");
  }
  if (!found->second.seen.insert(vector_of(jwe)).second) {
    return fail(esprim_rsc::kBadMac, "ESPrim: this message was received before");
  }
  return {};
}

Result<EsPrimGate::Opened> EsPrimGate::open(const std::string& jwe) {
  const auto header = jose::header_of(jwe);
  if (!header) return fail(esprim_rsc::kUnsupportedOption, "ESPrim: epo: " + header.error().detail);
  const auto pairwise = find_key_(header->string_at("kid"));
  if (!pairwise) return fail(esprim_rsc::kUnknownKeyId, "ESPrim: kid: this key is unknown");
  const std::string wanted = pairwise->key.bytes.size() == 16 ? "A128GCM" : "A256GCM";
  if (header->string_at("alg") != "dir" || header->string_at("enc") != wanted) {
    return fail(esprim_rsc::kUnsupportedOption, "ESPrim: alg must be dir, and enc " + wanted);
  }
  const Value* drawn = header->find("ori");
  const auto originator = jose::OriginatorRandom::read(drawn ? *drawn : Value::object());
  if (!originator) return fail(esprim_rsc::kUnknownOriginatorRandom, originator.error().detail);
  const auto receiver = session_of(header->string_at("rri"));
  if (!receiver) return fail(receiver.error());
  const jose::SharedKey key = jose::session_key(pairwise->key, *receiver, *originator);
  const auto opened = jose::decrypt(jwe, key);
  if (!opened) return fail(esprim_rsc::kBadMac, "ESPrim: " + opened.error().detail);
  // Only now: a forged message must not use up the vector of a good one.
  if (auto first = take_once(receiver->id, jwe); !first) return fail(first.error());
  const auto primitive = parse_json(opened->payload);
  if (!primitive) return fail(esprim_rsc::kDecryptionError, "ESPrim: " + primitive.error().detail);
  auto inner = request_from_value(*primitive);
  if (!inner) return fail(esprim_rsc::kDecryptionError, "ESPrim: " + inner.error().detail);
  const auto& proven = pairwise->originators;
  if (std::find(proven.begin(), proven.end(), inner->from) == proven.end()) {
    return fail(esprim_rsc::kImpersonation,
                "ESPrim: fr: the key is not one of \"" + inner->from + "\"");
  }
  Peer peer;
  peer.transport = "esprim";
  peer.authenticated = true;
  peer.identities = proven;
  peer.credential = pairwise->key.id;
  inner->peer = std::make_shared<const Peer>(std::move(peer));
  return Opened{*std::move(inner), key, receiver->id, *originator};
}

void EsPrimGate::take(Request request, const std::string& jwe, Reply reply) {
  auto opened = open(jwe);
  if (!opened) return reply(error_response(request, opened.error()));
  Request inner = std::move(opened->inner);
  next_.handle(
      std::move(inner),
      [request = std::move(request), key = opened->key, random = opened->receiver_random_id,
       originator = opened->originator, reply = std::move(reply)](Response response) {
        auto sealed = jose::seal(to_json(to_value(response)), key, random, originator);
        if (!sealed) return reply(error_response(request, sealed.error()));
        reply(answer_to(request, jose::message_with(*std::move(sealed))));
      });
}

}  // namespace gatehouse
