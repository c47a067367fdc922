#pragma once
#include <string>
#include <string_view>

#include "cse/codec/codec.h"

namespace gatehouse {

/// RFC 8259, strict: UTF-8 only, no duplicate member names, no byte order mark, nothing behind the
/// value, integers only within 64 bits. Errors: kBadRequest with the offset in bytes and the
/// reason.
Result<Value> parse_json(std::string_view text, const DecodeLimits& limits = {});

/// Compact JSON. Doubles are written so that they read back the same (infinity and NaN as null);
/// bytes that are not UTF-8 become U+FFFD, so that the output always parses. Recursive over the
/// value: depth is bounded where it was decoded.
std::string to_json(const Value& value);
void append_json(std::string& out, const Value& value);
/// The text as a JSON string with its quotes.
void append_json_string(std::string& out, std::string_view text);

/// The JSON of a Content, whether it holds a tree or a text; empty for an empty Content.
std::string to_json(const Content& content);
/// The tree of a Content, decoded from its text if need be; null for an empty Content. Errors: as
/// parse_json.
Result<Value> tree_of(const Content& content);

class JsonCodec final : public Codec {
 public:
  std::string_view name() const override { return "json"; }
  Result<Value> decode(std::string_view bytes, const DecodeLimits& limits) const override;
  std::string encode(const Value& value) const override;
  std::string encode(const Content& content) const override;
};

}  // namespace gatehouse
