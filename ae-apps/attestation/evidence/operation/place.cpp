#include "ae-apps/attestation/evidence/operation/place.h"

#include <algorithm>

namespace gatehouse::evidence {

Value to_value(const Place& place) {
  return Value::object(
      {{"operation", place.operation}, {"position", place.position}, {"previous", place.previous}});
}

Result<Place> place_from(const Value& value) {
  const std::int64_t operation = value.integer_at("operation");
  const std::int64_t position = value.integer_at("position");
  if (operation < 1 || position < 1) {
    return fail(Rsc::kBadRequest, "operation and position must be numbers from 1 on");
  }
  Place out{static_cast<std::uint64_t>(operation), static_cast<std::uint64_t>(position),
            value.string_at("previous")};
  const auto hash = from_hex(out.previous);
  if (!hash || hash->size() != Hash().size()) {
    return fail(Rsc::kBadRequest, "previous must be a hash in hexadecimal");
  }
  return out;
}

Record record_at(const Place& place, const std::string& device, RecordKind kind, Timestamp time) {
  Record out;
  out.device = device;
  out.operation = place.operation;
  out.position = place.position;
  out.previous = place.previous;
  out.kind = kind;
  out.time = time;
  return out;
}

}  // namespace gatehouse::evidence
