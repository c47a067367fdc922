#include "ae-apps/ota/gateway/image_check.h"

#include <fstream>

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kChunkBytes = 64 * 1024;

}  // namespace

Result<CheckedImage> check_image(const std::filesystem::path& file, const image::Policy& policy) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Rsc::kInternalServerError, "the image is gone from the disk");
  image::Verifier verifier(policy);
  Bytes chunk(kChunkBytes);
  while (in.read(reinterpret_cast<char*>(chunk.data()), static_cast<std::streamsize>(chunk.size())),
         in.gcount() > 0) {
    const auto got = static_cast<std::size_t>(in.gcount());
    const image::Verdict verdict = verifier.feed(ByteView(chunk).first(got));
    if (verdict != image::Verdict::kIncomplete && verdict != image::Verdict::kGood) break;
  }
  if (in.bad()) return fail(Rsc::kInternalServerError, "the image cannot be read from the disk");
  const image::Verdict verdict = verifier.finish();
  if (verdict != image::Verdict::kGood) {
    std::string text(image::explain(verdict));
    if (!verifier.detail().empty()) text += ": " + verifier.detail();
    return fail(Rsc::kNotAcceptable, text + " (" + std::string(image::name_of(verdict)) + ")");
  }
  return CheckedImage{*verifier.header(), verifier.payload_sha256()};
}

}  // namespace gatehouse::gateway
