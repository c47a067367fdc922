#pragma once
#include <optional>

#include "ae-apps/attestation/quote/hash.h"

namespace gatehouse::attest {

// Bits of objectAttributes. Source: TPM 2.0 Library part 2 clause 8.3.
constexpr std::uint32_t kFixedTpm = 0x2;
constexpr std::uint32_t kFixedParent = 0x10;
constexpr std::uint32_t kSensitiveDataOrigin = 0x20;
constexpr std::uint32_t kUserWithAuth = 0x40;
constexpr std::uint32_t kAdminWithPolicy = 0x80;
constexpr std::uint32_t kNoDa = 0x400;
constexpr std::uint32_t kRestricted = 0x10000;
constexpr std::uint32_t kDecrypt = 0x20000;
constexpr std::uint32_t kSign = 0x40000;

/// An attestation key of this project. Without noDA three power cuts lock the TPM out.
constexpr std::uint32_t kAttestationKeyAttributes =
    kFixedTpm | kFixedParent | kSensitiveDataOrigin | kUserWithAuth | kNoDa | kRestricted | kSign;

constexpr std::uint16_t kTypeRsa = 0x0001;
constexpr std::uint16_t kTypeEcc = 0x0023;
constexpr std::uint16_t kCurveP256 = 0x0003;
constexpr std::uint16_t kCurveP384 = 0x0004;
constexpr std::uint16_t kCurveP521 = 0x0005;

/// TPMT_PUBLIC of an asymmetric key. Source: TPM 2.0 Library part 2 clause 12.2.4.
struct PublicArea {
  std::uint16_t type = kTypeEcc;
  HashAlg name_alg = HashAlg::kSha256;
  std::uint32_t attributes = 0;
  Bytes policy;
  std::uint16_t symmetric = 0x0010;  ///< of a storage or endorsement key: AES (0x0006)
  std::uint16_t symmetric_bits = 0;
  std::uint16_t symmetric_mode = 0;
  std::uint16_t scheme = 0x0010;  ///< TPM_ALG_NULL: the user of the key chooses
  std::optional<HashAlg> scheme_hash;
  std::uint16_t rsa_bits = 0;
  std::uint32_t rsa_exponent = 0;  ///< 0 means 65537
  Bytes modulus;
  std::uint16_t curve = 0;
  Bytes x, y;

  /// nameAlg and the hash of the whole area: what a TPM knows the object by.
  Bytes name() const;
};

/// TPMT_PUBLIC, or TPM2B_PUBLIC (the same with its size in front): tpm2-tools' formats "tpmt" and
/// "tss". Strict. Errors: kBadRequest, "public area: …".
Result<PublicArea> parse_public_area(ByteView bytes);
/// TPMT_PUBLIC.
Bytes encode(const PublicArea& area);

/// The key as "PUBLIC KEY". Errors: kBadRequest if it is none.
Result<std::string> pem_of(const PublicArea& area);

/// Errors: kNotAcceptable with the attribute that is missing or too much: an attestation key must
/// be born in the TPM, stay there, and sign only what the TPM itself has made.
Result<void> check_attestation_key(const PublicArea& area);

}  // namespace gatehouse::attest
