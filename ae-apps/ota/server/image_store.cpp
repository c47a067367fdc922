#include "ae-apps/ota/server/image_store.h"

#include <algorithm>
#include <tuple>

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/image/verifier.h"
#include "ae-apps/ota/program/state_files.h"

namespace gatehouse::ota_server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxHeaderBytes = 32 * 1024;

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

ImageStore::ImageStore(StoreSettings settings)
    : settings_(std::move(settings)), folder_(settings_.folder) {}

Result<std::unique_ptr<ImageStore>> ImageStore::open(StoreSettings settings) {
  std::unique_ptr<ImageStore> store(new ImageStore(std::move(settings)));
  if (const auto loaded = store->load(); !loaded) return fail(loaded.error());
  return store;
}

/// What the image says, once its signatures and its hash are found right.
Result<ImageFacts> ImageStore::examine(ByteView image) const {
  image::Policy policy;
  policy.trusted_keys = settings_.oem_keys;
  policy.threshold = settings_.threshold;
  policy.max_payload_bytes = settings_.max_image_bytes;
  image::Verifier verifier(policy);
  verifier.feed(image);
  const image::Verdict verdict = verifier.finish();
  if (verdict != image::Verdict::kGood) {
    std::string text = std::string(name_of(verdict)) + ": " + std::string(explain(verdict));
    if (!verifier.detail().empty()) text += " (" + verifier.detail() + ")";
    return fail(Rsc::kContentsUnacceptable, std::move(text));
  }
  const image::Manifest& manifest = verifier.header()->manifest;
  return ImageFacts{to_hex(crypto::sha256(image)),
                    to_hex(manifest.payload_sha256),
                    manifest.name,
                    manifest.version,
                    manifest.hardware_id,
                    manifest.release_counter,
                    image.size(),
                    {},
                    image::required_release(manifest.requirements),
                    false,
                    manifest.requirements};
}

Result<void> ImageStore::load() {
  std::error_code error;
  fs::create_directories(folder_, error);
  if (error) return fail(Rsc::kInternalServerError, "the folder for images cannot be made");
  for (const auto& entry : fs::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename().string();
    std::error_code ignored;
    if (name.ends_with(".new")) fs::remove(entry.path(), ignored);  // cut off while written
    if (!name.ends_with(".img")) continue;
    const Result<Bytes> bytes =
        crypto::read_file(entry.path().string(),
                          static_cast<std::size_t>(settings_.max_image_bytes) + kMaxHeaderBytes);
    Result<ImageFacts> facts = bytes ? examine(*bytes) : Result<ImageFacts>(fail(bytes.error()));
    if (facts && facts->sha256 + ".img" == name) {
      images_.push_back(*std::move(facts));
      continue;
    }
    set_aside_.push_back(name + ": " + (facts ? "not what its name says" : facts.error().detail));
    fs::rename(entry.path(), entry.path().string() + ".damaged", ignored);
  }
  if (error) return fail(Rsc::kInternalServerError, "the folder of images cannot be read");
  return {};
}

Result<ImageStore::Stored> ImageStore::put(std::string_view name, ByteView image) {
  Result<ImageFacts> facts = examine(image);
  if (!facts) return fail(facts.error());
  if (is_sha256(name) && name != facts->sha256) {
    return fail(Rsc::kBadRequest, "the SHA-256 of the image is " + facts->sha256);
  }
  const std::lock_guard lock(mutex_);
  const auto same = [&](const ImageFacts& each) { return each.sha256 == facts->sha256; };
  if (std::any_of(images_.begin(), images_.end(), same)) return Stored{*facts, false};
  if (images_.size() >= settings_.max_images) {
    return fail(Rsc::kNotAcceptable,
                "the store is full: " + std::to_string(images_.size()) + " images");
  }
  const fs::path file = folder_ / (facts->sha256 + ".img");
  if (const auto written = ota::replace_file(file, text_of(image)); !written) {
    std::error_code ignored;
    fs::remove(file.string() + ".new", ignored);
    return fail(written.error());
  }
  images_.push_back(*facts);
  return Stored{*facts, true};
}

std::vector<ImageFacts> ImageStore::images() const {
  std::vector<ImageFacts> out;
  {
    const std::lock_guard lock(mutex_);
    out = images_;
  }
  std::sort(out.begin(), out.end(), [](const ImageFacts& a, const ImageFacts& b) {
    return std::tie(a.name, a.release_counter, a.sha256) <
           std::tie(b.name, b.release_counter, b.sha256);
  });
  return out;
}

}  // namespace gatehouse::ota_server
