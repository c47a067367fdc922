#include "ae-apps/attestation/evidence/log/journal.h"

#include <algorithm>
#include <limits>

#include "ae-apps/attestation/evidence/log/tiles.h"
#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::evidence {
namespace {

constexpr const char* kFile = "journal";
constexpr std::string_view kHeader = "gatehouse-journal-1\n";
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHeaderBytes = kHeader.size() + 8 + kSaltBytes;  // then its digest
constexpr std::size_t kDigestBytes = 32;
constexpr std::uint32_t kMagic = 0x47484a31;  // "GHJ1"
constexpr std::size_t kFrameHead = 4 + 8 + 8 + 4 + 4;
constexpr std::size_t kFrameBytes = kFrameHead + kDigestBytes;
constexpr std::size_t kMaxJournalBytes = std::size_t{1} << 30;

void put(Bytes& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t take(ByteView& bytes, unsigned count) {
  std::uint64_t value = 0;
  for (unsigned i = 0; i < count; ++i) value = value << 8 | bytes[i];
  bytes = bytes.subspan(count);
  return value;
}

crypto::Sha256Digest digest_of(ByteView salt, ByteView head, ByteView payload) {
  crypto::Sha256 hash;
  hash.update(salt);
  hash.update(head);
  hash.update(payload);
  return hash.finish();
}

struct Head {
  std::uint64_t batch, first, count, payload_bytes;
};

/// nullopt: not a whole, good frame.
std::optional<Head> checked_head(ByteView bytes, ByteView salt) {
  if (bytes.size() < kFrameBytes) return std::nullopt;
  ByteView at = bytes;
  if (take(at, 4) != kMagic) return std::nullopt;
  Head head{};
  head.batch = take(at, 8);
  head.first = take(at, 8);
  head.count = take(at, 4);
  head.payload_bytes = take(at, 4);
  if (bytes.size() - kFrameBytes < head.payload_bytes) return std::nullopt;
  const ByteView payload = bytes.subspan(kFrameBytes, head.payload_bytes);
  const auto digest = digest_of(salt, bytes.first(kFrameHead), payload);
  const bool good = std::equal(digest.begin(), digest.end(), at.begin());
  return good ? std::optional<Head>(head) : std::nullopt;
}

}  // namespace

Bytes Journal::frame(std::uint64_t first, const std::vector<Bytes>& batch) const {
  Bytes payload;
  for (const Bytes& entry : batch) append_bundled(payload, entry);
  Bytes bytes;
  bytes.reserve(kFrameBytes + payload.size());
  put(bytes, kMagic, 4);
  put(bytes, batch_, 8);
  put(bytes, first, 8);
  put(bytes, batch.size(), 4);
  put(bytes, payload.size(), 4);
  const auto digest = digest_of(salt_, bytes, payload);
  gatehouse::append(bytes, digest);
  gatehouse::append(bytes, payload);
  return bytes;
}

/// The length of the good frame at the beginning; its entries are added to `found`.
std::optional<std::size_t> Journal::read_frame(ByteView bytes, Found& found) const {
  const auto head = checked_head(bytes, salt_);
  if (!head || head->batch != batch_ || head->first != found.first + found.entries.size()) {
    return std::nullopt;
  }
  const ByteView payload = bytes.subspan(kFrameBytes, head->payload_bytes);
  const auto entries = entries_of(payload, head->count);
  if (!entries) return std::nullopt;
  for (const ByteView entry : *entries) found.entries.emplace_back(entry.begin(), entry.end());
  return kFrameBytes + head->payload_bytes;
}

/// A good frame anywhere in these bytes: then the bad one before it had been acknowledged.
bool Journal::later_frame(ByteView bytes) const {
  static constexpr std::uint8_t kMagicBytes[] = {0x47, 0x48, 0x4a, 0x31};
  for (auto at = bytes.begin();; ++at) {
    at = std::search(at, bytes.end(), std::begin(kMagicBytes), std::end(kMagicBytes));
    if (at == bytes.end()) return false;
    const ByteView rest(at, bytes.end());
    if (checked_head(rest, salt_)) return true;
  }
}

Result<std::optional<Journal::Found>> Journal::open() {
  const auto content = medium_.read(kFile, kMaxJournalBytes);
  if (!content) return fail(content.error());
  if (!*content) return std::optional<Found>();
  ByteView bytes = **content;
  // The header came into being with the file, atomically: it cannot be torn, only altered.
  if (bytes.size() < kHeaderBytes + kDigestBytes || !text_of(bytes).starts_with(kHeader) ||
      !std::ranges::equal(crypto::sha256(bytes.first(kHeaderBytes)),
                          bytes.subspan(kHeaderBytes, kDigestBytes))) {
    return fail(Rsc::kNotAcceptable, "the journal's header is damaged");
  }
  bytes = bytes.subspan(kHeader.size());
  Found found;
  found.first = take(bytes, 8);
  salt_.assign(bytes.begin(), bytes.begin() + kSaltBytes);
  bytes = bytes.subspan(kSaltBytes + kDigestBytes);
  batch_ = 0;
  good_bytes_ = kHeaderBytes + kDigestBytes;
  while (!bytes.empty()) {
    const auto length = read_frame(bytes, found);
    if (!length) break;
    ++batch_;
    good_bytes_ += *length;
    bytes = bytes.subspan(*length);
  }
  if (!bytes.empty()) {
    if (later_frame(bytes.subspan(1)) || checked_head(bytes, salt_)) {
      return fail(Rsc::kNotAcceptable, "the journal is damaged before its last batch");
    }
    if (auto done = medium_.truncate(kFile, good_bytes_); !done) return fail(done.error());
    if (auto done = medium_.sync(kFile); !done) return fail(done.error());
  }
  broken_ = false;
  return std::optional<Found>(std::move(found));
}

Result<void> Journal::begin(std::uint64_t first, const std::vector<Bytes>& entries,
                            crypto::Random& random) {
  salt_ = random.bytes(kSaltBytes);
  batch_ = 0;
  Bytes file = bytes_of(kHeader);
  put(file, first, 8);
  gatehouse::append(file, salt_);
  gatehouse::append(file, crypto::sha256(file));
  if (!entries.empty()) {
    gatehouse::append(file, frame(first, entries));
    batch_ = 1;
  }
  broken_ = true;  // until the new file is surely there
  if (auto done = replace_durably(medium_, kFile, file); !done) return done;
  good_bytes_ = file.size();
  broken_ = false;
  return {};
}

Result<void> Journal::append(std::uint64_t first, const std::vector<Bytes>& batch) {
  if (broken_) return fail(Rsc::kInternalServerError, "the journal failed; open the log again");
  const Bytes bytes = frame(first, batch);
  if (bytes.size() > std::numeric_limits<std::uint32_t>::max() ||
      good_bytes_ + bytes.size() > kMaxJournalBytes) {
    return fail(Rsc::kNotAcceptable, "the batch is too large for the journal");
  }
  broken_ = true;
  const auto written = medium_.append(kFile, bytes);
  if (!written) {
    // A full disk leaves half a frame, which must go before anything else is written behind it.
    if (!medium_.truncate(kFile, good_bytes_) || !medium_.sync(kFile)) return written;
    broken_ = false;
    return written;
  }
  // A failed sync may have dropped pages: what is on the disk is unknown, so this stays broken.
  if (auto synced = medium_.sync(kFile); !synced) return synced;
  good_bytes_ += bytes.size();
  ++batch_;
  broken_ = false;
  return {};
}

}  // namespace gatehouse::evidence
