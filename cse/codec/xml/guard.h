#pragma once
#include <string_view>

#include "cse/codec/codec.h"

namespace gatehouse::xml {

/// Private to this folder. What has to be known of a document before a parser builds a tree of it:
/// UTF-8 and characters of XML only, no document type declaration, no entity but the five of XML,
/// depth and number of elements within the limits, one document element. One pass, no memory.
/// Errors: kBadRequest with the offset in bytes and the reason.
Result<void> check_document(std::string_view text, const DecodeLimits& limits);

}  // namespace gatehouse::xml
