#pragma once
#include <string>
#include <string_view>

/// Private to this folder: prefixes and what they stand for.
namespace gatehouse::xml {

inline constexpr std::string_view kInstanceUri = "http://www.w3.org/2001/XMLSchema-instance";
inline constexpr std::string_view kSchemaUri = "http://www.w3.org/2001/XMLSchema";
inline constexpr std::string_view kJsonUri = "urn:gatehouse:json";  ///< `json:is="true"`

/// What a prefix stands for. Source: TS-0004 clause 6.2.3 (m2m), TS-0023 (hd); the standard's texts
/// name no URI for the prefixes of later releases, so those follow the same pattern.
std::string uri_of(std::string_view prefix);

/// The prefix that the standard uses for a namespace; empty if it is none of ours.
std::string_view prefix_of(std::string_view uri);

/// True for a name that may be an element's: letters, digits, '-', '.', '_', not beginning with a
/// digit, '-' or '.'; at most one prefix.
bool is_element_name(std::string_view name);

}  // namespace gatehouse::xml
