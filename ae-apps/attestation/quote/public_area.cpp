#include "ae-apps/attestation/quote/public_area.h"

#include "ae-apps/attestation/quote/structures.h"
#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

constexpr std::size_t kMaxBytes = 1024;
constexpr std::uint16_t kAlgAes = 0x0006;

tl::unexpected<Error> wrong(std::string text) {
  return fail(Rsc::kBadRequest, "public area: " + std::move(text));
}

Bytes copy(ByteView view) { return Bytes(view.begin(), view.end()); }

Result<void> read_symmetric(Reader& in, PublicArea& out) {
  out.symmetric = in.u16();
  if (!in.good() || out.symmetric == kAlgNull) return {};
  if (out.symmetric != kAlgAes) return wrong("a symmetric algorithm other than AES");
  out.symmetric_bits = in.u16();
  out.symmetric_mode = in.u16();
  return {};
}

Result<void> read_scheme(Reader& in, PublicArea& out) {
  out.scheme = in.u16();
  if (!in.good() || out.scheme == kAlgNull) return {};
  if (scheme_name(out.scheme).empty()) return wrong("a scheme that is no signature of a quote");
  out.scheme_hash = hash_of_number(in.u16());
  if (!out.scheme_hash) return wrong("an unknown hash in its scheme");
  return {};
}

Result<void> read_key(Reader& in, PublicArea& out) {
  if (out.type == kTypeRsa) {
    out.rsa_bits = in.u16();
    out.rsa_exponent = in.u32();
    out.modulus = copy(in.sized16());
    if (in.good() && out.modulus.size() * 8 != out.rsa_bits) {
      return wrong("a modulus of another size than it says");
    }
    return {};
  }
  out.curve = in.u16();
  const std::uint16_t kdf = in.u16();
  if (in.good() && kdf != kAlgNull) return wrong("a key derivation scheme");
  out.x = copy(in.sized16());
  out.y = copy(in.sized16());
  return {};
}

}  // namespace

Bytes PublicArea::name() const {
  const Bytes area = encode(*this);
  Writer out;
  out.u16(static_cast<std::uint16_t>(name_alg)).bytes(digest(name_alg, {area}));
  return out.take();
}

Result<PublicArea> parse_public_area(ByteView bytes) {
  if (bytes.size() > kMaxBytes) return wrong("too long");
  Reader in(bytes);
  std::uint16_t first = in.u16();
  if (in.good() && first == in.left()) {  // TPM2B: no type of a key is the size of its own area
    first = in.u16();
  }
  PublicArea out;
  out.type = first;
  if (in.good() && out.type != kTypeRsa && out.type != kTypeEcc) {
    return wrong("neither an RSA nor an ECC key");
  }
  const auto name_alg = hash_of_number(in.u16());
  if (in.good() && !name_alg) return wrong("an unknown hash for its name");
  out.attributes = in.u32();
  out.policy = copy(in.sized16());
  if (const auto done = read_symmetric(in, out); !done) return fail(done.error());
  if (const auto done = read_scheme(in, out); !done) return fail(done.error());
  if (const auto done = read_key(in, out); !done) return fail(done.error());
  if (!in.good()) return wrong("cut off");
  if (!in.finished()) return wrong(std::to_string(in.left()) + " bytes behind it");
  out.name_alg = *name_alg;
  return out;
}

Bytes encode(const PublicArea& area) {
  Writer out;
  out.u16(area.type).u16(static_cast<std::uint16_t>(area.name_alg)).u32(area.attributes);
  out.sized16(area.policy).u16(area.symmetric);
  if (area.symmetric != kAlgNull) out.u16(area.symmetric_bits).u16(area.symmetric_mode);
  out.u16(area.scheme);
  if (area.scheme != kAlgNull) out.u16(static_cast<std::uint16_t>(*area.scheme_hash));
  if (area.type == kTypeRsa) {
    out.u16(area.rsa_bits).u32(area.rsa_exponent).sized16(area.modulus);
  } else {
    out.u16(area.curve).u16(kAlgNull).sized16(area.x).sized16(area.y);
  }
  return out.take();
}

Result<void> check_attestation_key(const PublicArea& area) {
  struct Rule {
    std::uint32_t bit;
    bool wanted;
    const char* text;
  };
  static constexpr Rule kRules[] = {
      {kFixedTpm, true, "may leave its TPM (fixedTPM is not set)"},
      {kSensitiveDataOrigin, true, "was not made in a TPM (sensitiveDataOrigin is not set)"},
      {kRestricted, true, "signs anything (restricted is not set)"},
      {kSign, true, "does not sign (sign is not set)"},
      {kDecrypt, false, "decrypts too (decrypt is set)"},
  };
  for (const Rule& rule : kRules) {
    if (((area.attributes & rule.bit) != 0) != rule.wanted) {
      return fail(Rsc::kNotAcceptable, std::string("key: no attestation key: it ") + rule.text);
    }
  }
  return {};
}

}  // namespace gatehouse::attest
