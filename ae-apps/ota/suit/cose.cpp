#include "ae-apps/ota/suit/cose.h"

#include "ae-apps/ota/suit/cbor.h"

namespace gatehouse::suit {
namespace {

constexpr std::uint64_t kSign1Tag = 18;
constexpr std::int64_t kEs256 = -7, kEdDsa = -8, kEsp256 = -9, kEd25519 = -19;
constexpr std::int64_t kHeaderAlgorithm = 1;
constexpr std::size_t kHalf = 32;

Bytes to_be_signed(ByteView protected_header, ByteView payload) {
  return CborWriter()
      .array(4)
      .text("Signature1")
      .bytes(protected_header)
      .bytes({})
      .bytes(payload)
      .out();
}

/// One INTEGER of DER without its leading zero.
std::optional<ByteView> take_integer(ByteView& der) {
  if (der.size() < 3 || der[0] != 0x02 || der[1] > 33 || der.size() < 2u + der[1]) {
    return std::nullopt;
  }
  ByteView out = der.subspan(2, der[1]);
  der = der.subspan(2 + der[1]);
  if (out.size() > 1 && out[0] == 0) out = out.subspan(1);
  if (out.size() > kHalf) return std::nullopt;
  return out;
}

void append_integer(Bytes& out, ByteView half) {
  while (half.size() > 1 && half[0] == 0) half = half.subspan(1);
  const bool sign = (half[0] & 0x80) != 0;
  out.push_back(0x02);
  out.push_back(static_cast<std::uint8_t>(half.size() + (sign ? 1 : 0)));
  if (sign) out.push_back(0);
  append(out, half);
}

struct Sign1 {
  ByteView protected_header;
  crypto::Algorithm algorithm;
  ByteView signature;
};

std::optional<Sign1> parse(ByteView bytes) {
  CborReader in(bytes);
  if (in.tag() != kSign1Tag || in.array() != 4u) return std::nullopt;
  const auto header = in.bytes();
  const auto unprotected = in.map();
  for (std::uint64_t i = 0; unprotected && i < *unprotected * 2; ++i) {
    if (!in.item()) return std::nullopt;
  }
  if (!header || !unprotected || !in.null()) return std::nullopt;  // the payload is detached
  const auto signature = in.bytes();
  if (!signature || !in.at_end()) return std::nullopt;
  // Nothing but the algorithm is understood in there, and what is not must not be passed over.
  CborReader inner(*header);
  if (inner.map() != 1u || inner.number() != kHeaderAlgorithm) return std::nullopt;
  const auto number = inner.number();
  if (!number || !inner.at_end()) return std::nullopt;
  const auto algorithm = algorithm_of(*number);
  if (!algorithm) return std::nullopt;
  return Sign1{*header, *algorithm, *signature};
}

}  // namespace

std::optional<crypto::Algorithm> algorithm_of(std::int64_t cose_number) {
  if (cose_number == kEs256 || cose_number == kEsp256) return crypto::Algorithm::kEcdsaP256;
  if (cose_number == kEdDsa || cose_number == kEd25519) return crypto::Algorithm::kEd25519;
  return std::nullopt;
}

std::optional<Bytes> der_of(ByteView raw) {
  if (raw.size() != 2 * kHalf) return std::nullopt;
  Bytes inner;
  append_integer(inner, raw.first(kHalf));
  append_integer(inner, raw.subspan(kHalf));
  Bytes out{0x30, static_cast<std::uint8_t>(inner.size())};
  append(out, inner);
  return out;
}

std::optional<Bytes> raw_of(ByteView der) {
  if (der.size() < 2 || der[0] != 0x30 || der[1] != der.size() - 2) return std::nullopt;
  der = der.subspan(2);
  const auto r = take_integer(der);
  const auto s = take_integer(der);
  if (!r || !s || !der.empty()) return std::nullopt;
  Bytes out(2 * kHalf, 0);
  std::copy(r->begin(), r->end(), out.begin() + static_cast<std::ptrdiff_t>(kHalf - r->size()));
  std::copy(s->begin(), s->end(), out.end() - static_cast<std::ptrdiff_t>(s->size()));
  return out;
}

Result<Bytes> sign1(ByteView payload, const crypto::SigningKey& key) {
  const bool ecdsa = key.algorithm() == crypto::Algorithm::kEcdsaP256;
  const Bytes header =
      CborWriter().map(1).number(kHeaderAlgorithm).number(ecdsa ? kEs256 : kEdDsa).out();
  Result<Bytes> signature = key.sign(to_be_signed(header, payload));
  if (!signature) return signature;
  if (ecdsa) {
    auto raw = raw_of(*signature);
    if (!raw) return fail(Rsc::kInternalServerError, "the signature has no known form");
    signature = *std::move(raw);
  }
  return CborWriter().tag(kSign1Tag).array(4).bytes(header).map(0).null().bytes(*signature).out();
}

const crypto::PublicKey* signer_of(ByteView bytes, ByteView payload,
                                   const std::vector<crypto::PublicKey>& keys) {
  const auto found = parse(bytes);
  if (!found) return nullptr;
  Bytes signature(found->signature.begin(), found->signature.end());
  if (found->algorithm == crypto::Algorithm::kEcdsaP256) {
    auto der = der_of(found->signature);
    if (!der) return nullptr;
    signature = *std::move(der);
  }
  const Bytes message = to_be_signed(found->protected_header, payload);
  for (const crypto::PublicKey& key : keys) {
    if (key.algorithm() == found->algorithm && key.verify(message, signature)) return &key;
  }
  return nullptr;
}

}  // namespace gatehouse::suit
