#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace gatehouse {

/// Length in bytes of the well-formed UTF-8 sequence at the start of `text`, or 0 if there is none.
/// Source: Unicode table 3-7.
std::size_t utf8_length(std::string_view text);

/// Where the first byte stands that belongs to no well-formed sequence; npos if all is well.
std::size_t find_no_utf8(std::string_view text);
inline bool is_utf8(std::string_view text) { return find_no_utf8(text) == std::string_view::npos; }

/// The text with U+FFFD in place of each byte that is not UTF-8.
std::string mended_utf8(std::string_view text);

}  // namespace gatehouse
