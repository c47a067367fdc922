#include "cse/core/address.h"

#include "cse/core/behaviour.h"

namespace gatehouse {

ResourceId csebase_id(const CseSettings& settings) { return ResourceId{settings.cse_id_stem()}; }

std::string provider_of(const std::string& identifier) {
  if (!identifier.starts_with("//")) return {};
  return identifier.substr(0, identifier.find('/', 2));
}

ResourceId provider_csr_id(const std::string& sp_id) { return ResourceId{"sp-" + sp_id.substr(2)}; }

bool is_local(const Address& address, const CseSettings& settings) {
  if (address.scope == Address::Scope::kCseRelative) return true;
  if (address.scope == Address::Scope::kAbsolute && address.sp_id != settings.sp_id) return false;
  return address.cse_id == settings.cse_id;
}

Result<Target> resolve(const Address& address, const CseSettings& settings,
                       ResourceReader& resources, const Behaviours& behaviours) {
  Target target;
  // "/id-in" alone names the CSEBase: its identifier is the CSE-ID.
  const auto root = [&] { return resources.find(csebase_id(settings)); };
  if (address.segments.empty()) {
    auto base = root();
    if (!base) return fail(base.error());
    target.resource = *std::move(base);
    return target;
  }
  const std::string& first = address.segments.front();
  auto start =
      first == "-" || first == settings.csebase_name ? root() : resources.find(ResourceId{first});
  if (!start) return fail(start.error());
  target.resource = *std::move(start);
  for (std::size_t i = 1; target.resource && i < address.segments.size(); ++i) {
    auto next = resources.child(*target.resource, address.segments[i]);
    if (!next) return fail(next.error());
    if (!*next && behaviours.find_virtual(target.resource->type(), address.segments[i])) {
      target.virtual_name = address.segments[i];
      target.rest.assign(address.segments.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                         address.segments.end());
      return target;
    }
    target.resource = *std::move(next);
  }
  return target;
}

Result<ResourcePtr> find_local(const std::string& text, const CseSettings& settings,
                               ResourceReader& resources) {
  const auto address = parse_address(text);
  if (!address || !is_local(*address, settings)) return ResourcePtr{};
  static const Behaviours kNoVirtuals;
  auto target = resolve(*address, settings, resources, kNoVirtuals);
  if (!target) return fail(target.error());
  return std::move(target->resource);
}

std::string to_sp_relative(const std::string& id, const CseSettings& settings) {
  return id.starts_with('/') ? id : settings.cse_id + "/" + id;
}

}  // namespace gatehouse
