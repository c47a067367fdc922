#include "ae-apps/ota/crypto/named_digest.h"

#include <openssl/evp.h>

#include <array>
#include <cctype>
#include <string>

namespace gatehouse::crypto {
namespace {

struct DigestRow {
  std::string_view name;  ///< in lower case, no hyphen behind "sha"
  const char* openssl_name;
};
constexpr std::array kDigests = {
    DigestRow{"sha256", "SHA256"},     DigestRow{"sha384", "SHA384"},
    DigestRow{"sha512", "SHA512"},     DigestRow{"sha3-256", "SHA3-256"},
    DigestRow{"sha3-512", "SHA3-512"}, DigestRow{"blake2b", "BLAKE2B-512"},
};

std::string plain_name(std::string_view name) {
  std::string plain;
  for (const char c : name) plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (plain.starts_with("sha-")) plain.erase(3, 1);
  return plain;
}

}  // namespace

struct NamedDigest::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  State() = default;
  ~State() { EVP_MD_CTX_free(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
};

NamedDigest::NamedDigest(std::unique_ptr<State> state) : state_(std::move(state)) {}
NamedDigest::NamedDigest(NamedDigest&&) noexcept = default;
NamedDigest& NamedDigest::operator=(NamedDigest&&) noexcept = default;
NamedDigest::~NamedDigest() = default;

std::optional<NamedDigest> NamedDigest::make(std::string_view name) {
  const std::string plain = plain_name(name);
  for (const DigestRow& row : kDigests) {
    if (plain != row.name) continue;
    auto state = std::make_unique<State>();
    const EVP_MD* digest = EVP_get_digestbyname(row.openssl_name);
    if (digest == nullptr || EVP_DigestInit_ex(state->context, digest, nullptr) != 1) break;
    return NamedDigest(std::move(state));
  }
  return std::nullopt;
}

void NamedDigest::update(ByteView bytes) {
  if (!bytes.empty()) EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

Bytes NamedDigest::finish() {
  Bytes digest(EVP_MAX_MD_SIZE);
  unsigned length = 0;
  EVP_DigestFinal_ex(state_->context, digest.data(), &length);
  digest.resize(length);
  return digest;
}

}  // namespace gatehouse::crypto
