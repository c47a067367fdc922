#include "ae-apps/ota/coding/encoder.h"

#include <zstd.h>

#include <algorithm>
#include <stdexcept>
#include <unordered_map>

#include "ae-apps/ota/crypto/random.h"

namespace gatehouse::coding {
namespace {

constexpr std::size_t kSampleBytes = 32;          ///< what is looked for in the base
constexpr std::uint64_t kFactor = 0x100000001B3;  ///< of the rolling hash
constexpr std::int64_t kShiftStep = 64 * 1024;    ///< shifts nearer than this count as one
constexpr int kWindowLog = 21;  ///< a block and its part of the base lie within it

struct FreeContext {
  void operator()(ZSTD_CCtx* p) const { ZSTD_freeCCtx(p); }
};

/// Where the base has which 32 bytes. Finds out by how much the content of a block has moved.
class BaseIndex {
 public:
  explicit BaseIndex(ByteView base) : base_(base) {
    for (std::size_t i = 1; i < kSampleBytes; ++i) leaving_ *= kFactor;
    for (std::size_t at = 0; at + kSampleBytes <= base.size(); at += kSampleBytes) {
      places_.emplace(hash_of(base.subspan(at, kSampleBytes)), at);
    }
  }

  /// The part of the base that is most like the block at `offset` of the new image.
  std::pair<std::uint64_t, std::size_t> like(ByteView block, std::uint64_t offset) const {
    const std::int64_t shift = best_shift(block, static_cast<std::int64_t>(offset));
    const auto spare = static_cast<std::int64_t>((kMaxBaseBytes - kBlockBytes) / 2);
    const auto size = static_cast<std::int64_t>(base_.size());
    const std::int64_t first =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(offset) + shift - spare, 0, size);
    const std::int64_t last =
        std::min<std::int64_t>(first + static_cast<std::int64_t>(kMaxBaseBytes), size);
    return {static_cast<std::uint64_t>(first), static_cast<std::size_t>(last - first)};
  }

 private:
  static std::uint64_t hash_of(ByteView bytes) {
    std::uint64_t out = 0;
    for (const std::uint8_t byte : bytes) out = out * kFactor + byte + 1;
    return out;
  }

  std::int64_t best_shift(ByteView block, std::int64_t offset) const {
    std::unordered_map<std::int64_t, unsigned> votes;
    if (block.size() < kSampleBytes) return 0;
    std::uint64_t hash = hash_of(block.first(kSampleBytes));
    for (std::size_t at = 0;; ++at) {
      if (const auto place = places_.find(hash); place != places_.end()) {
        const std::int64_t shift =
            static_cast<std::int64_t>(place->second) - offset - static_cast<std::int64_t>(at);
        ++votes[(shift + (shift < 0 ? -kShiftStep / 2 : kShiftStep / 2)) / kShiftStep];
      }
      if (at + kSampleBytes >= block.size()) break;
      hash = (hash - (block[at] + 1) * leaving_) * kFactor + block[at + kSampleBytes] + 1;
    }
    const auto best =
        std::max_element(votes.begin(), votes.end(), [](const auto& a, const auto& b) {
          return a.second != b.second ? a.second < b.second : a.first < b.first;
        });
    return best == votes.end() ? 0 : best->first * kShiftStep;
  }

  ByteView base_;
  std::uint64_t leaving_ = 1;  ///< weight of the byte that leaves the window
  std::unordered_map<std::uint64_t, std::size_t> places_;
};

void must(std::size_t code) {
  if (ZSTD_isError(code) != 0U) throw std::runtime_error(ZSTD_getErrorName(code));
}

Bytes compress(ZSTD_CCtx* zstd, ByteView block, ByteView dictionary, int level) {
  must(ZSTD_CCtx_reset(zstd, ZSTD_reset_session_and_parameters));
  must(ZSTD_CCtx_setParameter(zstd, ZSTD_c_compressionLevel, level));
  must(ZSTD_CCtx_setParameter(zstd, ZSTD_c_windowLog, kWindowLog));
  if (!dictionary.empty()) {
    must(ZSTD_CCtx_refPrefix(zstd, dictionary.data(), dictionary.size()));
  }
  Bytes out(ZSTD_compressBound(block.size()));
  const std::size_t size = ZSTD_compress2(zstd, out.data(), out.size(), block.data(), block.size());
  must(size);
  out.resize(size);
  return out;
}

Bytes blocks_of(const EncodeRequest& request) {
  const std::unique_ptr<ZSTD_CCtx, FreeContext> zstd(ZSTD_createCCtx());
  const ByteView base = request.base.value_or(ByteView());
  const BaseIndex index(base);
  Bytes out;
  for (std::uint64_t at = request.clear_bytes; at < request.image.size();) {
    const ByteView block =
        request.image.subspan(at, std::min<std::uint64_t>(kBlockBytes, request.image.size() - at));
    const auto [offset, length] =
        request.base ? index.like(block, at) : std::pair<std::uint64_t, std::size_t>{0, 0};
    const Bytes coded =
        compress(zstd.get(), block, base.subspan(offset, length), std::clamp(request.level, 1, 19));
    put_number(out, block.size(), 4);
    put_number(out, coded.size(), 4);
    put_number(out, offset, 8);
    put_number(out, length, 4);
    append(out, coded);
    at += block.size();
  }
  return out;
}

/// There is always a last piece, if need be an empty one.
void append_sealed(Bytes& out, ByteView body, ByteView key, ByteView front_digest) {
  for (std::uint32_t number = 0;; ++number) {
    const ByteView piece = body.first(std::min(body.size(), kPieceBytes));
    body = body.subspan(piece.size());
    append(out, crypto::seal(key, piece_nonce(number, body.empty()), front_digest, piece));
    if (body.empty()) return;
  }
}

}  // namespace

Result<Bytes> encode(const EncodeRequest& request) {
  if (request.clear_bytes > std::min<std::uint64_t>(request.image.size(), kMaxClearBytes)) {
    return fail(Rsc::kBadRequest, "too many bytes would stay in the clear");
  }
  if (request.recipients.size() > kMaxRecipients) {
    return fail(Rsc::kBadRequest,
                "an image is encrypted for at most " + std::to_string(kMaxRecipients) + " keys");
  }
  CodedHeader header;
  header.length = request.image.size();
  header.sha256 = to_hex(crypto::sha256(request.image));
  header.clear_bytes = request.clear_bytes;
  if (request.base) {
    header.base = BaseFacts{request.base->size(), to_hex(crypto::sha256(*request.base))};
  }
  Bytes key = crypto::SystemRandom().bytes(crypto::kContentKeyBytes);
  for (const crypto::PublicKey& recipient : request.recipients) {
    auto wrapped = crypto::wrap_key(key, recipient, wrap_context(header));
    if (!wrapped) return fail(wrapped.error());
    header.recipients.push_back({to_hex(recipient.key_id()), *std::move(wrapped)});
  }
  Bytes out = encode_coded_header(header);
  append(out, request.image.first(request.clear_bytes));
  const Bytes body = blocks_of(request);
  if (request.recipients.empty()) {
    append(out, body);
  } else {
    append_sealed(out, body, key, crypto::sha256(out));
  }
  crypto::wipe(key);
  return out;
}

}  // namespace gatehouse::coding
