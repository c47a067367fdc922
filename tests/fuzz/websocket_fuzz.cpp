// Any messages on one WebSocket connection: nothing is answered twice, and what is said can be
// read.
// The first byte chooses the serialisation; messages are parted by 0xFE.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "bindings/websocket/exchange.h"
#include "cse/codec/primitive_codec.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse;
  static const Codecs codecs = standard_codecs();
  if (size == 0) return 0;
  const Codec& codec = *codecs.by_name(data[0] % 2 == 0 ? "json" : "cbor");
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<std::string> said;
  std::vector<std::pair<std::uint64_t, std::string>> served;
  int answers = 0;
  websocket::Exchange exchange(codec, {}, "/id-in",
                               {[&](std::string message) { said.push_back(std::move(message)); },
                                [&](const Request& request, std::uint64_t n) {
                                  served.emplace_back(n, request.request_identifier);
                                },
                                [](const std::string& name) { require(!name.empty()); }});
  Request ours;
  ours.to = "CAE1";
  ours.from = "/id-in";
  ours.request_identifier = "1";
  exchange.send(ours, [&answers](const Response&) { ++answers; });
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\xFE'), rest.size());
    exchange.take(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  for (const auto& [number, identifier] : served) {
    Response response;  // as the core answers: under the request's identifier
    response.request_identifier = identifier;
    exchange.answer(number, response);
  }
  exchange.fail_all("the end");
  require(answers == 1 && exchange.is_idle());
  for (const std::string& message : said) {
    const Result<Value> value = codec.decode(message, {.max_bytes = message.size()});
    require(value.has_value());
    // What came without an identifier is refused without one.
    const bool nameless = value->integer_at("rsc") == 4000 && value->string_at("rqi").empty();
    require(nameless || request_from_value(*value).has_value() ||
            response_from_value(*value).has_value());
  }
  return 0;
}
