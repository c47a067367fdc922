#pragma once
#include <vector>

#include "ae-apps/ota/crypto/keys.h"

/// COSE_Sign1 over a detached payload. Source: RFC 9052 section 4.2, RFC 9053 section 2.
namespace gatehouse::suit {

/// Of an algorithm in COSE: -7 and -9 (ECDSA on P-256 over SHA-256), -8 and -19 (Ed25519).
std::optional<crypto::Algorithm> algorithm_of(std::int64_t cose_number);

/// Tag 18, the algorithm in the protected header, the signature in COSE's form.
Result<Bytes> sign1(ByteView payload, const crypto::SigningKey& key);
/// The key that made it; nullptr: none of these, or it is no COSE_Sign1 that we understand.
const crypto::PublicKey* signer_of(ByteView sign1, ByteView payload,
                                   const std::vector<crypto::PublicKey>& keys);

/// Signatures of ECDSA: two numbers of 32 bytes in COSE, DER everywhere else here.
std::optional<Bytes> der_of(ByteView raw_signature);
std::optional<Bytes> raw_of(ByteView der_signature);

}  // namespace gatehouse::suit
