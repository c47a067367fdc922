#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/image/image.h"

namespace gatehouse::image {

/// Why an image is refused; each cause on its own, so that a report can name an attack.
enum class Verdict : std::uint8_t {
  kGood,
  kIncomplete,     ///< ended before its header or its declared length
  kMalformed,      ///< not an image of this format, or a field is wrong
  kUnknownKey,     ///< signed, but by none of the trusted keys
  kBadSignature,   ///< a trusted key is named, and its signature is wrong
  kWrongHardware,  ///< made for another hardware id
  kRollback,       ///< release counter below the one that ran already
  kTooLong,        ///< more payload than declared, or more than the limit
  kHashMismatch,   ///< the payload is not the one that was signed
};
std::string_view name_of(Verdict verdict);  ///< "bad-signature"
std::string_view explain(Verdict verdict);  ///< a sentence

/// What a verifier insists on.
struct Policy {
  std::vector<crypto::PublicKey> trusted_keys;
  std::size_t threshold = 1;     ///< different trusted keys that must have signed
  bool check_signatures = true;  ///< false only in an ECU that checks a gateway's MAC instead
  std::optional<std::string> hardware_id;  ///< nullopt: any
  std::uint64_t minimum_release_counter = 0;
  std::uint64_t max_payload_bytes = 64u << 20;
};

/// Verifies an image that comes in pieces, in bounded memory (the header only; the payload is
/// hashed and handed on). The first failure stays. Threading: one thread at a time.
class Verifier {
 public:
  /// Called with payload bytes in order, only after the header was found good. They are not yet
  /// proven.
  using Sink = std::function<void(ByteView)>;

  explicit Verifier(Policy policy, Sink sink = {});

  /// kIncomplete while more is expected, kGood when all bytes came and all is right, else the
  /// failure.
  Verdict feed(ByteView bytes);
  /// The final word: kGood, or the failure, or kIncomplete.
  Verdict finish();

  Verdict verdict() const { return verdict_; }
  /// What the failure is about, such as the member of a malformed manifest.
  const std::string& detail() const { return detail_; }
  /// Known once the header was read, good or not trusted.
  const std::optional<Header>& header() const { return header_; }
  std::uint64_t payload_bytes_seen() const { return payload_bytes_seen_; }
  /// Of the payload that came; meaningful once the verdict is kGood.
  const crypto::Sha256Digest& payload_sha256() const { return payload_sha256_; }

 private:
  Verdict refuse(Verdict verdict, std::string detail);
  Verdict take_header(ByteView& bytes);
  Verdict check_header();
  Verdict check_signatures();
  Verdict take_payload(ByteView bytes);

  Policy policy_;
  Sink sink_;
  Verdict verdict_ = Verdict::kIncomplete;
  std::string detail_;
  Bytes front_;
  std::optional<Header> header_;
  crypto::Sha256 hash_;
  std::uint64_t payload_bytes_seen_ = 0;
  crypto::Sha256Digest payload_sha256_{};
};

/// The same for an image in memory.
Verdict verify_image(ByteView image, const Policy& policy);

}  // namespace gatehouse::image
