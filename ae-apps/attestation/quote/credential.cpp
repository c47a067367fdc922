#include "ae-apps/attestation/quote/credential.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include "ae-apps/attestation/quote/openssl_key.h"
#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {
namespace {

constexpr std::uint32_t kFileMagic = 0xBADCC0DE;
constexpr std::uint32_t kFileVersion = 1;
constexpr std::string_view kIdentity{"IDENTITY\0", 9};  // the zero is part of it
constexpr std::uint16_t kAes = 0x0006;
constexpr std::uint16_t kCfb = 0x0043;

struct CipherFreer {
  void operator()(EVP_CIPHER_CTX* p) const { EVP_CIPHER_CTX_free(p); }
};

std::uint32_t bits_of(HashAlg alg) { return static_cast<std::uint32_t>(size_of(alg) * 8); }

Bytes cut(Bytes bytes, std::uint32_t bits) {
  bytes.resize(bits / 8);
  return bytes;
}

tl::unexpected<Error> wrong(std::string text) {
  return fail(Rsc::kBadRequest, "credential: " + std::move(text));
}

Bytes aes_cfb(ByteView key, ByteView plain) {
  const std::unique_ptr<EVP_CIPHER_CTX, CipherFreer> context(EVP_CIPHER_CTX_new());
  const Bytes iv(16);
  Bytes out(plain.size());
  int length = 0;
  const EVP_CIPHER* cipher = key.size() == 32 ? EVP_aes_256_cfb128() : EVP_aes_128_cfb128();
  EVP_EncryptInit_ex2(context.get(), cipher, key.data(), iv.data(), nullptr);
  EVP_EncryptUpdate(context.get(), out.data(), &length, plain.data(),
                    static_cast<int>(plain.size()));
  return out;
}

Result<Bytes> encrypt_seed(EVP_PKEY* key, HashAlg alg, ByteView seed) {
  const PkeyContext context(EVP_PKEY_CTX_new(key, nullptr));
  const std::string md(name_of(alg));
  void* label = OPENSSL_memdup(kIdentity.data(), kIdentity.size());
  bool good = context && label != nullptr && EVP_PKEY_encrypt_init(context.get()) == 1 &&
              EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING) == 1 &&
              EVP_PKEY_CTX_set_rsa_oaep_md_name(context.get(), md.c_str(), nullptr) == 1 &&
              EVP_PKEY_CTX_set_rsa_mgf1_md_name(context.get(), md.c_str(), nullptr) == 1;
  if (!good || EVP_PKEY_CTX_set0_rsa_oaep_label(context.get(), label,
                                                static_cast<int>(kIdentity.size())) != 1) {
    OPENSSL_free(label);
    good = false;
  }
  std::size_t length = static_cast<std::size_t>(EVP_PKEY_get_size(key));
  Bytes out(length);
  good =
      good && EVP_PKEY_encrypt(context.get(), out.data(), &length, seed.data(), seed.size()) == 1;
  ERR_clear_error();
  if (!good) return wrong("the endorsement key does not encrypt");
  out.resize(length);
  return out;
}

/// The seed by one-pass ECDH with a key made for this alone, and its public point.
Result<std::pair<Bytes, Bytes>> agree_on_seed(const PublicArea& area, EVP_PKEY* key) {
  const Curve* curve = curve_of(key);
  const PkeyHandle own(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve->name));
  const Bytes z = shared_secret(own.get(), key);
  const auto mine = coordinates(own.get());
  const auto theirs = coordinates(key);
  if (z.empty() || !mine || !theirs) return wrong("no agreement with the endorsement key");
  const HashAlg alg = area.name_alg;
  Writer point;
  point.sized16(mine->first).sized16(mine->second);
  return std::pair(kdf_e(alg, z, "IDENTITY", mine->first, theirs->first, bits_of(alg)),
                   point.take());
}

}  // namespace

Bytes kdf_a(HashAlg alg, ByteView key, std::string_view label, ByteView context_u,
            ByteView context_v, std::uint32_t bits) {
  Bytes out;
  for (std::uint32_t block = 1; out.size() * 8 < bits; ++block) {
    Writer head;
    head.u32(block).bytes(view_of(label)).u8(0).bytes(context_u).bytes(context_v).u32(bits);
    append(out, hmac(alg, key, {head.take()}));
  }
  return cut(std::move(out), bits);
}

Bytes kdf_e(HashAlg alg, ByteView z, std::string_view label, ByteView u, ByteView v,
            std::uint32_t bits) {
  Bytes out;
  for (std::uint32_t block = 1; out.size() * 8 < bits; ++block) {
    Writer all;
    all.u32(block).bytes(z).bytes(view_of(label)).u8(0).bytes(u).bytes(v);
    append(out, digest(alg, {all.take()}));
  }
  return cut(std::move(out), bits);
}

