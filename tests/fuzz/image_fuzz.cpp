// Any bytes are an image, or are refused, in one piece as in many.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ae-apps/ota/image/verifier.h"
#include "ae-apps/ota/image/version_report.h"

namespace {

using gatehouse::ByteView;

void check_manifest(ByteView bytes) {
  const std::string_view text = gatehouse::text_of(bytes);
  const auto manifest = gatehouse::image::parse_manifest(text);
  if (!manifest) return;
  const auto again = gatehouse::image::encode_manifest(*manifest);
  if (!again || *again != text) std::abort();
}

void check_verifier(ByteView bytes) {
  gatehouse::image::Policy policy;
  policy.check_signatures = false;
  const auto whole = gatehouse::image::verify_image(bytes, policy);
  gatehouse::image::Verifier verifier(policy);
  for (std::size_t at = 0; at < bytes.size(); at += 7) {
    verifier.feed(bytes.subspan(at, std::min<std::size_t>(7, bytes.size() - at)));
  }
  if (verifier.finish() != whole) std::abort();
  policy.check_signatures = true;  // by no key at all: never good
  if (gatehouse::image::verify_image(bytes, policy) == gatehouse::image::Verdict::kGood) {
    std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  check_verifier(bytes);
  check_manifest(bytes);
  if (bytes.size() > 10) check_manifest(bytes.subspan(10));
  const auto report = gatehouse::image::decode_report(gatehouse::text_of(bytes));
  if (report && gatehouse::image::verify_report_mac(*report, ByteView(), ByteView())) return 0;
  return 0;
}
