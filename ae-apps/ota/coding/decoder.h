#pragma once
#include <functional>
#include <memory>

#include "ae-apps/ota/coding/coded_image.h"

namespace gatehouse::coding {

/// The image that a delta starts from.
struct Base {
  BaseFacts facts;
  /// Exactly `length` bytes from `offset`, which lie within it.
  std::function<Result<Bytes>(std::uint64_t offset, std::size_t length)> read;
};

struct DecoderSettings {
  std::uint64_t max_bytes = 64u << 20;      ///< of the plain image
  const crypto::SigningKey* key = nullptr;  ///< what is encrypted for it can be read; outlives
  std::optional<Base> base = std::nullopt;  ///< what deltas may start from
};

/// Makes the plain image out of a coded one that comes in pieces, in bounded memory (about 3 MiB,
/// whatever the image says). Bytes reach the sink before the whole is proven: only after finish()
/// succeeded they are the image that the header names. The first failure stays. Errors:
/// kContentsUnacceptable (malformed, cut off, another content than announced); kNotAcceptable (too
/// large, encrypted for others, altered, a delta for another base); those of base and sink.
/// Threading: one thread at a time.
class Decoder {
 public:
  using Sink = std::function<Result<void>(ByteView)>;
  Decoder(DecoderSettings settings, Sink sink);
  ~Decoder();
  Decoder(Decoder&&) noexcept;
  Decoder& operator=(Decoder&&) noexcept;

  Result<void> feed(ByteView bytes);
  /// All bytes came.
  Result<void> finish();
  /// Known once it was read.
  const std::optional<CodedHeader>& header() const;
  /// Bytes that wait within, at most. For tests.
  std::size_t held_bytes() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::coding
