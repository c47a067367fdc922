#pragma once
#include <string>
#include <string_view>

/// Entity tags: one text for one state of what a URL names. Source: RFC 9110 clauses 8.8.3 and 13.
namespace gatehouse::http {

/// The strong tag of a body, with its quotes: equal bytes have equal tags.
std::string entity_tag_of(std::string_view body);

/// Whether a field If-Match or If-None-Match ("*", or a list of tags) names `tag`. `weak`: a tag
/// that is marked weak counts, too, as it does for If-None-Match.
bool names_tag(std::string_view list, std::string_view tag, bool weak);

}  // namespace gatehouse::http
