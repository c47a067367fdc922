#pragma once
#include "ae-apps/attestation/evidence/operation/record.h"
#include "cse/primitive/value.h"

namespace gatehouse::evidence {

/// Where the next record of an operation goes: what the Center tells whoever has to make it.
struct Place {
  std::uint64_t operation = 0;
  std::uint64_t position = 0;
  std::string previous;  ///< leaf hash of the record before it

  friend bool operator==(const Place&, const Place&) = default;
};

/// `{"operation":3,"position":2,"previous":"…"}`
Value to_value(const Place& place);
/// Errors: kBadRequest.
Result<Place> place_from(const Value& value);
/// A record for that place, to be filled and signed.
Record record_at(const Place& place, const std::string& device, RecordKind kind, Timestamp time);

}  // namespace gatehouse::evidence
