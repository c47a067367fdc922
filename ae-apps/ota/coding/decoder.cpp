#include "ae-apps/ota/coding/decoder.h"

#include <zstd.h>

#include <algorithm>
#include <utility>

namespace gatehouse::coding {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx* p) const { ZSTD_freeDCtx(p); }
};

tl::unexpected<Error> malformed(const std::string& what) {
  return fail(Rsc::kContentsUnacceptable, "the coded image is malformed: " + what);
}

/// Moves up to `most` bytes from the front of one to the end of the other.
void take(Bytes& to, ByteView& from, std::size_t most) {
  const std::size_t count = std::min(from.size(), most);
  append(to, from.first(count));
  from = from.subspan(count);
}

/// What the head of a block says.
struct BlockHead {
  std::size_t raw = 0, coded = 0, base_length = 0;
  std::uint64_t base_offset = 0;
};

BlockHead read_head(ByteView bytes) {
  BlockHead out;
  out.raw = number_at(bytes.subspan(0, 4));
  out.coded = number_at(bytes.subspan(4, 4));
  out.base_offset = number_at(bytes.subspan(8, 8));
  out.base_length = number_at(bytes.subspan(16, 4));
  return out;
}

}  // namespace

struct Decoder::State {
  DecoderSettings settings;
  Sink sink;
  std::optional<Error> failure;
  Bytes front;  ///< magic, header and clear bytes
  std::optional<CodedHeader> header;
  std::size_t front_bytes = 0;  ///< of all that stands before the body; 0: not known yet
  Bytes content_key;
  crypto::Sha256Digest front_digest{};
  std::uint32_t pieces = 0;
  Bytes sealed;  ///< of the next piece
  Bytes block;   ///< head and coded bytes of the next block
  std::uint64_t decoded = 0;
  crypto::Sha256 hash;
  std::unique_ptr<ZSTD_DCtx, FreeContext> zstd{ZSTD_createDCtx()};

