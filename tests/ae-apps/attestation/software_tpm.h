#pragma once
#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <memory>
#include <stdexcept>

#include "ae-apps/attestation/quote/event_log.h"
#include "ae-apps/attestation/quote/verify.h"

namespace gatehouse::attest {

/// A key in memory that signs whatever a test wants signed, in a TPM's structures: so a forgery can
/// be wrong in one field and right in all others.
class SoftwareTpm {
 public:
  SoftwareTpm() : key_(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256")) {
    if (!key_) throw std::runtime_error("no key");
  }

  /// The public area of an attestation key with these attributes.
  PublicArea area(std::uint32_t attributes = kAttestationKeyAttributes) const {
    PublicArea out;
    out.attributes = attributes;
    out.scheme = kSchemeEcdsa;
    out.scheme_hash = HashAlg::kSha256;
    out.curve = kCurveP256;
    out.x = coordinate(OSSL_PKEY_PARAM_EC_PUB_X);
    out.y = coordinate(OSSL_PKEY_PARAM_EC_PUB_Y);
    return out;
  }
  AttestationKey key() const { return *AttestationKey::from_public_area(area()); }
  Bytes qualified_name() const { return area().name(); }

  Signature sign(ByteView message) const {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    std::size_t length = 128;
    Bytes der(length);
    EVP_DigestSignInit(context, nullptr, EVP_sha256(), nullptr, key_.get());
    EVP_DigestSign(context, der.data(), &length, message.data(), message.size());
    EVP_MD_CTX_free(context);
    const unsigned char* at = der.data();
    ECDSA_SIG* pair = d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(length));
    Signature out;
    out.r = Bytes(32);
    out.s = Bytes(32);
    BN_bn2binpad(ECDSA_SIG_get0_r(pair), out.r.data(), 32);
    BN_bn2binpad(ECDSA_SIG_get0_s(pair), out.s.data(), 32);
    ECDSA_SIG_free(pair);
    return out;
  }

  struct Quote {
    Bytes message, signature, values_file;
  };
  Quote sign_quote(const Attest& attest, const PcrValues& values) const {
    const Bytes message = encode(attest);
    const auto& selection = std::get<QuoteInfo>(attest.body).selection;
    return {message, encode(sign(message)), write_serialized(selection, values)};
  }
  /// A quote as a TPM makes it.
  Attest quote(ByteView nonce, const PcrSelection& selection, const PcrValues& values) const {
    Attest out;
    out.qualified_signer = qualified_name();
    out.extra_data = Bytes(nonce.begin(), nonce.end());
    out.clock = clock;
    out.firmware_version = 0x2019102300163636;
    out.body = QuoteInfo{selection, *composite_digest(HashAlg::kSha256, selection, values)};
    return out;
  }

  ClockInfo clock{100'000, 7, 0, true};
  PcrValues pcrs;

  /// TPM2_PCR_Extend of all banks that the measurement has.
  void extend(unsigned pcr, const std::map<HashAlg, Bytes>& digests) {
    for (const auto& [alg, value] : digests) {
      Bytes& register_ = pcrs.try_emplace({alg, pcr}, initial_value(alg, pcr)).first->second;
      register_ = digest(alg, {register_, value});
    }
  }
  /// The selected values, those of PCRs never extended too.
  PcrValues values(const PcrSelection& selection) const {
    PcrValues out;
    for (const PcrBank& bank : selection.banks) {
      for (unsigned pcr = 0; pcr < 24; ++pcr) {
        if ((bank.mask >> pcr & 1u) == 0) continue;
        const auto found = pcrs.find({bank.alg, pcr});
        out[{bank.alg, pcr}] = found == pcrs.end() ? initial_value(bank.alg, pcr) : found->second;
      }
    }
    return out;
  }

 private:
  struct Freer {
    void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  };

  Bytes coordinate(const char* which) const {
    BIGNUM* number = nullptr;
    EVP_PKEY_get_bn_param(key_.get(), which, &number);
    Bytes out(32);
    BN_bn2binpad(number, out.data(), 32);
    BN_free(number);
    return out;
  }

  std::unique_ptr<EVP_PKEY, Freer> key_;
};

}  // namespace gatehouse::attest
