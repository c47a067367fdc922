#pragma once
#include <cstdint>
#include <optional>

#include "bindings/http/client.h"
#include "bindings/http/mapping.h"

namespace gatehouse::http {

/// What the answer to a GET with `Range: bytes=first-last` brought. Pure.
/// Errors: kNotFound (404), kBadRequest (another 4xx), kTargetNotReachable (another status),
/// kContentsUnacceptable (a Content-Range that is absent, or other than asked, or does not fit the
/// body). Source: RFC 9110 clause 14.4.
Result<Fetched> read_fetched(const ResponseParts& parts, std::uint64_t first,
                             std::optional<std::uint64_t> last);

}  // namespace gatehouse::http