Bytes seal_identity(HashAlg alg, std::uint32_t symmetric_bits, ByteView seed, ByteView name,
                    ByteView secret) {
  Writer plain;
  plain.sized16(secret);
  const Bytes key = kdf_a(alg, seed, "STORAGE", name, {}, symmetric_bits);
  const Bytes identity = aes_cfb(key, plain.take());
  const Bytes mac_key = kdf_a(alg, seed, "INTEGRITY", {}, {}, bits_of(alg));
  Writer out;
  out.sized16(hmac(alg, mac_key, {identity, name})).bytes(identity);
  return out.take();
}

Result<Credential> make_credential(const PublicArea& area, ByteView name, ByteView secret,
                                   crypto::Random& random) {
  Reader in(name);
  const auto name_alg = hash_of_number(in.u16());
  if (!name_alg || in.left() != size_of(*name_alg)) {
    return wrong("the name is not a hash's number and the hash");
  }
  if (secret.empty() || secret.size() > size_of(area.name_alg)) {
    return wrong("the secret must have 1 to " + std::to_string(size_of(area.name_alg)) + " bytes");
  }
  if (area.symmetric != kAes || area.symmetric_mode != kCfb ||
      (area.symmetric_bits != 128 && area.symmetric_bits != 256)) {
    return wrong("not an endorsement key: it has no AES in CFB mode");
  }
  const auto key = pkey_of(area);
  if (!key) return fail(key.error());
  Credential out;
  Bytes seed;
  if (area.type == kTypeRsa) {
    seed = random.bytes(size_of(area.name_alg));
    auto encrypted = encrypt_seed(key->get(), area.name_alg, seed);
    if (!encrypted) return fail(encrypted.error());
    out.secret = *std::move(encrypted);
  } else {
    auto agreed = agree_on_seed(area, key->get());
    if (!agreed) return fail(agreed.error());
    seed = std::move(agreed->first);
    out.secret = std::move(agreed->second);
  }
  out.id_object = seal_identity(area.name_alg, area.symmetric_bits, seed, name, secret);
  return out;
}

Result<PublicArea> read_endorsement_key(ByteView bytes) {
  if (text_of(bytes).find("-----BEGIN ") == std::string_view::npos) return parse_public_area(bytes);
  const auto key = pkey_of_pem(text_of(bytes));
  if (!key) return fail(key.error());
  PublicArea out;
  out.attributes =
      kFixedTpm | kFixedParent | kSensitiveDataOrigin | kAdminWithPolicy | kRestricted | kDecrypt;
  out.symmetric = kAes;
  out.symmetric_bits = 128;
  out.symmetric_mode = kCfb;
  if (EVP_PKEY_is_a(key->get(), "RSA") == 1) {
    out.type = kTypeRsa;
    BIGNUM* n = nullptr;
    if (EVP_PKEY_get_bn_param(key->get(), OSSL_PKEY_PARAM_RSA_N, &n) != 1) {
      return fail(Rsc::kBadRequest, "key: no modulus");
    }
    out.modulus.resize(static_cast<std::size_t>(BN_num_bytes(n)));
    BN_bn2bin(n, out.modulus.data());
    BN_free(n);
    out.rsa_bits = static_cast<std::uint16_t>(out.modulus.size() * 8);
    return out;
  }
  const Curve* curve = curve_of(key->get());
  auto point = coordinates(key->get());
  if (curve == nullptr || !point) return fail(Rsc::kBadRequest, "key: neither RSA nor EC");
  out.curve = curve->number;
  if (curve->number == kCurveP384) {  // TCG EK Credential Profile, template H-3
    out.name_alg = HashAlg::kSha384;
    out.symmetric_bits = 256;
  }
  out.x = std::move(point->first);
  out.y = std::move(point->second);
  return out;
}

Bytes write_credential(const Credential& credential) {
  Writer out;
  out.u32(kFileMagic).u32(kFileVersion);
  out.sized16(credential.id_object).sized16(credential.secret);
  return out.take();
}

Result<Credential> read_credential(ByteView file) {
  Reader in(file);
  if (in.u32() != kFileMagic || in.u32() != kFileVersion) {
    return wrong("not a file of tpm2_makecredential, version 1");
  }
  const ByteView id_object = in.sized16();
  const ByteView secret = in.sized16();
  if (!in.finished()) return wrong(in.good() ? "bytes behind its end" : "cut off");
  if (id_object.size() > 256 || secret.size() > 512) return wrong("too long");
  return Credential{Bytes(id_object.begin(), id_object.end()), Bytes(secret.begin(), secret.end())};
}

}  // namespace gatehouse::attest
