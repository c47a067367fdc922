// Any bytes through the CBOR codec: a value or an Error, and what was read is written so that it
// reads back the same, in CBOR and in JSON.
#include <cstdint>
#include <cstdlib>

#include "cse/codec/cbor.h"
#include "cse/codec/json.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse;
  const Result<Value> value = parse_cbor({reinterpret_cast<const char*>(data), size});
  if (!value) {
    require(value.error().rsc == Rsc::kBadRequest && value.error().detail.size() < 256);
    return 0;
  }
  const std::string bytes = to_cbor(*value);
  const Result<Value> back = parse_cbor(bytes, {.max_bytes = bytes.size()});
  require(back && *back == *value && to_cbor(*back) == bytes);
  const std::string text = to_json(*value);
  const Result<Value> from_json = parse_json(text, {.max_bytes = text.size()});
  require(from_json && *from_json == *value);
  return 0;
}
