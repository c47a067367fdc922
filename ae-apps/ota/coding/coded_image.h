#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/encryption.h"

namespace gatehouse::coding {

// A coded image is another form of an image for the way: smaller, or secret, or both. It says
// itself what it is:
//
//   "GHCX" version(1) headerLength(2) header clear-bytes body
//
// The header is JSON: {"length","sha256"} of the plain image, "clear" (how many of its first bytes
// stand behind the header as they are), "base":{"length","sha256"} if it is a delta, "recipients":
// [{"key","wrapped"}] if it is encrypted. The body is a list of blocks, each coded by zstd alone:
//
//   rawLength(4) codedLength(4) baseOffset(8) baseLength(4) coded-bytes
//
// of at most kBlockBytes plain bytes; a block of a delta has at most kMaxBaseBytes of the base as
// its dictionary (zstd's "patch from"), so that any image needs the same little memory. If it is
// encrypted, the list is cut into pieces of kPieceBytes, each sealed by AES-256-GCM with its
// number, whether it is the last, and the SHA-256 of all that stands before the body. Numbers are
// big-endian.

inline constexpr std::size_t kBlockBytes = 256 * 1024;
inline constexpr std::size_t kMaxBaseBytes = 768 * 1024;
inline constexpr std::size_t kPieceBytes = 64 * 1024;
inline constexpr std::size_t kFixedBytes = 7;  ///< before the header
inline constexpr std::size_t kMaxHeaderBytes = 16 * 1024;
inline constexpr std::size_t kMaxClearBytes = 64 * 1024;
inline constexpr std::size_t kMaxRecipients = 64;
inline constexpr std::size_t kBlockHeadBytes = 20;

struct BaseFacts {
  std::uint64_t length = 0;
  std::string sha256;
  friend bool operator==(const BaseFacts&, const BaseFacts&) = default;
};

struct Recipient {
  std::string key_id;  ///< hexadecimal, of its public key
  Bytes wrapped;       ///< the content key, by crypto::wrap_key
};

struct CodedHeader {
  std::uint64_t length = 0;  ///< of the plain image
  std::string sha256;        ///< of the plain image, hexadecimal
  std::uint64_t clear_bytes = 0;
  std::optional<BaseFacts> base;      ///< a delta
  std::vector<Recipient> recipients;  ///< encrypted for these; empty: for everybody
  std::size_t header_bytes = 0;       ///< where the clear bytes begin
};

/// These bytes are the beginning of a coded image, as far as they go.
bool is_coded(ByteView front);
/// The header at the front. nullopt: it goes on behind these bytes. Errors: kContentsUnacceptable
/// naming the member.
Result<std::optional<CodedHeader>> parse_coded_header(ByteView front);
Bytes encode_coded_header(const CodedHeader& header);

/// What a content key is bound to when it is wrapped.
Bytes wrap_context(const CodedHeader& header);
/// Nonce of a sealed piece.
Bytes piece_nonce(std::uint32_t number, bool last);

void put_number(Bytes& out, std::uint64_t number, unsigned bytes);
std::uint64_t number_at(ByteView bytes);

}  // namespace gatehouse::coding
