#pragma once
#include <string_view>

#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::uptane {

/// Shell-style: `*` any characters but '/', `?` one of them, `[a-z]`, `[!x]`. In time linear in the
/// product of both lengths at worst. Source: TUF 1.0 section 4.5 (PATHPATTERN).
bool path_matches(std::string_view pattern, std::string_view name);

/// Whether the delegation speaks for a target of that name and for all of these hardware ids. One
/// that lists hardware ids says nothing of a target for unknown hardware.
/// Source: Uptane standard 2.1 section 5.4.4.7.
bool delegation_covers(const Delegation& delegation, std::string_view name,
                       const std::vector<std::string>& hardware_ids);

}  // namespace gatehouse::uptane
