#include "ae-apps/ota/uptane/image_check.h"

#include "ae-apps/ota/crypto/named_digest.h"

namespace gatehouse::uptane {
namespace {

/// All digests of one image at once.
class ImageDigests {
 public:
  explicit ImageDigests(const Hashes& wanted) : wanted_(wanted) {
    for (const auto& [algorithm, digest] : wanted) {
      if (auto known = crypto::NamedDigest::make(algorithm)) {
        digests_.emplace(algorithm, *std::move(known));
      }
    }
  }
  bool empty() const { return digests_.empty(); }
  void update(ByteView piece) {
    for (auto& [algorithm, digest] : digests_) digest.update(piece);
  }
  bool finish() {
    bool good = true;
    for (auto& [algorithm, digest] : digests_) {
      good = good && to_hex(digest.finish()) == wanted_.find(algorithm)->second;
    }
    return good;
  }

 private:
  const Hashes& wanted_;
  std::map<std::string, crypto::NamedDigest> digests_;
};

}  // namespace

Checked<void> check_image(Fetcher& fetcher, const std::vector<std::string>& names,
                          const TargetRecord& target, const Fetcher::Sink& sink) {
  ImageDigests digests(target.hashes);
  if (digests.empty()) return refuse(Reason::kUnsupported, "no hash of a known kind");
  FetchStatus status = FetchStatus::kMissing;
  std::uint64_t received = 0;
  const auto take = [&](ByteView piece) {
    received += piece.size();
    digests.update(piece);
    if (sink) sink(piece);
  };
  for (const std::string& name : names) {
    status = fetcher.fetch(name, target.length, take);
    if (status != FetchStatus::kMissing) break;
  }
  switch (status) {
    case FetchStatus::kFound:
      break;
    case FetchStatus::kTooLarge:
      return refuse(Reason::kImageLength, "longer than announced");
    case FetchStatus::kTooSlow:
      return refuse(Reason::kTooSlow, "the image comes too slowly");
    default:
      return refuse(Reason::kImageMissing, "the image is not there");
  }
  if (received != target.length) {
    return refuse(Reason::kImageLength,
                  std::to_string(received) + " bytes instead of " + std::to_string(target.length));
  }
  if (!digests.finish()) return refuse(Reason::kImageHash, "a hash is not the announced one");
  return {};
}

}  // namespace gatehouse::uptane
