#include "ae-apps/attestation/verifier/white_list.h"

#include "ae-apps/attestation/quote/wire.h"
#include "ae-apps/attestation/verifier/jws.h"
#include "ae-apps/ota/crypto/digest.h"
#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxReferences = 200'000;

tl::unexpected<Error> wrong(std::string text) {
  return fail(Rsc::kBadRequest, "white list: " + std::move(text));
}

std::optional<Standing> standing_named(std::string_view name) {
  if (name == "allowed") return Standing::kAllowed;
  if (name == "superseded") return Standing::kSuperseded;
  if (name == "revoked") return Standing::kRevoked;
  return std::nullopt;
}

Result<Reference> read_reference(const Value& value) {
  Reference out;
  out.component = value.string_at("component");
  out.version = value.string_at("version");
  out.reason = value.string_at("reason");
  const std::string name = printable(out.component);
  if (out.component.empty()) return wrong("a reference without a component");
  const std::string text = value.string_at("digest");
  const std::size_t colon = text.find(':');
  const auto alg = colon == std::string::npos ? std::nullopt : hash_named(text.substr(0, colon));
  const auto digest = alg ? from_hex(std::string_view(text).substr(colon + 1)) : Bytes();
  if (!alg || !digest || digest->size() != size_of(*alg)) return wrong(name + ": digest");
  out.alg = *alg;
  out.digest = *digest;
  const auto standing = standing_named(value.string_at("standing", "allowed"));
  if (!standing) return wrong(name + ": standing");
  out.standing = *standing;
  if (const Value* until = value.find("until")) {
    out.until = until->as_string() ? parse_timestamp(*until->as_string()) : std::nullopt;
    if (!out.until) return wrong(name + ": until");
  }
  if ((out.standing == Standing::kSuperseded) != out.until.has_value()) {
    return wrong(name + ": 'until' belongs to what is superseded, and must be there");
  }
  return out;
}

}  // namespace

std::vector<const Reference*> WhiteList::of(std::string_view component) const {
  std::vector<const Reference*> out;
  const auto [first, last] = index_.equal_range(component);
  for (auto at = first; at != last; ++at) out.push_back(&references[at->second]);
  return out;
}

Result<WhiteList> read_bundle(std::string_view jws, const std::vector<crypto::PublicKey>& trusted,
                              std::uint64_t highest_seen, Timestamp now) {
  const auto payload = open_jws(jws, kBundleType, trusted);
  if (!payload) return fail(payload.error().rsc, "white list: " + payload.error().detail);
  return parse_white_list(*payload, highest_seen, now);
}

Result<WhiteList> parse_white_list(std::string_view payload, std::uint64_t highest_seen,
                                   Timestamp now) {
  const auto json = parse_json(payload);
  if (!json || !json->is_object()) return wrong("no JSON object");
  WhiteList out;
  const std::int64_t number = json->integer_at("number", -1);
  const auto valid_until = parse_timestamp(json->string_at("validUntil"));
  const Value* references = json->find("references");
  if (number < 1) return wrong("number");
  if (!valid_until) return wrong("validUntil");
  if (references == nullptr || references->as_array() == nullptr) return wrong("references");
  if (references->size() > kMaxReferences) return wrong("too many references");
  out.number = static_cast<std::uint64_t>(number);
  out.issuer = json->string_at("issuer");
  out.valid_until = *valid_until;
  out.required = json->strings_at("required");
  out.hash = to_hex(crypto::sha256(view_of(payload)));
  if (out.number < highest_seen) {
    return fail(Rsc::kNotAcceptable, "white list: number " + std::to_string(out.number) +
                                         " is older than number " + std::to_string(highest_seen) +
                                         ", which was seen before");
  }
  if (now > out.valid_until) {
    return fail(Rsc::kNotAcceptable,
                "white list: number " + std::to_string(out.number) + " is no longer valid");
  }
  for (const Value& value : *references->as_array()) {
    auto reference = read_reference(value);
    if (!reference) return fail(reference.error());
    for (const Reference* other : out.of(reference->component)) {
      if (other->alg == reference->alg && other->digest == reference->digest) {
        return wrong(printable(reference->component) + ": one digest twice");
      }
    }
    out.index_.emplace(reference->component, out.references.size());
    out.references.push_back(*std::move(reference));
  }
  return out;
}

}  // namespace gatehouse::attest
