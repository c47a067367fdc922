// Any text is a JWE or JWS that opens to what its sender protected, or is refused: by its form, its
// header, its key. Nobody without the key makes one that opens.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "bindings/security/json_web_token.h"
#include "cse/codec/json.h"
#include "cse/jose/esprim.h"

namespace {

using namespace gatehouse;

const jose::SharedKey kShort{"k1", std::string(16, 'k')};
const jose::SharedKey kLong{"k1", std::string(32, 'k')};

/// A text of the sender's own choice is neither opened nor believed: the fuzzer has no key.
void check_foreign(std::string_view text) {
  static_cast<void>(jose::header_of(text));
  if (jose::parts_of(text) > 6) std::abort();
  if (jose::decrypt(text, kShort) || jose::decrypt(text, kLong) || jose::verify(text, kLong)) {
    std::abort();
  }
  const auto compact = jose::to_compact(text);
  if (compact && *jose::to_json_form(*compact) !=
                     *jose::to_json_form(*jose::to_compact(*jose::to_json_form(*compact)))) {
    std::abort();
  }
  static const TokenIssuers nobody;
  if (nobody.verify(text)) std::abort();
}

/// What we protect ourselves opens again, in both forms; with one byte changed it does not.
void check_own(std::string_view payload, std::size_t where) {
  const std::string made = *jose::encrypt(payload, kLong, Value::object({{"cty", "x"}}));
  const auto opened = jose::decrypt(*jose::to_compact(*jose::to_json_form(made)), kLong);
  if (!opened || opened->payload != payload) std::abort();
  const std::string signed_text = *jose::sign(payload, kLong, Value::object());
  const auto verified = jose::verify(*jose::to_compact(*jose::to_json_form(signed_text)), kLong);
  if (!verified || verified->payload != payload) std::abort();
  for (std::string bad : {made, signed_text}) {
    const std::size_t at = where % bad.size();
    // The last character of a part may hold bits that say nothing.
    if (at + 1 == bad.size() || bad[at] == '.' || bad[at + 1] == '.') continue;
    bad[at] = bad[at] == 'A' ? 'B' : 'A';
    if (jose::decrypt(bad, kLong) || jose::verify(bad, kLong)) std::abort();
  }
}

void check_random_values(std::string_view text) {
  const auto value = parse_json(text);
  if (!value || !value->is_object()) return;
  if (const auto random = jose::ReceiverRandom::read(*value)) {
    if (jose::ReceiverRandom::read(random->to_value())->id != random->id) std::abort();
  }
  if (const auto random = jose::OriginatorRandom::read(*value)) {
    if (jose::OriginatorRandom::read(random->to_value())->value != random->value) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_foreign(text);
  check_random_values(text);
  if (size > 0) check_own(text, data[0] * 251u + size);
  static_cast<void>(decode_base64url(text));
  return 0;
}
