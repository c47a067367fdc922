#include "cse/jose/esprim.h"

namespace gatehouse::jose {
namespace {

constexpr int kHmacSha256 = 1;  // m2m:esprimKeyGenAlgID
constexpr int kJwe = 1;         // m2m:esprimProtocolAndAlgID
constexpr std::size_t kRandomBytes = 16;
constexpr std::size_t kMaxCharacters = 128;

bool is_text(const std::string& text) { return !text.empty() && text.size() <= kMaxCharacters; }

}  // namespace

Value ReceiverRandom::to_value() const {
  return Value::object({{"esri", id},
                        {"esrv", value},
                        {"esrx", to_text(expires)},
                        {"esks", Value::array({kHmacSha256})},
                        {"espa", Value::array({kJwe})}});
}

Result<ReceiverRandom> ReceiverRandom::read(const Value& given) {
  ReceiverRandom read{given.string_at("esri"), given.string_at("esrv"), {}};
  const auto expires = parse_timestamp(given.string_at("esrx"));
  if (!is_text(read.id) || !is_text(read.value) || !expires) {
    return fail(Rsc::kBadRequest, "ero (esprimRandObject): esri, esrv and esrx must be there");
  }
  read.expires = *expires;
  return read;
}

Value OriginatorRandom::to_value() const {
  return Value::object(
      {{"esri", id}, {"esrv", value}, {"esk", kHmacSha256}, {"espa", Value::array({kJwe})}});
}

Result<OriginatorRandom> OriginatorRandom::read(const Value& given) {
  OriginatorRandom read{given.string_at("esri"), given.string_at("esrv")};
  if (!is_text(read.id) || read.value.size() < 16 || !is_text(read.value)) {
    return fail(Rsc::kBadRequest, "ori (originatorESPrimRandObject): esri and esrv must be there");
  }
  return read;
}

OriginatorRandom draw_originator_random() {
  return {"o" + random_text(kRandomBytes), random_text(kRandomBytes)};
}

SharedKey session_key(const SharedKey& pairwise, const ReceiverRandom& receiver,
                      const OriginatorRandom& originator) {
  std::string key = hmac_sha256(pairwise.bytes, receiver.value + originator.value);
  key.resize(pairwise.bytes.size() == 16 ? 16 : 32);
  return {pairwise.id, std::move(key)};
}

Result<std::string> seal(std::string_view primitive, const SharedKey& session,
                         const std::string& receiver_random_id,
                         const OriginatorRandom& originator) {
  return encrypt(primitive, session,
                 Value::object({{"cty", "vnd.onem2m-prim+json"},
                                {"ori", originator.to_value()},
                                {"rri", receiver_random_id}}));
}

Value message_with(std::string jwe) {
  return Value::object(
      {{"m2m:seci", Value::object({{"sit", kEsPrimMessage}, {"epo", std::move(jwe)}})}});
}

}  // namespace gatehouse::jose
