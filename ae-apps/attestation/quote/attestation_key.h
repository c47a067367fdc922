#pragma once
#include <memory>
#include <string>

#include "ae-apps/attestation/quote/public_area.h"
#include "ae-apps/attestation/quote/structures.h"

namespace gatehouse::attest {

/// The public half of an attestation key, with the only scheme and hash that it may sign with.
/// P-256, P-384 and P-521, RSA from 2048 to 4096 bits. Cheap to copy, immutable, any thread.
class AttestationKey {
 public:
  /// Of PEM ("PUBLIC KEY" or "CERTIFICATE"), or a TPM's public area ("tss" and "tpmt" of
  /// tpm2-tools), whichever the bytes are. A public area must be that of an attestation key. Its
  /// scheme decides; where it has none, as in PEM, an EC key signs by ECDSA and an RSA key by
  /// `rsa_scheme`, over `hash`. Errors: kBadRequest, kNotAcceptable.
  static Result<AttestationKey> from_bytes(ByteView bytes, HashAlg hash = HashAlg::kSha256,
                                           std::uint16_t rsa_scheme = kSchemeRsaSsa);
  static Result<AttestationKey> from_public_area(const PublicArea& area,
                                                 HashAlg hash = HashAlg::kSha256);

  std::uint16_t scheme() const;
  HashAlg hash() const;
  bool is_rsa() const;
  std::string to_pem() const;
  /// The name, if the key came as a public area.
  const std::optional<Bytes>& name() const;

  /// TPMT_SIGNATURE, or tpm2-tools' "plain" form of it (DER of ECDSA, or the bytes of RSA), which
  /// then counts as made with this key's own scheme and hash. Errors: kBadRequest.
  Result<Signature> read_signature(ByteView bytes) const;
  /// Errors: kNotAcceptable, "signature: …".
  Result<void> verify(ByteView message, const Signature& signature) const;

 private:
  struct State;
  explicit AttestationKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  static Result<AttestationKey> adopt(void* evp_pkey, std::optional<std::uint16_t> scheme,
                                      HashAlg hash, std::optional<Bytes> name);
  std::shared_ptr<const State> state_;
};

}  // namespace gatehouse::attest
