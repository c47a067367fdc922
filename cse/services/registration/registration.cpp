#include "cse/services/registration/registration.h"

#include <algorithm>

#include "cse/core/serialization.h"
#include "cse/services/registration/contact_list.h"
#include "cse/services/registration/entities.h"
#include "cse/services/registration/node_links.h"
#include "cse/services/registration/registrar.h"

namespace gatehouse {
namespace {

/// The next CSE on the way. Source: TS-0001 clause 7.3.2.6 of TS-0004 (forwarding).
Result<ResourcePtr> next_hop(const std::string& cse_id, bool came_from_registrar,
                             CommittedView& view) {
  auto direct = view.find(ResourceId{cse_id.substr(1)});
  if (!direct) return direct;
  if (*direct && (*direct)->type() == type_number::kRemoteCse) return direct;
  ResourcePtr registrar, hop;
  auto walked = each_remote_cse(view, [&](const ResourcePtr& csr) {
    const auto below = csr->attributes().strings_at("dcse");
    if (std::find(below.begin(), below.end(), cse_id) != below.end()) hop = csr;
    if (csr->internal().bool_at("registrar")) registrar = csr;
    return !hop;
  });
  if (!walked) return fail(walked.error());
  if (hop) return hop;
  return came_from_registrar ? ResourcePtr{} : registrar;
}

/// Did our registrar hand this on? Then it has no other way than to us, and must not get it back: a
/// route that no longer holds would make the request circle. From below come only those whose CSE
/// is registered here or behind one that is. Source: TS-0004 clause 7.3.2.6.
Result<bool> came_from_registrar(const Request& request, const std::string& originator,
                                 const std::string& registrar, CommittedView& view) {
  if (!request.peer || registrar.empty() || !originator.starts_with('/')) return false;
  const auto address = parse_address(originator);
  if (!address) return false;
  if (address->cse_id == registrar) return true;
  if (originator.starts_with("/S") && address->segments.empty()) {
    // An AE-ID of the provider ("/SAE1") does not tell where it lives: the connection has to.
    const auto& peers = request.peer->identities;
    return std::find(peers.begin(), peers.end(), registrar) != peers.end();
  }
  auto back = next_hop(address->cse_id, false, view);
  if (!back) return fail(back.error());
  return !*back || (*back)->internal().bool_at("registrar");
}

/// Tries the points of access of a CSE one after the other.
void send_to_any(PrimitiveSender& senders, std::vector<std::string> urls, std::size_t index,
                 std::string receiver, std::shared_ptr<const Request> request, Reply reply) {
  const std::string url = urls[index];
  senders.send(
      url, receiver, *request,
      [&senders, urls = std::move(urls), index, receiver, request, reply](Response response) {
        if (response.rsc == Rsc::kTargetNotReachable && index + 1 < urls.size()) {
          return send_to_any(senders, urls, index + 1, receiver, request, reply);
        }
        if (response.rsc == Rsc::kTargetNotReachable) response.rsc = Rsc::kRemoteEntityNotReachable;
        reply(std::move(response));
      });
}

}  // namespace

Result<void> each_remote_cse(ResourceReader& resources,
                             const std::function<bool(const ResourcePtr&)>& visit) {
  Page page;
  for (;;) {
    auto entries = resources.all_of_type(type_number::kRemoteCse, page);
    if (!entries) return fail(entries.error());
    for (const ChildEntry& entry : *entries) {
      page.after = entry.order;
      auto csr = resources.find(entry.id);
      if (!csr) return fail(csr.error());
      if (*csr && !visit(*csr)) return {};
    }
    if (entries->size() < page.limit) return {};
  }
}

std::string originator_for_others(const std::string& originator, const CseSettings& settings) {
  if (originator.starts_with('/')) return originator;
  if (originator.starts_with('S')) return "/" + originator;
  return settings.cse_id + "/" + originator;
}

Registration::Registration(Cse& cse, PrimitiveSender& senders, RegistrationSettings settings)
    : cse_(cse), senders_(senders), settings_(std::move(settings)) {
  cse.behaviours().add(type_number::kCseBase, csebase_behaviour());
  cse.behaviours().add(type_number::kAe, ae_behaviour());
  cse.behaviours().add(type_number::kNode, node_behaviour());
  cse.behaviours().add(type_number::kRemoteCse,
                       remote_cse_behaviour(settings_.allowed_cses, cse.settings().administrator));
  add_contact_list(cse);
  cse.extensions().transit = this;
  cse.extensions().listeners.push_back(this);
  if (!settings_.registrar_cse_id.empty())
    registrar_ = std::make_shared<Registrar>(cse, senders, settings_);
  cse.extensions().after_reset.push_back([registrar = registrar_] {
    if (registrar) registrar->start_over();
  });
}

Registration::~Registration() { stop(); }

void Registration::start() {
  if (registrar_) registrar_->start();
}

void Registration::stop() {
  if (registrar_) registrar_->stop();
}

bool Registration::registered() const { return registrar_ && registrar_->registered(); }

void Registration::forward(Request request, const std::string& originator, Reply reply) {
  const auto address = parse_address(request.to);
  if (!address) return reply(error_response(request, address.error()));
  const CseSettings& own = cse_.settings();
  if (address->scope == Address::Scope::kAbsolute && address->sp_id != own.sp_id) {
    return reply(error_response(
        request,
        {Rsc::kNotFound, "to: no route to the service provider \"" + address->sp_id + "\""}));
  }
  CommittedView view = cse_.view();
  const auto from_registrar =
      came_from_registrar(request, originator, settings_.registrar_cse_id, view);
  if (!from_registrar) return reply(error_response(request, from_registrar.error()));
  auto hop = next_hop(address->cse_id, *from_registrar, view);
  if (!hop) return reply(error_response(request, hop.error()));
  if (!*hop)
    return reply(error_response(
        request, {Rsc::kNotFound, "to: no route to the CSE \"" + address->cse_id + "\""}));
  if (registrar_ && (*hop)->internal().bool_at("registrar")) {
    reply = [registrar = registrar_, reply = std::move(reply)](Response response) {
      // It does not know us any more.
      if (response.rsc == Rsc::kSecurityAssociationRequired) registrar->renew();
      reply(std::move(response));
    };
  }
  request.from = originator_for_others(originator, own);
  request.peer = nullptr;
  request.serialization = serialization_for(**hop, own.serializations);
  const Value& csr = (*hop)->attributes();
  auto urls = csr.strings_at("poa");
  std::erase_if(urls, [this](const std::string& url) { return !senders_.serves(url); });
  if (!urls.empty()) {
    return send_to_any(senders_, std::move(urls), 0, csr.string_at("csi"),
                       std::make_shared<const Request>(std::move(request)), std::move(reply));
  }
  if (cse_.extensions().messenger) {  // it may hold a polling channel here
    return cse_.extensions().messenger->send_to((*hop)->path(), std::move(request),
                                                std::move(reply));
  }
  reply(
      error_response(request, {Rsc::kRemoteEntityNotReachable,
                               "the CSE \"" + csr.string_at("csi") + "\" has no point of access"}));
}

void Registration::committed(const Committed& event) {
  if (!registrar_) return;
  const bool concerns =
      std::any_of(event.changes.begin(), event.changes.end(), [](const Change& change) {
        return change.resource().type() == type_number::kRemoteCse &&
               !change.resource().internal().bool_at("registrar");
      });
  if (concerns) registrar_->descendants_changed();
}

}  // namespace gatehouse
