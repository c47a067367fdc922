#include "cse/core/resource_reader.h"

namespace gatehouse {

Result<ResourcePtr> ResourceReader::find_path(std::string_view address,
                                              const std::string& csebase_name,
                                              const ResourceId& csebase) {
  ResourcePtr resource;
  bool first = true;
  while (first || !address.empty()) {
    const std::size_t slash = std::min(address.find('/'), address.size());
    const std::string segment(address.substr(0, slash));
    address.remove_prefix(std::min(slash + 1, address.size()));
    Result<ResourcePtr> next =
        first ? find(segment == "-" || segment == csebase_name ? csebase : ResourceId{segment})
              : child(*resource, segment);
    if (!next) return fail(next.error());
    if (!*next) return ResourcePtr{};
    resource = *std::move(next);
    first = false;
  }
  return resource;
}

}  // namespace gatehouse
