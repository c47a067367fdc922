#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// The bytes of a text, without a copy. The text outlives the view.
ByteView view_of(std::string_view text);
/// The bytes as text, without a copy. The bytes outlive the view.
std::string_view text_of(ByteView bytes);
/// A copy.
Bytes bytes_of(std::string_view text);
void append(Bytes& out, ByteView more);

/// Lower-case hexadecimal digits.
std::string to_hex(ByteView bytes);
/// Errors: kBadRequest for an odd number of digits or anything that is no hexadecimal digit.
Result<Bytes> from_hex(std::string_view text);

/// Base64 with padding and without line breaks. Source: RFC 4648 section 4.
std::string to_base64(ByteView bytes);
/// Strict: no blanks, correct padding, no bits behind the end. Errors: kBadRequest.
Result<Bytes> from_base64(std::string_view text);

}  // namespace gatehouse
