#pragma once
#include "ae-apps/attestation/quote/public_area.h"
#include "ae-apps/ota/crypto/random.h"

namespace gatehouse::attest {

/// A secret that only the TPM with this endorsement key opens, and only if it also holds the key of
/// this name. Source: TPM 2.0 Library part 1 clause 24.
struct Credential {
  Bytes id_object;  ///< content of TPM2B_ID_OBJECT
  Bytes secret;     ///< content of TPM2B_ENCRYPTED_SECRET
};

/// TPM2_MakeCredential, without a TPM. Errors: kBadRequest for a name that is none, a secret that
/// is empty or longer than the hash of the endorsement key's name, or a key that encrypts nothing.
Result<Credential> make_credential(const PublicArea& endorsement_key, ByteView name,
                                   ByteView secret, crypto::Random& random);

/// The public area of an endorsement key: of a TPM ("tss", "tpmt"), or by the usual template around
/// a key or certificate in PEM. Errors: kBadRequest.
Result<PublicArea> read_endorsement_key(ByteView bytes);

/// The file of tpm2_makecredential and tpm2_activatecredential. Errors: kBadRequest.
Bytes write_credential(const Credential& credential);
Result<Credential> read_credential(ByteView file);

/// The steps within. `label` is hashed with a zero behind it. Source: part 1 clauses 11.4.10.2 and
/// .3
Bytes kdf_a(HashAlg alg, ByteView key, std::string_view label, ByteView context_u,
            ByteView context_v, std::uint32_t bits);
Bytes kdf_e(HashAlg alg, ByteView z, std::string_view label, ByteView u, ByteView v,
            std::uint32_t bits);
/// The inner blob, from the seed on. `symmetric_bits` of AES: 128 or 256.
Bytes seal_identity(HashAlg alg, std::uint32_t symmetric_bits, ByteView seed, ByteView name,
                    ByteView secret);

}  // namespace gatehouse::attest
