#pragma once
#include <string>
#include <string_view>

#include "cse/codec/codec.h"

namespace gatehouse {

/// RFC 8949 within what JSON can say, as TS-0004 clause 8.5 asks: maps with text names, lists,
/// text, integers within 64 bits, floats of 16, 32 and 64 bits, true, false, null. Indefinite
/// lengths are read. Byte strings count as text, because the standard's own examples write all
/// texts so. Tags are passed over, but for those that make numbers (2 to 5). Refused: other simple
/// values, duplicate names, text that is not UTF-8, numbers that are not finite, anything behind
/// the value. Errors: kBadRequest with the offset in bytes and the reason.
Result<Value> parse_cbor(std::string_view bytes, const DecodeLimits& limits = {});

/// Definite lengths, shortest integers; a double in 32 bits where that loses nothing (infinity and
/// NaN as null, and bytes that are not UTF-8 as U+FFFD, as in JSON). Recursive over the value:
/// depth is bounded where it was decoded.
std::string to_cbor(const Value& value);

class CborCodec final : public Codec {
 public:
  std::string_view name() const override { return "cbor"; }
  Result<Value> decode(std::string_view bytes, const DecodeLimits& limits) const override;
  std::string encode(const Value& value) const override;
  std::string encode(const Content& content) const override;
};

}  // namespace gatehouse
