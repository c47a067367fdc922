// Who is asking? Source: TS-0004 clause 7.3.2.1 (Recv-1), TS-0003 clause 8.
#include <algorithm>

#include "cse/core/access_control.h"
#include "cse/core/address.h"
#include "cse/core/cse.h"

namespace gatehouse {
namespace {

/// "/id-mn/CAE1" gives "/id-mn"; "/id-mn" stays.
std::string cse_part(const std::string& id) {
  const std::size_t slash = id.find('/', 1);
  return slash == std::string::npos ? id : id.substr(0, slash);
}

bool contains(const std::vector<std::string>& list, const std::string& item) {
  return std::find(list.begin(), list.end(), item) != list.end();
}

bool is_registration(const Request& request, int type) {
  return request.operation == Operation::kCreate && request.resource_type == type;
}

/// The <remoteCSE> of a registered CSE carries the CSE-ID as its identifier, so this is one
/// look-up.
Result<ResourcePtr> remote_cse(const std::string& cse_id, ResourceReader& resources) {
  auto found = resources.find(ResourceId{cse_id.substr(1)});
  if (found && *found && (*found)->type() != type_number::kRemoteCse) return ResourcePtr{};
  return found;
}

/// "/Sxyz": an AE-ID that the service provider assigned; it does not tell where the AE is
/// registered. Source: TS-0001 clause 7.2.
bool is_ae_id_of_provider(const std::string& from) {
  return from.starts_with("/S") && from.find('/', 1) == std::string::npos &&
         is_ae_id_stem(std::string_view(from).substr(1));
}

/// A CSE that is registered here, or our registrar, may forward for an AE of the provider unless
/// that AE is registered at this CSE or the CSE of that name is.
Result<bool> may_forward_for_provider_ae(const Peer& peer, const std::string& from,
                                         ResourceReader& resources) {
  auto known = resources.find(ResourceId{from.substr(1)});
  if (!known) return fail(known.error());
  if (*known) return false;
  for (const std::string& identity : peer.identities) {
    if (!is_cse_id(identity)) continue;
    auto csr = remote_cse(identity, resources);
    if (!csr) return fail(csr.error());
    if (*csr) return true;
  }
  return false;
}

/// Whether a <serviceSubscribedNode> of that M2M-Node-ID has `from` as its CSE, or links to a rule
/// that names it among its AE-IDs.
Result<bool> is_subscribed_for(const std::string& node_id, const std::string& from,
                               const CseSettings& settings, ResourceReader& resources) {
  Page page;
  for (;;) {
    auto some = resources.all_of_type(type_number::kServiceSubscribedNode, page);
    if (!some) return fail(some.error());
    for (const ChildEntry& entry : *some) {
      page.after = entry.order;
      auto node = resources.find(entry.id);
      if (!node) return fail(node.error());
      if (!*node || (*node)->attributes().string_at("ni") != node_id) continue;
      std::string csi = (*node)->attributes().string_at("csi");
      if (csi.starts_with(settings.sp_id + "/")) csi.erase(0, settings.sp_id.size());
      if (!csi.empty() && cse_part(from) == csi) return true;
      for (const std::string& link : (*node)->attributes().strings_at("rlk")) {
        auto rule = find_local(link, settings, resources);
        if (!rule) return fail(rule.error());
        if (!*rule || (*rule)->type() != type_number::kServiceSubscribedAppRule) continue;
        const auto stems = (*rule)->attributes().strings_at("aae");
        const bool named = std::any_of(stems.begin(), stems.end(), [&from](const auto& pattern) {
          return matches_wildcard(pattern, from);
        });
        if (named) return true;
      }
    }
    if (some->size() < page.limit) return false;
  }
}

/// A credential that names no originator allows the AE that registered under it, and, as a node's,
/// what the service subscription of that node names. Source: TS-0003 clause 8.2 (Credential-ID).
Result<bool> credential_allows(const std::string& credential, const std::string& from,
                               const CseSettings& settings, ResourceReader& resources) {
  constexpr std::string_view kNode = "42-";  // m2m:suid: a certificate for associations
  const bool is_ours = from.starts_with(settings.cse_id + "/");
  const std::string stem = is_ours ? from.substr(settings.cse_id.size() + 1) : from;
  auto ae = resources.find(ResourceId{stem});
  if (!ae) return fail(ae.error());
  if (*ae && (*ae)->type() == type_number::kAe &&
      (*ae)->internal().string_at("credential") == credential) {
    return true;
  }
  if (!credential.starts_with(kNode)) return false;
  return is_subscribed_for(credential.substr(kNode.size()), from, settings, resources);
}

/// May an authenticated peer speak as `from`? A CSE forwards for those behind it, but never in the
/// name of a registree of ours. Source: TS-0003 clause 8.2, TS-0004 clause 7.3.2.1.
Result<bool> peer_may_speak_as(const Peer& peer, const std::string& from,
                               const CseSettings& settings, ResourceReader& resources) {
  if (contains(peer.identities, from)) return true;
  if (!peer.credential.empty()) {
    auto allowed = credential_allows(peer.credential, from, settings, resources);
    if (!allowed || *allowed) return allowed;
  }
  if (!from.starts_with('/')) return contains(peer.identities, settings.cse_id + "/" + from);
  if (is_ae_id_of_provider(from)) {
    auto forwarded = may_forward_for_provider_ae(peer, from, resources);
    if (!forwarded || *forwarded) return forwarded;
  }
  for (const std::string& identity : peer.identities) {
    if (!identity.starts_with('/') || identity.find('/', 1) != std::string::npos)
      continue;  // not a CSE
    const std::string origin = cse_part(from);
    if (origin == identity) return true;
    if (origin == settings.cse_id) continue;
    auto csr = remote_cse(identity, resources);
    if (!csr) return fail(csr.error());
    if (!*csr) continue;
    // Who is registered here speaks for itself: dcse is what the peer says.
    auto other = remote_cse(origin, resources);
    if (!other) return fail(other.error());
    if (*other) continue;
    if (contains((*csr)->attributes().strings_at("dcse"), origin)) return true;
    // Our registrar forwards for everybody who is not registered here.
    if ((*csr)->internal().bool_at("registrar")) return true;
  }
  return false;
}

Result<bool> is_known_cse(const std::string& cse_id, ResourceReader& resources) {
  auto direct = remote_cse(cse_id, resources);
  if (!direct) return fail(direct.error());
  if (*direct) return true;
  Page page;
  for (;;) {
    auto some = resources.all_of_type(type_number::kRemoteCse, page);
    if (!some) return fail(some.error());
    for (const ChildEntry& entry : *some) {
      page.after = entry.order;
      auto csr = resources.find(entry.id);
      if (!csr) return fail(csr.error());
      if (!*csr) continue;
      if ((*csr)->internal().bool_at("registrar"))
        return true;  // whoever is behind it vouches for its own
      if (contains((*csr)->attributes().strings_at("dcse"), cse_id)) return true;
    }
    if (some->size() < page.limit) return false;
  }
}

Result<std::string> registered(const Request& request, const std::string& from,
                               const CseSettings& settings, ResourceReader& resources,
                               bool everybody) {
  if (!from.starts_with('/')) {
    if (is_registration(request, type_number::kAe)) return from;
    auto ae = resources.find(ResourceId{from});
    if (!ae) return fail(ae.error());
    if (*ae && (*ae)->type() == type_number::kAe) return from;
    if (everybody) return from;
    return fail(Rsc::kOriginatorNotAuthenticated,
                "fr (From): \"" + from + "\" is not registered at this CSE");
  }
  const std::string cse = cse_part(from);
  if (cse == settings.cse_id) {
    // An AE of ours whose request came back over another CSE; it is known by its stem.
    const std::string stem = from.substr(std::min(cse.size() + 1, from.size()));
    auto ae = stem.empty() ? Result<ResourcePtr>(ResourcePtr{}) : resources.find(ResourceId{stem});
    if (!ae) return fail(ae.error());
    if (*ae && request.peer && request.peer->authenticated) return stem;
    // DEVIATION: without proof, as the switch says, such an originator is taken at its word. So are
    // this CSE (its request came back, as with rcn 7) and its administrator where the name alone is
    // enough for the administrator; never where there are credentials.
    const bool almighty = stem.empty() || stem == settings.administrator;
    if (everybody && !(almighty && settings.administrator_needs_proof))
      return stem.empty() ? from : stem;
    return fail(Rsc::kBadRequest,
                "fr (From): an AE registered here names itself by its AE-ID-Stem only");
  }
  if (is_registration(request, type_number::kRemoteCse)) return from;
  // Its CSE was proven above: nobody else may name such an originator.
  const bool proven = request.peer && request.peer->authenticated;
  if (proven && is_ae_id_of_provider(from)) return from;
  auto known = is_known_cse(cse, resources);
  if (!known) return fail(known.error());
  if (!*known && !everybody) {
    return fail(Rsc::kSecurityAssociationRequired,
                "fr (From): the CSE \"" + cse + "\" is not registered here");
  }
  return from;
}

bool is_absolute_entity(const std::string& from) {
  const auto address = parse_address(from);
  return address && address->scope == Address::Scope::kAbsolute && address->segments.size() <= 1;
}

/// The <remoteCSE> of the IN-CSE of another service provider; null if there is no agreement.
Result<ResourcePtr> provider_csr(const std::string& sp_id, ResourceReader& resources) {
  auto found = resources.find(provider_csr_id(sp_id));
  if (!found || !*found) return found;
  const bool is_it = (*found)->type() == type_number::kRemoteCse &&
                     provider_of((*found)->attributes().string_at("csi")) == sp_id;
  return is_it ? found : Result<ResourcePtr>(ResourcePtr{});
}

/// "//sp.example/id-in/CAE1": somebody of another service provider. At an IN-CSE its IN-CSE must be
/// known, and, where there are credentials, be the one that asks; elsewhere our registrar vouches.
/// Source: TS-0001 clause 6.1 (Mcc'), TS-0003 clause 8.2.
Result<std::string> known_of_provider(const Request& request, const std::string& from,
                                      ResourceReader& resources) {
  if (!is_absolute_entity(from))
    return fail(Rsc::kBadRequest, "fr (From): \"" + from + "\" is no identifier of an AE or a CSE");
  const Peer& peer = *request.peer;
  auto provider = provider_csr(provider_of(from), resources);
  if (!provider) return fail(provider.error());
  if (*provider) {
    const std::string in_cse = (*provider)->attributes().string_at("csi");
    if (!peer.authenticated || contains(peer.identities, in_cse)) return from;
    return fail(Rsc::kOriginatorNotAuthenticated,
                "fr (From): the credential of this connection does not allow \"" + from + "\"");
  }
  Page page;
  for (;;) {
    auto some = resources.all_of_type(type_number::kRemoteCse, page);
    if (!some) return fail(some.error());
    for (const ChildEntry& entry : *some) {
      page.after = entry.order;
      auto csr = resources.find(entry.id);
      if (!csr) return fail(csr.error());
      if (!*csr || !(*csr)->internal().bool_at("registrar")) continue;
      const std::string registrar = (*csr)->attributes().string_at("csi");
      if (!peer.authenticated || contains(peer.identities, registrar)) return from;
    }
    if (some->size() < page.limit) break;
  }
  return fail(Rsc::kSecurityAssociationRequired,
              "fr (From): the service provider of \"" + from + "\" is not known here");
}

/// The IN-CSE of another service provider speaks for its own only: its certificate also holds its
/// CSE-ID without the provider, which may be that of a CSE of ours.
Result<bool> is_of_other_provider(const Peer& peer, const CseSettings& settings,
                                  ResourceReader& resources) {
  for (const std::string& identity : peer.identities) {
    const std::string provider = provider_of(identity);
    if (provider.empty() || provider == settings.sp_id) continue;
    auto known = provider_csr(provider, resources);
    if (!known) return fail(known.error());
    if (*known) return true;
  }
  return false;
}

}  // namespace

Result<std::string> proven_originator(const Request& request, const CseSettings& settings,
                                      ResourceReader& resources, Admission admission) {
  std::string from = request.from;
  if (const std::size_t own = settings.sp_id.size();
      from.size() > own && from[own] == '/' && from.starts_with(settings.sp_id))
    from.erase(0, own);
  if (!request.peer) return from;  // from inside: the CSE itself and its services
  const Peer& peer = *request.peer;
  if (from.empty()) {
    if (is_registration(request, type_number::kAe)) return from;
    return fail(Rsc::kBadRequest, "fr (From): is mandatory");
  }
  if (from.size() > 256 || from.find_first_of(" \t\r\n") != std::string::npos) {
    return fail(Rsc::kBadRequest,
                "fr (From): must be an identifier of at most 256 characters without spaces");
  }
  if (from.starts_with("//")) return known_of_provider(request, from, resources);
  if (peer.authenticated) {
    auto foreign = is_of_other_provider(peer, settings, resources);
    if (!foreign) return fail(foreign.error());
    if (*foreign) {
      return fail(
          Rsc::kOriginatorNotAuthenticated,
          "fr (From): the CSE of another service provider gives absolute identifiers, not \"" +
              from + "\"");
    }
  }
  const bool asks_for_identity =
      is_registration(request, type_number::kAe) && (from == "C" || from == "S");
  if (peer.authenticated && !asks_for_identity) {
    auto allowed = peer_may_speak_as(peer, from, settings, resources);
    if (!allowed) return fail(allowed.error());
    if (!*allowed) {
      return fail(Rsc::kOriginatorNotAuthenticated,
                  "fr (From): the credential of this connection does not allow \"" + from + "\"");
    }
  }
  if (from == settings.administrator) {
    if (peer.authenticated || !settings.administrator_needs_proof) return from;
    return fail(Rsc::kOriginatorNotAuthenticated,
                "fr (From): \"" + from + "\" must be proven, by a certificate or a bearer token");
  }
  return registered(request, from, settings, resources, admission == Admission::kEverybody);
}

}  // namespace gatehouse
