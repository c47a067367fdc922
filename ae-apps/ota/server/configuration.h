#pragma once
#include "ae-apps/ota/server/settings.h"
#include "cse/primitive/value.h"

namespace gatehouse::ota_server {

/// Reads the JSON configuration (README.md shows one) and the keys that it names. Relative paths
/// start at the file's folder. `overrides` holds members that replace those of the file. Errors:
/// kBadRequest that names the member and the rule ("vehicles[0].ecus[1].level: must be full or
/// gateway").
Result<ServerSettings> load_configuration(const std::string& file, const Value& overrides = {});

/// The same from a text; relative paths start at `folder`.
Result<ServerSettings> parse_configuration(std::string_view json, const std::string& folder,
                                           const Value& overrides = {});

}  // namespace gatehouse::ota_server
