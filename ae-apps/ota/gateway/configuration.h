#pragma once
#include "ae-apps/ota/gateway/settings.h"
#include "cse/primitive/value.h"

namespace gatehouse::gateway {

/// Reads the JSON configuration (README.md shows one) and the keys that it names. Relative paths
/// start at the file's folder. `overrides` holds members that replace those of the file, as the
/// command line gives them. Errors: kBadRequest that names the member and the rule ("ecus[1].port:
/// must be a whole number from 1 to 65535"), those of the keys with the member before them.
Result<GatewaySettings> load_configuration(const std::string& file, const Value& overrides);

/// The same from a text; relative paths start at `folder`.
Result<GatewaySettings> parse_configuration(std::string_view json, const std::string& folder,
                                            const Value& overrides = {});

}  // namespace gatehouse::gateway
