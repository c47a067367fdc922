#include "ae-apps/ota/image/verifier.h"

#include <algorithm>

namespace gatehouse::image {
namespace {

struct VerdictRow {
  Verdict verdict;
  std::string_view name;
  std::string_view text;
};
constexpr VerdictRow kVerdicts[] = {
    {Verdict::kGood, "good", "the image is genuine and whole"},
    {Verdict::kIncomplete, "incomplete", "the image ends before its declared length"},
    {Verdict::kMalformed, "malformed", "the file is not an image of this format"},
    {Verdict::kUnknownKey, "unknown-key", "the image is not signed by enough of the trusted keys"},
    {Verdict::kBadSignature, "bad-signature", "the signature of a trusted key is wrong"},
    {Verdict::kWrongHardware, "wrong-hardware", "the image is made for another hardware"},
    {Verdict::kRollback, "rollback", "the image is older than the software that ran already"},
    {Verdict::kTooLong, "too-long", "the payload is longer than declared or allowed"},
    {Verdict::kHashMismatch, "hash-mismatch", "the payload is not the one that was signed"},
};
static_assert(std::size(kVerdicts) == static_cast<std::size_t>(Verdict::kHashMismatch) + 1);

const VerdictRow& row_of(Verdict verdict) { return kVerdicts[static_cast<std::size_t>(verdict)]; }

}  // namespace

std::string_view name_of(Verdict verdict) { return row_of(verdict).name; }
std::string_view explain(Verdict verdict) { return row_of(verdict).text; }

Verifier::Verifier(Policy policy, Sink sink) : policy_(std::move(policy)), sink_(std::move(sink)) {}

Verdict Verifier::refuse(Verdict verdict, std::string detail) {
  verdict_ = verdict;
  detail_ = std::move(detail);
  front_.clear();
  return verdict_;
}

Verdict Verifier::feed(ByteView bytes) {
  if (verdict_ == Verdict::kGood && !bytes.empty()) {
    return refuse(Verdict::kTooLong, "bytes behind the declared length");
  }
  if (verdict_ != Verdict::kIncomplete) return verdict_;
  if (!header_ && take_header(bytes) != Verdict::kIncomplete) return verdict_;
  if (!header_) return verdict_;
  return take_payload(bytes);
}

Verdict Verifier::take_header(ByteView& bytes) {
  // No header is longer than this; what was taken too much is handed to the payload below.
  constexpr std::size_t kMaxHeaderBytes = kMaxManifestBytes + 2048;
  const std::size_t before = front_.size();
  const std::size_t taken = std::min(bytes.size(), kMaxHeaderBytes - before);
  append(front_, bytes.first(taken));
  Result<std::optional<Header>> header = parse_header(front_);
  if (!header) return refuse(Verdict::kMalformed, header.error().detail);
  if (!*header) {
    bytes = {};
    return verdict_;
  }
  header_ = **std::move(header);
  bytes = bytes.subspan(header_->header_bytes - before);
  front_.clear();
  front_.shrink_to_fit();
  return check_header();
}

Verdict Verifier::check_header() {
  const Manifest& manifest = header_->manifest;
  if (policy_.check_signatures && check_signatures() != Verdict::kIncomplete) return verdict_;
  if (policy_.hardware_id && manifest.hardware_id != *policy_.hardware_id) {
    return refuse(Verdict::kWrongHardware, "made for " + manifest.hardware_id);
  }
  if (manifest.release_counter < policy_.minimum_release_counter) {
    return refuse(Verdict::kRollback, "release counter " +
                                          std::to_string(manifest.release_counter) + " is below " +
                                          std::to_string(policy_.minimum_release_counter));
  }
  if (manifest.payload_bytes > policy_.max_payload_bytes) {
    return refuse(Verdict::kTooLong,
                  "declares " + std::to_string(manifest.payload_bytes) + " bytes of payload");
  }
  return verdict_;
}

Verdict Verifier::check_signatures() {
  std::vector<crypto::KeyId> signers;
  for (const Signature& signature : header_->signatures) {
    const auto key =
        std::find_if(policy_.trusted_keys.begin(), policy_.trusted_keys.end(),
                     [&](const crypto::PublicKey& k) { return k.key_id() == signature.key_id; });
    if (key == policy_.trusted_keys.end()) continue;
    if (!verify_manifest(header_->manifest_json, signature, *key)) {
      return refuse(Verdict::kBadSignature, "by key " + to_hex(signature.key_id).substr(0, 16));
    }
    if (std::find(signers.begin(), signers.end(), signature.key_id) == signers.end()) {
      signers.push_back(signature.key_id);
    }
  }
  if (signers.size() < std::max<std::size_t>(policy_.threshold, 1)) {
    return refuse(Verdict::kUnknownKey, std::to_string(signers.size()) + " trusted signatures, " +
                                            std::to_string(policy_.threshold) + " needed");
  }
  return verdict_;
}

/// What was declared is judged before what is too much, so that the verdict does not depend on how
/// the bytes are cut.
Verdict Verifier::take_payload(ByteView bytes) {
  const std::uint64_t missing = header_->manifest.payload_bytes - payload_bytes_seen_;
  const ByteView part =
      bytes.first(static_cast<std::size_t>(std::min<std::uint64_t>(missing, bytes.size())));
  hash_.update(part);
  payload_bytes_seen_ += part.size();
  if (sink_ && !part.empty()) sink_(part);
  if (part.size() < missing) return verdict_;
  payload_sha256_ = hash_.finish();
  if (payload_sha256_ != header_->manifest.payload_sha256) {
    return refuse(Verdict::kHashMismatch, "the payload was altered");
  }
  if (bytes.size() > missing) return refuse(Verdict::kTooLong, "bytes behind the declared length");
  verdict_ = Verdict::kGood;
  return verdict_;
}

Verdict Verifier::finish() {
  if (verdict_ == Verdict::kIncomplete) detail_ = "the file ends too early";
  return verdict_;
}

Verdict verify_image(ByteView image, const Policy& policy) {
  Verifier verifier(policy);
  verifier.feed(image);
  return verifier.finish();
}

}  // namespace gatehouse::image
