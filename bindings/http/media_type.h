#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "cse/codec/codec.h"

namespace gatehouse::http {

/// ASCII without regard to case.
bool equal_ignoring_case(std::string_view a, std::string_view b);
/// Without spaces and tabs at both ends.
std::string_view trimmed(std::string_view text);

/// What a Content-Type says. Source: TS-0009 clause 6.4.3.
struct ContentType {
  std::string_view media_type;                ///< "application/json"
  std::optional<std::string_view> type_text;  ///< of the parameter `ty`, unread
};
ContentType read_content_type(std::string_view field);

/// How an answer is to be written.
struct Negotiated {
  const Codec* codec = nullptr;  ///< nullptr: nothing that the client accepts
  bool vendor_type = false;      ///< it asked for application/vnd.onem2m-…
};

/// Chooses by an Accept field, quality values heeded; on equal quality `fallback` (the request's
/// own serialisation) wins, then the order in the field. An empty field accepts everything. Source:
/// TS-0009 clause 6.4.1, RFC 9110 clause 12.5.1.
Negotiated negotiate(std::string_view accept, const Codecs& codecs, const Codec& fallback);

}  // namespace gatehouse::http