  State(DecoderSettings how, Sink to) : settings(std::move(how)), sink(std::move(to)) {}
  ~State() { crypto::wipe(content_key); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  Result<void> give(ByteView plain) {
    decoded += plain.size();
    hash.update(plain);
    return sink(plain);
  }

  // --- what stands before the body ---------------------------------------------------------

  Result<void> take_front(ByteView& bytes) {
    if (!header) {
      take(front, bytes, kFixedBytes + kMaxHeaderBytes + kMaxClearBytes - front.size());
      auto parsed = parse_coded_header(front);
      if (!parsed) return fail(parsed.error());
      if (!*parsed) return {};
      header = **std::move(parsed);
      if (auto good = check_header(); !good) return good;
      front_bytes = header->header_bytes + static_cast<std::size_t>(header->clear_bytes);
    }
    if (front.size() < front_bytes) take(front, bytes, front_bytes - front.size());
    return front.size() < front_bytes ? Result<void>() : end_front();
  }

  Result<void> check_header() {
    if (header->length > settings.max_bytes) {
      return fail(Rsc::kNotAcceptable, "the image would be larger than " +
                                           std::to_string(settings.max_bytes) + " bytes");
    }
    if (header->base && (!settings.base || settings.base->facts != *header->base)) {
      return fail(Rsc::kNotAcceptable,
                  "the delta is for another image than the one that is here (sha256 " +
                      header->base->sha256 + ")");
    }
    return header->recipients.empty() ? Result<void>() : open_content_key();
  }

  Result<void> open_content_key() {
    const std::string own =
        settings.key == nullptr ? "" : to_hex(settings.key->public_key().key_id());
    for (const Recipient& each : header->recipients) {
      if (each.key_id != own) continue;
      auto key = crypto::unwrap_key(each.wrapped, *settings.key, wrap_context(*header));
      if (!key) return fail(key.error());
      content_key = *std::move(key);
      return {};
    }
    return fail(Rsc::kNotAcceptable, "the image is encrypted for others");
  }

  /// What was taken too much belongs to the body.
  Result<void> end_front() {
    const Bytes rest(front.begin() + static_cast<std::ptrdiff_t>(front_bytes), front.end());
    front.resize(front_bytes);
    front_digest = crypto::sha256(front);
    const Bytes clear(front.begin() + static_cast<std::ptrdiff_t>(header->header_bytes),
                      front.end());
    front.clear();
    front_done = true;
    if (!clear.empty()) {
      if (auto given = give(clear); !given) return given;
    }
    return take_body(rest);
  }
  bool front_done = false;

  // --- the body ------------------------------------------------------------------------------

  Result<void> take_body(ByteView bytes) {
    if (header->recipients.empty()) return take_blocks(bytes);
    constexpr std::size_t kSealedBytes = kPieceBytes + crypto::kTagBytes;
    while (!bytes.empty()) {
      // One byte more than a piece says that it is not the last.
      if (sealed.size() == kSealedBytes) {
        if (auto done = open_piece(false); !done) return done;
      }
      take(sealed, bytes, kSealedBytes - sealed.size());
    }
    return {};
  }

  Result<void> open_piece(bool last) {
    const auto plain =
        crypto::unseal(content_key, piece_nonce(pieces++, last), front_digest, sealed);
    if (!plain) return fail(plain.error());
    sealed.clear();
    return take_blocks(*plain);
  }

  Result<void> take_blocks(ByteView bytes) {
    while (!bytes.empty()) {
      if (decoded == header->length) return malformed("there is more than the image");
      if (block.size() < kBlockHeadBytes) take(block, bytes, kBlockHeadBytes - block.size());
      if (block.size() < kBlockHeadBytes) return {};
      const BlockHead head = read_head(block);
      if (auto good = check_block(head); !good) return good;
      take(block, bytes, kBlockHeadBytes + head.coded - block.size());
      if (block.size() < kBlockHeadBytes + head.coded) return {};
      if (auto done = decode_block(head); !done) return done;
      block.clear();
    }
    return {};
  }

  /// Before anything is reserved for it.
  Result<void> check_block(const BlockHead& head) const {
    if (head.raw == 0 || head.raw > kBlockBytes || head.raw > header->length - decoded) {
      return malformed("a block is longer than announced");
    }
    if (head.coded == 0 || head.coded > ZSTD_compressBound(kBlockBytes)) {
      return malformed("a block has too many coded bytes");
    }
    const std::uint64_t base = header->base ? header->base->length : 0;
    if (head.base_length > kMaxBaseBytes || head.base_offset > base ||
        head.base_length > base - head.base_offset) {
      return malformed("a block refers to what its base does not have");
    }
    return {};
  }

  Result<void> decode_block(const BlockHead& head) {
    const ByteView coded = ByteView(block).subspan(kBlockHeadBytes);
    if (ZSTD_getFrameContentSize(coded.data(), coded.size()) != head.raw) {
      return malformed("a block unpacks to another length than it says");
    }
    Bytes dictionary;
    if (head.base_length != 0) {
      auto read = settings.base->read(head.base_offset, head.base_length);
      if (!read) return fail(read.error());
      if (read->size() != head.base_length) return malformed("the base is shorter than it was");
      dictionary = *std::move(read);
    }
    ZSTD_DCtx_reset(zstd.get(), ZSTD_reset_session_and_parameters);
    if (!dictionary.empty()) {
      ZSTD_DCtx_refPrefix(zstd.get(), dictionary.data(), dictionary.size());
    }
    Bytes plain(head.raw);
    const std::size_t got =
        ZSTD_decompressDCtx(zstd.get(), plain.data(), plain.size(), coded.data(), coded.size());
    if (ZSTD_isError(got) != 0U || got != head.raw) {
      return malformed("a block is damaged");
    }
    return give(plain);
  }

  Result<void> feed(ByteView bytes) {
    if (!front_done) {
      if (auto done = take_front(bytes); !done) return done;
    }
    return front_done ? take_body(bytes) : Result<void>();
  }

  Result<void> finish() {
    if (!front_done) return malformed("it is cut off");
    if (!header->recipients.empty()) {
      if (sealed.size() < crypto::kTagBytes) return malformed("it is cut off");
      if (auto done = open_piece(true); !done) return done;
    }
    if (decoded != header->length || !block.empty()) return malformed("it is cut off");
    if (to_hex(hash.finish()) != header->sha256) {
      return fail(Rsc::kContentsUnacceptable, "the decoded image is not the one announced");
    }
    return {};
  }

  Result<void> keep(Result<void> outcome) {
    if (!outcome) failure = outcome.error();
    return outcome;
  }
};

Decoder::Decoder(DecoderSettings settings, Sink sink)
    : state_(std::make_unique<State>(std::move(settings), std::move(sink))) {}
Decoder::~Decoder() = default;
Decoder::Decoder(Decoder&&) noexcept = default;
Decoder& Decoder::operator=(Decoder&&) noexcept = default;

Result<void> Decoder::feed(ByteView bytes) {
  if (state_->failure) return fail(*state_->failure);
  return state_->keep(state_->feed(bytes));
}

Result<void> Decoder::finish() {
  if (state_->failure) return fail(*state_->failure);
  return state_->keep(state_->finish());
}

const std::optional<CodedHeader>& Decoder::header() const { return state_->header; }

std::size_t Decoder::held_bytes() const {
  return state_->front.size() + state_->sealed.size() + state_->block.size();
}

}  // namespace gatehouse::coding
