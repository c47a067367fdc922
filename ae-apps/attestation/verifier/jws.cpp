#include "ae-apps/attestation/verifier/jws.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxBytes = 16u << 20;
constexpr std::size_t kCoordinateBytes = 32;

std::string_view algorithm_of(crypto::Algorithm algorithm) {
  return algorithm == crypto::Algorithm::kEd25519 ? "EdDSA" : "ES256";
}

Result<Bytes> from_base64url(std::string_view text) {
  if (text.find_first_of("+/=") != std::string_view::npos) {
    return fail(Rsc::kBadRequest, "signed object: base64 instead of base64url");
  }
  std::string padded(text);
  std::replace(padded.begin(), padded.end(), '-', '+');
  std::replace(padded.begin(), padded.end(), '_', '/');
  padded.append((4 - padded.size() % 4) % 4, '=');
  return from_base64(padded);
}

/// r and s of 32 bytes each from the DER that OpenSSL makes. Empty if it is none.
Bytes raw_of(ByteView der) {
  Bytes out;
  std::size_t at = 2;
  for (int i = 0; i < 2; ++i) {
    if (at + 2 > der.size() || der[at] != 0x02 || at + 2 + der[at + 1] > der.size()) return {};
    ByteView number = der.subspan(at + 2, der[at + 1]);
    at += 2 + number.size();
    while (!number.empty() && number[0] == 0) number = number.subspan(1);
    if (number.size() > kCoordinateBytes) return {};
    out.insert(out.end(), kCoordinateBytes - number.size(), 0);
    append(out, number);
  }
  return out;
}

Bytes der_of(ByteView raw) {
  Bytes body;
  for (int i = 0; i < 2; ++i) {
    ByteView number = raw.subspan(i * kCoordinateBytes, kCoordinateBytes);
    while (number.size() > 1 && number[0] == 0) number = number.subspan(1);
    const bool negative = (number[0] & 0x80) != 0;
    body.push_back(0x02);
    body.push_back(static_cast<std::uint8_t>(number.size() + (negative ? 1 : 0)));
    if (negative) body.push_back(0);
    append(body, number);
  }
  Bytes out{0x30, static_cast<std::uint8_t>(body.size())};
  append(out, body);
  return out;
}

bool verified(const crypto::PublicKey& key, std::string_view signed_text, ByteView signature) {
  if (key.algorithm() == crypto::Algorithm::kEd25519) {
    return key.verify(view_of(signed_text), signature);
  }
  return signature.size() == 2 * kCoordinateBytes &&
         key.verify(view_of(signed_text), der_of(signature));
}

}  // namespace

std::string to_base64url(ByteView bytes) {
  std::string out = to_base64(bytes);
  std::replace(out.begin(), out.end(), '+', '-');
  std::replace(out.begin(), out.end(), '/', '_');
  out.resize(out.find_last_not_of('=') + 1);
  return out;
}

Result<std::string> sign_jws(const crypto::SigningKey& key, std::string_view type,
                             std::string_view payload) {
  const std::string header = to_json(Value::object({{"alg", algorithm_of(key.algorithm())},
                                                    {"kid", to_hex(key.public_key().key_id())},
                                                    {"typ", type}}));
  std::string text = to_base64url(view_of(header)) + '.' + to_base64url(view_of(payload));
  auto signature = key.sign(view_of(text));
  if (!signature) return fail(signature.error());
  if (key.algorithm() == crypto::Algorithm::kEcdsaP256) *signature = raw_of(*signature);
  return text + '.' + to_base64url(*signature);
}

Result<std::string> open_jws(std::string_view jws, std::string_view type,
                             const std::vector<crypto::PublicKey>& trusted) {
  const auto malformed = [] { return fail(Rsc::kBadRequest, "signed object: not a compact JWS"); };
  if (jws.size() > kMaxBytes) return fail(Rsc::kBadRequest, "signed object: too long");
  const std::size_t first = jws.find('.');
  const std::size_t second = jws.find('.', first == std::string_view::npos ? first : first + 1);
  if (second == std::string_view::npos) return malformed();
  const auto header_bytes = from_base64url(jws.substr(0, first));
  const auto payload = from_base64url(jws.substr(first + 1, second - first - 1));
  const auto signature = from_base64url(jws.substr(second + 1));
  if (!header_bytes || !payload || !signature) return malformed();
  const auto header = parse_json(text_of(*header_bytes));
  if (!header || !header->is_object() || header->contains("crit")) return malformed();
  if (header->string_at("typ") != type) {
    return fail(Rsc::kNotAcceptable, "signed object: not a " + std::string(type));
  }
  for (const crypto::PublicKey& key : trusted) {
    if (to_hex(key.key_id()) != header->string_at("kid")) continue;
    if (header->string_at("alg") != algorithm_of(key.algorithm())) {
      return fail(Rsc::kNotAcceptable, "signed object: another algorithm than its key's");
    }
    if (!verified(key, jws.substr(0, second), *signature)) {
      return fail(Rsc::kNotAcceptable, "signed object: the signature is wrong");
    }
    return std::string(text_of(*payload));
  }
  return fail(Rsc::kNotAcceptable, "signed object: signed by no trusted key");
}

}  // namespace gatehouse::attest
