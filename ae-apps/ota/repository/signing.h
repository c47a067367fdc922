#pragma once
#include <string>
#include <string_view>

#include "ae-apps/ota/uptane/envelope.h"

namespace gatehouse::uptane {

/// Metadata that nobody has signed yet, as a file that goes from signer to signer:
/// `{"signatures": [], "signed": {…}}`.
std::string unsigned_metadata(const Value& content);

/// Adds one signer's signature, or puts it in the place of the one under the same key id; all else
/// stays as it is. The key may be in a token. Errors: kBadRequest (no metadata file),
/// kInternalServerError (the token).
Result<std::string> add_signature(std::string_view text, const crypto::SigningKey& key);

/// The content of a metadata file, believed by nobody. Errors: kBadRequest.
Result<Value> content_of(std::string_view text);

}  // namespace gatehouse::uptane
