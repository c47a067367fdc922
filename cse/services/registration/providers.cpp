#include "cse/services/registration/providers.h"

#include <algorithm>

#include "cse/core/address.h"
#include "cse/services/registration/registration.h"

namespace gatehouse {
namespace {

constexpr const char* kMark = "provider";

Result<void> remember(const PeerProvider& provider, OperationContext& context) {
  const ResourceId id = provider_csr_id(provider_of(provider.cse_id));
  auto existing = context.resources.find(id);
  if (!existing) return fail(existing.error());
  const Value attributes = Value::object({{"csi", provider.cse_id},
                                          {"cb", provider.cse_id + "/-"},
                                          {"cst", std::int64_t{1}},
                                          {"poa", Value::array({provider.url})},
                                          {"rr", true}});
  if (*existing) {
    Value mended = (*existing)->attributes();
    for (const Member& member : *attributes.as_object()) mended.set(member.name, member.value);
    if (!(mended == (*existing)->attributes()))
      context.resources.update(*existing, std::move(mended), true);
    return {};
  }
  auto base = context.resources.find(csebase_id(context.settings));
  if (!base) return fail(base.error());
  if (!*base) return fail(Rsc::kInternalServerError, "the CSEBase is missing");
  const TypeSchema* schema = context.resources.schemas().find(type_number::kRemoteCse);
  auto made = create_internal(*schema, *base, id.text, id, context.settings.cse_id, attributes,
                              context, Value::object({{kMark, true}}));
  if (!made) return fail(made.error());
  return {};
}

Result<void> remember_all(const std::vector<PeerProvider>& providers, OperationContext& context) {
  std::vector<ResourcePtr> gone;
  auto walked = each_remote_cse(context.resources, [&](const ResourcePtr& csr) {
    const std::string csi = csr->attributes().string_at("csi");
    const bool named = std::any_of(providers.begin(), providers.end(),
                                   [&](const PeerProvider& one) { return one.cse_id == csi; });
    if (csr->internal().bool_at(kMark) && !named) gone.push_back(csr);
    return true;
  });
  if (!walked) return walked;
  for (const ResourcePtr& csr : gone) {
    if (auto erased = erase_subtree(csr, context); !erased) return erased;
  }
  for (const PeerProvider& provider : providers) {
    if (auto known = remember(provider, context); !known) return known;
  }
  return {};
}

}  // namespace

Result<PeerProvider> parse_peer_provider(const std::string& text) {
  const std::size_t equals = text.find('=');
  PeerProvider provider{text.substr(0, equals),
                        equals == std::string::npos ? "" : text.substr(equals + 1)};
  if (!provider.cse_id.starts_with("//") || !is_cse_id(provider.cse_id))
    return fail(Rsc::kBadRequest,
                "\"" + provider.cse_id + "\" is no absolute CSE-ID such as //sp.example/id-in");
  if (provider.url.find("://") == std::string::npos)
    return fail(Rsc::kBadRequest, "\"" + provider.cse_id + "\" needs a URL behind '='");
  return provider;
}

void remember_providers(Cse& cse, std::vector<PeerProvider> providers) {
  cse.submit([providers = std::move(providers)](OperationContext& context) {
    auto done = remember_all(providers, context);
    return done ? Response{} : error_response(context.request, done.error());
  });
}

Result<ResourcePtr> way_to_provider(const std::string& sp_id, bool came_from_above,
                                    CommittedView& view) {
  auto direct = view.find(provider_csr_id(sp_id));
  if (!direct) return direct;
  if (*direct && (*direct)->internal().bool_at(kMark)) return direct;
  ResourcePtr registrar;
  auto walked = each_remote_cse(view, [&](const ResourcePtr& csr) {
    if (csr->internal().bool_at("registrar")) registrar = csr;
    return !registrar;
  });
  if (!walked) return fail(walked.error());
  return came_from_above ? ResourcePtr{} : registrar;
}

}  // namespace gatehouse
