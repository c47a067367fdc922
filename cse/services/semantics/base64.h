#pragma once
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse {

/// nullopt: no base64 text (RFC 4648 clause 4, with padding).
std::optional<std::string> base64_decoded(std::string_view text);

}  // namespace gatehouse
