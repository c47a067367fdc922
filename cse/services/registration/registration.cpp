#include "cse/services/registration/registration.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/core/serialization.h"
#include "cse/services/registration/contact_list.h"
#include "cse/services/registration/entities.h"
#include "cse/services/registration/node_links.h"
#include "cse/services/registration/registrar.h"
#include "cse/services/registration/service_subscription.h"

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
                                 const std::string& registrar, const std::string& own_sp_id,
                                 CommittedView& view) {
  if (!request.peer || registrar.empty() || !originator.starts_with('/')) return false;
  const std::string provider = provider_of(originator);
  if (!provider.empty() && provider != own_sp_id) return true;  // all others are above us
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
    : cse_(cse),
      senders_(senders),
      settings_(std::move(settings)),
      provider_aes_(std::make_shared<ProviderAes>(
          cse, settings_.in_cse_id.empty() ? settings_.registrar_cse_id : settings_.in_cse_id)) {
  cse.behaviours().add(type_number::kCseBase, csebase_behaviour());
  cse.behaviours().add(type_number::kAe, ae_behaviour(provider_aes_));
  cse.behaviours().add(type_number::kNode, node_behaviour());
  cse.behaviours().add(type_number::kServiceSubscribedNode, subscribed_node_behaviour());
  cse.behaviours().add(type_number::kServiceSubscribedAppRule, app_rule_behaviour());
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
  if (cse_.settings().cse_type == 1) remember_providers(cse_, settings_.providers);
  if (registrar_) registrar_->start();
}

void Registration::stop() {
  if (registrar_) registrar_->stop();
}

bool Registration::registered() const { return registrar_ && registrar_->registered(); }

/// "/SAE1/…": the AE of the provider, or its <AEAnnc>, as this CSE knows it; null if it does not.
Result<ResourcePtr> Registration::registered_ae_of_provider(const Address& address,
                                                            CommittedView& view) const {
  const std::string stem = address.cse_id.substr(1);
  if (!stem.starts_with('S')) return ResourcePtr{};
  auto found = view.find(ResourceId{stem});
  if (!found || !*found) return found;
  const int type = (*found)->type() % type_number::kAnnounced;
  return type == type_number::kAe ? found : Result<ResourcePtr>(ResourcePtr{});
}

void Registration::forward(Request request, const std::string& originator, Reply reply) {
  auto address = parse_address(request.to);
  if (!address) return reply(error_response(request, address.error()));
  const CseSettings& own = cse_.settings();
  if (address->scope == Address::Scope::kAbsolute && address->sp_id != own.sp_id)
    return forward_to_provider(std::move(request), originator, address->sp_id, std::move(reply));
  CommittedView view = cse_.view();
  auto ae = registered_ae_of_provider(*address, view);
  if (!ae) return reply(error_response(request, ae.error()));
  if (*ae) {
    // Its AE-ID does not name the CSE where it is registered; the <AEAnnc> of the IN-CSE does.
    const std::string link = (*ae)->type() == type_number::kAe
                                 ? own.cse_id + "/" + (*ae)->id().text
                                 : (*ae)->attributes().string_at("lnk");
    std::string to = link;
    for (const std::string& segment : address->segments) to += "/" + segment;
    const auto there = parse_address(to);
    if (there && there->scope != Address::Scope::kCseRelative && there->cse_id != address->cse_id) {
      request.to = std::move(to);
      request.from = originator;
      return cse_.request(std::move(request), std::move(reply));
    }
  }
  const auto from_registrar =
      came_from_registrar(request, originator, settings_.registrar_cse_id, own.sp_id, view);
  if (!from_registrar) return reply(error_response(request, from_registrar.error()));
  auto hop = next_hop(address->cse_id, *from_registrar, view);
  if (!hop) return reply(error_response(request, hop.error()));
  if (!*hop)
    return reply(error_response(
        request, {Rsc::kNotFound, "to: no route to the CSE \"" + address->cse_id + "\""}));
  request.from = originator_for_others(originator, own);
  forward_to(*hop, std::move(request), std::move(reply));
}

/// Mcc': only the IN-CSEs of two providers speak to each other, and identifiers are absolute there.
/// Nothing goes from one provider to another through a third. Source: TS-0001 clauses 6.2.6 and
/// 7.2 (absolute identifiers), TS-0004 clause 7.3.2.6.
void Registration::forward_to_provider(Request request, const std::string& originator,
                                       const std::string& sp_id, Reply reply) {
  const CseSettings& own = cse_.settings();
  CommittedView view = cse_.view();
  const auto from_above =
      came_from_registrar(request, originator, settings_.registrar_cse_id, own.sp_id, view);
  if (!from_above) return reply(error_response(request, from_above.error()));
  auto hop = way_to_provider(sp_id, *from_above, view);
  if (!hop) return reply(error_response(request, hop.error()));
  if (!*hop || !provider_of(originator).empty()) {
    return reply(error_response(
        request, {Rsc::kNotFound, "to: no route to the service provider \"" + sp_id + "\""}));
  }
  const std::string from = originator_for_others(originator, own);
  const bool leaves = !(*hop)->internal().bool_at("registrar");
  request.from = leaves ? own.sp_id + from : from;
  forward_to(*hop, std::move(request), std::move(reply));
}

void Registration::forward_to(const ResourcePtr& hop, Request request, Reply reply) {
  if (registrar_ && hop->internal().bool_at("registrar")) {
    reply = [registrar = registrar_, reply = std::move(reply)](Response response) {
      // It does not know us any more.
      if (response.rsc == Rsc::kSecurityAssociationRequired) registrar->renew();
      reply(std::move(response));
    };
  }
  request.peer = nullptr;
  request.serialization = serialization_for(*hop, cse_.settings().serializations);
  const Value& csr = hop->attributes();
  auto urls = csr.strings_at("poa");
  std::erase_if(urls, [this](const std::string& url) { return !senders_.serves(url); });
  if (!urls.empty()) {
    return send_to_any(senders_, std::move(urls), 0, csr.string_at("csi"),
                       std::make_shared<const Request>(std::move(request)), std::move(reply));
  }
  if (cse_.extensions().messenger) {  // it may hold a polling channel here
    return cse_.extensions().messenger->send_to(hop->path(), std::move(request), std::move(reply));
  }
  reply(
      error_response(request, {Rsc::kRemoteEntityNotReachable,
                               "the CSE \"" + csr.string_at("csi") + "\" has no point of access"}));
}

void Registration::committed(const Committed& event) {
  for (const Change& change : event.changes) {
    if (change.after || change.resource().type() != type_number::kAe) continue;
    const std::string& stem = change.resource().id().text;
    if (!stem.starts_with('S')) continue;
    cse_.scheduler().post([aes = provider_aes_, stem] { aes->left(stem); });
  }
  if (!registrar_) return;
  const bool concerns =
      std::any_of(event.changes.begin(), event.changes.end(), [](const Change& change) {
        return change.resource().type() == type_number::kRemoteCse &&
               !change.resource().internal().bool_at("registrar");
      });
  if (concerns) registrar_->descendants_changed();
}

}  // namespace gatehouse
