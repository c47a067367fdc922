#include "ae-apps/attestation/quote/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>
#include <stdexcept>

namespace gatehouse::attest {
namespace {

struct Row {
  HashAlg alg;
  std::string_view name;
  std::size_t size_bytes;
  const char* openssl_name;
};
constexpr std::array<Row, 4> kHashes = {{
    {HashAlg::kSha1, "sha1", 20, "SHA1"},
    {HashAlg::kSha256, "sha256", 32, "SHA2-256"},
    {HashAlg::kSha384, "sha384", 48, "SHA2-384"},
    {HashAlg::kSha512, "sha512", 64, "SHA2-512"},
}};

std::size_t index_of(HashAlg alg) {
  for (std::size_t i = 0; i < kHashes.size(); ++i) {
    if (kHashes[i].alg == alg) return i;
  }
  throw std::logic_error("a hash that is not in the table");
}

/// Fetched once: a look-up by name for each digest costs more than the digest.
const EVP_MD* md_of(HashAlg alg) {
  static const std::array<EVP_MD*, kHashes.size()> kFetched = [] {
    std::array<EVP_MD*, kHashes.size()> fetched{};
    for (std::size_t i = 0; i < kHashes.size(); ++i) {
      fetched[i] = EVP_MD_fetch(nullptr, kHashes[i].openssl_name, nullptr);
      if (fetched[i] == nullptr) throw std::runtime_error("OpenSSL lacks a hash");
    }
    return fetched;
  }();
  return kFetched[index_of(alg)];
}

struct Freer {
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
};

}  // namespace

std::optional<HashAlg> hash_of_number(std::uint16_t number) {
  for (const Row& row : kHashes) {
    if (static_cast<std::uint16_t>(row.alg) == number) return row.alg;
  }
  return std::nullopt;
}

std::optional<HashAlg> hash_named(std::string_view name) {
  for (const Row& row : kHashes) {
    if (row.name == name) return row.alg;
  }
  return std::nullopt;
}

std::string_view name_of(HashAlg alg) { return kHashes[index_of(alg)].name; }
std::size_t size_of(HashAlg alg) { return kHashes[index_of(alg)].size_bytes; }

Bytes digest(HashAlg alg, std::initializer_list<ByteView> pieces) {
  const std::unique_ptr<EVP_MD_CTX, Freer> context(EVP_MD_CTX_new());
  bool good = context && EVP_DigestInit_ex2(context.get(), md_of(alg), nullptr) == 1;
  for (const ByteView piece : pieces) {
    good = good && EVP_DigestUpdate(context.get(), piece.data(), piece.size()) == 1;
  }
  Bytes out(size_of(alg));
  if (!good || EVP_DigestFinal_ex(context.get(), out.data(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL does not hash");
  }
  return out;
}

Bytes hmac(HashAlg alg, ByteView key, std::initializer_list<ByteView> pieces) {
  Bytes message;
  for (const ByteView piece : pieces) append(message, piece);
  constexpr unsigned char kNoKey = 0;
  Bytes out(size_of(alg));
  if (HMAC(md_of(alg), key.empty() ? &kNoKey : key.data(), static_cast<int>(key.size()),
           message.data(), message.size(), out.data(), nullptr) == nullptr) {
    throw std::runtime_error("OpenSSL does not hash");
  }
  return out;
}

}  // namespace gatehouse::attest
