// Any bytes are a coded image, or are refused, in one piece as in many; never more than was
// allowed.
#include <algorithm>
#include <cstdlib>

#include "ae-apps/ota/coding/decoder.h"

namespace {

using gatehouse::Bytes;
using gatehouse::ByteView;
using gatehouse::Result;

constexpr std::uint64_t kMaxBytes = 1U << 20;

bool decodes(ByteView bytes, std::size_t step) {
  std::uint64_t got = 0;
  gatehouse::coding::DecoderSettings settings;
  settings.max_bytes = kMaxBytes;
  gatehouse::coding::Decoder decoder(settings, [&](ByteView plain) -> Result<void> {
    got += plain.size();
    if (got > kMaxBytes) std::abort();
    return {};
  });
  while (!bytes.empty()) {
    const ByteView part = bytes.first(std::min(step, bytes.size()));
    if (!decoder.feed(part)) return false;
    bytes = bytes.subspan(part.size());
  }
  return decoder.finish().has_value();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  if (decodes(bytes, bytes.size() + 1) != decodes(bytes, 7)) std::abort();
  return 0;
}
