#include "cse/services/delivery/messenger.h"

#include <algorithm>
#include <utility>

#include "cse/core/address.h"
#include "cse/core/release_view.h"
#include "cse/core/serialization.h"

namespace gatehouse {
namespace {

bool is_url(const std::string& target) { return target.find("://") != std::string::npos; }

/// Why a point of access did not do, for the last answer.
std::string reason_of(const Response& response) {
  const Value* content = response.content.tree();
  const std::string text = content ? content->string_at("m2m:dbg") : "";
  return text.empty() ? "answered " + std::to_string(static_cast<int>(response.rsc)) : text;
}

/// The newest release that both know; without `srv` Release 1, which does not have it, if that is
/// one of ours, else the newest of ours; an entity that knows none of ours is spoken to in its own.
std::string release_for(const Resource* entity, const std::vector<std::string>& ours) {
  const auto theirs = entity ? entity->attributes().strings_at("srv") : std::vector<std::string>{};
  for (auto release = ours.rbegin(); release != ours.rend(); ++release) {
    if (std::find(theirs.begin(), theirs.end(), *release) != theirs.end()) return *release;
  }
  if (!theirs.empty()) return theirs.back();
  if (entity && std::find(ours.begin(), ours.end(), "1") != ours.end()) return "1";
  return ours.empty() ? "3" : ours.back();
}

}  // namespace

/// One request on its way over the points of access of one entity.
struct EntityMessenger::Attempt {
  ResourcePtr entity;
  Request request;
  Reply reply;
  std::vector<std::string> urls;
  std::size_t next = 0;
  bool reachable = false;         ///< takes requests (rr)
  bool connection_tried = false;  ///< the one that the entity holds to us
  std::string receiver_id;
  std::string failures;  ///< "url: why; …"
};

EntityMessenger::EntityMessenger(Cse& cse, std::vector<PrimitiveSender*> senders)
    : cse_(cse), senders_(std::move(senders)) {}

void EntityMessenger::complete(Request& request, const Resource* entity) const {
  if (request.from.empty()) request.from = cse_.settings().cse_id;
  if (request.request_identifier.empty()) {
    request.request_identifier = cse_.ids().request_identifier();
  }
  if (!request.release_version) {
    request.release_version = release_for(entity, cse_.settings().release_versions);
    const Release known = release_of(request);
    if (known < kNewestRelease && request.content)
      leave_out_later(*request.content, cse_.schemas(), known);
    if (known == Release::k1) request.release_version.reset();  // a parameter of later releases
  }
  request.peer = nullptr;
}

PrimitiveSender* EntityMessenger::sender_for(const std::string& url) const {
  const auto found = std::find_if(senders_.begin(), senders_.end(),
                                  [&url](PrimitiveSender* sender) { return sender->serves(url); });
  return found == senders_.end() ? nullptr : *found;
}

void EntityMessenger::send_to(const std::string& target, Request request, Reply reply) {
  if (is_url(target)) return send_to_url(target, std::move(request), std::move(reply));
  const auto refuse = [&](Error error) { reply(error_response(request, error)); };
  const auto address = parse_address(target);
  if (!address) {
    return refuse(
        {Rsc::kTargetNotReachable, "\"" + target + "\" is no address: " + address.error().detail});
  }
  CommittedView resources = cse_.view();
  if (!is_local(*address, cse_.settings())) {
    // "/Sxyz": the AE-ID of an S-type names no CSE; its <AE> may be here.
    const bool ae_of_provider = address->scope != Address::Scope::kCseRelative &&
                                address->segments.empty() &&
                                is_ae_id_stem(address->cse_id.substr(1));
    if (ae_of_provider) {
      auto ae = resources.find(ResourceId{address->cse_id.substr(1)});
      if (!ae) return refuse(ae.error());
      if (*ae && (*ae)->type() == type_number::kAe) {
        return send_to_entity(*ae, std::move(request), std::move(reply));
      }
    }
    return send_elsewhere(target, std::move(request), std::move(reply));
  }
  auto entity = find_local(target, cse_.settings(), resources);
  if (!entity) return refuse(entity.error());
  const int type = *entity ? (*entity)->type() : 0;
  if (type == type_number::kAe || type == type_number::kRemoteCse) {
    return send_to_entity(*entity, std::move(request), std::move(reply));
  }
  if (request.to.empty()) request.to = target;
  request.peer = nullptr;
  cse_.request(std::move(request), std::move(reply));
}

std::string EntityMessenger::named_ae(const std::string& url) const {
  if (!url.starts_with("mqtt")) return {};
  const std::size_t path = url.find('/', url.find("://") + 3);
  if (path == std::string::npos) return {};
  const std::string segment = url.substr(path + 1, url.find('?') - path - 1);
  if (!is_ae_id_stem(segment)) return {};
  CommittedView resources = cse_.view();
  auto ae = resources.find(ResourceId{segment});
  return ae && *ae && (*ae)->type() == type_number::kAe ? segment : std::string();
}

void EntityMessenger::send_to_url(const std::string& uri, Request request, Reply reply) {
  complete(request, nullptr);
  auto [url, serialization] = split_serialization(uri);
  if (!serialization.empty()) request.serialization = std::move(serialization);
  PrimitiveSender* sender = sender_for(url);
  if (!sender) {
    return reply(error_response(
        request, {Rsc::kTargetNotReachable, "no binding of this CSE serves \"" + url + "\""}));
  }
  const std::string receiver = named_ae(url);
  if (request.to.empty() || request.to == uri) request.to = receiver.empty() ? url : receiver;
  sender->send(url, receiver, std::move(request), std::move(reply));
}

void EntityMessenger::send_elsewhere(const std::string& target, Request request, Reply reply) {
  complete(request, nullptr);
  Transit* transit = cse_.extensions().transit;
  if (!transit) {
    return reply(
        error_response(request, {Rsc::kTargetNotReachable, "no route to \"" + target + "\""}));
  }
  if (request.to.empty()) request.to = target;
  const std::string originator = request.from;
  transit->forward(std::move(request), originator, std::move(reply));
}

void EntityMessenger::send_to_entity(const ResourcePtr& entity, Request request, Reply reply) {
  complete(request, entity.get());
  auto attempt = std::make_shared<Attempt>();
  attempt->entity = entity;
  const Value& attributes = entity->attributes();
  const bool is_ae = entity->type() == type_number::kAe;
  // SP-relative, as MQTT topics have it (TS-0010 clause 6.4); an AE of the provider by its stem.
  const std::string& stem = entity->id().text;
  attempt->receiver_id = !is_ae                  ? attributes.string_at("csi")
                         : stem.starts_with('S') ? stem
                                                 : to_sp_relative(stem, cse_.settings());
  attempt->reachable = attributes.bool_at("rr", !is_ae);
  if (attempt->reachable) attempt->urls = attributes.strings_at("poa");
  if (request.to.empty()) request.to = attempt->receiver_id;
  if (request.serialization.empty()) {
    request.serialization = serialization_for(*entity, cse_.settings().serializations);
  }
  attempt->request = std::move(request);
  attempt->reply = std::move(reply);
  try_next(attempt);
}

void EntityMessenger::try_next(const std::shared_ptr<Attempt>& attempt) const {
  while (attempt->next < attempt->urls.size()) {
    const std::string& url = attempt->urls[attempt->next++];
    PrimitiveSender* sender = sender_for(url);
    if (!sender) {
      attempt->failures += url + ": no binding serves it; ";
      continue;
    }
    return sender->send(
        url, attempt->receiver_id, attempt->request, [this, attempt](Response response) {
          if (response.rsc != Rsc::kTargetNotReachable) {
            return attempt->reply(std::move(response));
          }
          attempt->failures += attempt->urls[attempt->next - 1] + ": " + reason_of(response) + "; ";
          try_next(attempt);
        });
  }
  if (!try_connection(attempt)) poll_or_give_up(*attempt);
}

bool EntityMessenger::try_connection(const std::shared_ptr<Attempt>& attempt) const {
  if (!connections_ || !attempt->reachable) return false;
  if (std::exchange(attempt->connection_tried, true)) return false;
  return connections_->send_if_connected(
      attempt->receiver_id, attempt->request, [this, attempt](Response response) {
        if (response.rsc != Rsc::kTargetNotReachable) return attempt->reply(std::move(response));
        attempt->failures += "its connection: " + reason_of(response) + "; ";
        try_next(attempt);
      });
}

void EntityMessenger::poll_or_give_up(const Attempt& attempt) const {
  if (polling_ && polling_->enqueue(attempt.entity->id(), attempt.request, attempt.reply)) return;
  const std::string who = "\"" + attempt.receiver_id + "\"";
  std::string why = who + " has no pointOfAccess (poa) and no polling channel";
  if (!attempt.failures.empty()) {
    why = who + " cannot be reached: " + attempt.failures.substr(0, attempt.failures.size() - 2);
  } else if (!attempt.entity->attributes().bool_at("rr", true)) {
    why = who + " takes no requests (rr is false) and has no polling channel";
  }
  attempt.reply(error_response(attempt.request, {Rsc::kTargetNotReachable, std::move(why)}));
}

}  // namespace gatehouse
