#pragma once
#include <vector>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::tnc {

constexpr std::uint32_t kTcg = 0x005597;  ///< vendor id of the TCG
constexpr std::uint32_t kPtsSubtype = 1;  ///< of kTcg: Platform Trust Services

/// An attribute of PA-TNC. Source: RFC 5792 clause 4.1.
struct PaAttribute {
  bool no_skip = false;
  std::uint32_t vendor = 0;
  std::uint32_t type = 0;
  Bytes value;
  friend bool operator==(const PaAttribute&, const PaAttribute&) = default;
};

struct PaMessage {
  std::uint32_t id = 0;
  std::vector<PaAttribute> attributes;
  friend bool operator==(const PaMessage&, const PaMessage&) = default;
};

Bytes encode(const PaMessage& message);
/// Strict: version 1, no reserved types, lengths that fill the message. Errors: kBadRequest,
/// "PA-TNC: …".
Result<PaMessage> parse_pa_message(ByteView bytes);

}  // namespace gatehouse::tnc
