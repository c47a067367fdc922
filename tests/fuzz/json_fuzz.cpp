// Any bytes through the JSON codec and the primitives above it: a value or an Error, and what was
// read is written so that it reads back the same.
#include <cstdint>
#include <cstdlib>

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

using namespace gatehouse;

void check_json(const Value& value) {
  const std::string text = to_json(value);
  const Result<Value> back = parse_json(text, {.max_bytes = text.size()});
  require(back && *back == value && to_json(*back) == text);
}

void check_request(const Value& value) {
  const Result<Request> request = request_from_value(value);
  if (!request) return require(!request.error().detail.empty());
  const Value written = to_value(*request);
  const Result<Request> back = request_from_value(written);
  require(back && to_value(*back) == written);
}

void check_response(const Value& value) {
  Result<Response> response = response_from_value(value);
  if (!response) return require(!response.error().detail.empty());
  const std::string from_tree = encode_response(*response, JsonCodec());
  const Result<Value> back = parse_json(from_tree, {.max_bytes = from_tree.size()});
  require(back && *back == to_value(*response));
  if (response->content.empty()) return;
  response->content =
      Content::from_json(std::make_shared<const std::string>(to_json(response->content)));
  require(encode_response(*response, JsonCodec()) == from_tree);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  std::string written;
  append_json_string(written, bytes);
  require(parse_json(written).has_value());  // whatever the bytes, what we write is JSON
  const Result<Value> value = parse_json(bytes);
  if (!value) {
    require(value.error().rsc == Rsc::kBadRequest && value.error().detail.size() < 256);
    return 0;
  }
  check_json(*value);
  check_request(*value);
  check_response(*value);
  (void)filter_criteria_from_value(*value).has_value();
  return 0;
}
