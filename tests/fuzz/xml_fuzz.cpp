// Any bytes through the XML codec: a value or an Error, and what was read is written so that it
// reads back the same. Bytes that are JSON are written as XML and have to survive that, too.
#include <cstdint>
#include <cstdlib>

#include "cse/codec/json.h"
#include "cse/codec/xml/xml.h"

namespace {

using namespace gatehouse;

void require(bool truth) {
  if (!truth) std::abort();
}

struct Fixture {
  Fixture() { add_standard_types(schemas); }
  Schemas schemas;
  XmlCodec xml{schemas};
};

/// As a primitive it comes back within its wrapping element.
void check_survives(const XmlCodec& xml, const Value& value) {
  const std::string document = xml.encode(value);
  const DecodeLimits roomy{.max_bytes = document.size(), .max_depth = 256};
  const Result<Value> back = xml.decode(document, roomy);
  require(back.has_value());
  const bool wrapped = back->size() == 1 && !(*back == value);
  require(*back == value || (wrapped && back->as_object()->front().value == value));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Fixture fixture;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Result<Value> value = fixture.xml.decode(bytes, {});
  if (value) {
    check_survives(fixture.xml, *value);
  } else {
    require(value.error().rsc == Rsc::kBadRequest);
  }
  if (const Result<Value> json = parse_json(bytes)) check_survives(fixture.xml, *json);
  return 0;
}
