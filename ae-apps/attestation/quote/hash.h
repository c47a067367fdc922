#pragma once
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string_view>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::attest {

/// A hash by its number in the TPM's structures. Source: TCG Algorithm Registry (TPM_ALG_ID).
enum class HashAlg : std::uint16_t {
  kSha1 = 0x0004,
  kSha256 = 0x000B,
  kSha384 = 0x000C,
  kSha512 = 0x000D,
};

/// nullopt for a number that is none of the above.
std::optional<HashAlg> hash_of_number(std::uint16_t number);
/// By the name that tpm2-tools and IMA use: "sha1", "sha256", "sha384", "sha512".
std::optional<HashAlg> hash_named(std::string_view name);
std::string_view name_of(HashAlg alg);
std::size_t size_of(HashAlg alg);  ///< bytes

/// The hash of the pieces one behind the other. Throws std::runtime_error if OpenSSL is broken.
Bytes digest(HashAlg alg, std::initializer_list<ByteView> pieces);
Bytes hmac(HashAlg alg, ByteView key, std::initializer_list<ByteView> pieces);

}  // namespace gatehouse::attest
