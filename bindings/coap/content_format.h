#pragma once
#include <cstdint>
#include <optional>

#include "cse/codec/codec.h"

namespace gatehouse::coap {

/// What a body is, where the number says it: only the numbers of oneM2M tell.
enum class BodyKind : std::uint8_t { kPlain, kResource, kNotification, kRequest, kResponse };

struct Format {
  const Codec* codec = nullptr;  ///< nullptr: nothing that this program reads
  BodyKind kind = BodyKind::kPlain;
};

/// Source: TS-0008 clause 6.2.3 (Content-Format), IANA CoAP Content-Formats.
Format format_of(std::uint32_t number, const Codecs& codecs);
/// nullopt: a serialisation without a number.
std::optional<std::uint32_t> number_of(const Codec& codec, BodyKind kind);
/// The kind of a response's or notification's body: m2m:rqp, m2m:rsp, m2m:sgn, or a resource.
BodyKind kind_of(const Content& content);

}  // namespace gatehouse::coap
