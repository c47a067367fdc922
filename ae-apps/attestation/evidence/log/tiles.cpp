#include "ae-apps/attestation/evidence/log/tiles.h"

#include <algorithm>

namespace gatehouse::evidence {
namespace {

constexpr std::size_t kHashBytes = 32;
constexpr std::size_t kKeptTiles = 64;
constexpr unsigned kMaxTileLevel = 7;  // 256^8 leaves are 2^64

std::string number_path(std::uint64_t number, std::uint64_t width) {
  std::string path;
  for (bool last = true; last || number > 0; last = false, number /= 1000) {
    const std::string digits = std::to_string(1000 + number % 1000).substr(1);
    path = last ? digits : "x" + digits + "/" + path;
  }
  return width == kTileWidth ? path : path + ".p/" + std::to_string(width);
}

}  // namespace

std::string tile_path(unsigned level, std::uint64_t number, std::uint64_t width) {
  return "tile/" + std::to_string(level) + "/" + number_path(number, width);
}

std::string bundle_path(std::uint64_t number, std::uint64_t width) {
  return "tile/entries/" + number_path(number, width);
}

std::uint64_t partial_width(std::uint64_t size, unsigned level) {
  return level > kMaxTileLevel ? 0 : (size >> (8 * level)) % kTileWidth;
}

std::uint64_t full_tiles(std::uint64_t size, unsigned level) {
  return level >= kMaxTileLevel ? 0 : size >> (8 * (level + 1));
}

Hash tile_hash(ByteView tile, std::size_t first, std::size_t count) {
  std::array<Hash, kTileWidth> hashes;
  for (std::size_t i = 0; i < count; ++i) {
    const ByteView from = tile.subspan((first + i) * kHashBytes, kHashBytes);
    std::copy(from.begin(), from.end(), hashes[i].begin());
  }
  for (; count > 1; count /= 2) {
    for (std::size_t i = 0; i < count / 2; ++i) {
      hashes[i] = node_hash(hashes[2 * i], hashes[2 * i + 1]);
    }
  }
  return hashes[0];
}

void append_bundled(Bytes& bundle, ByteView entry) {
  bundle.push_back(static_cast<std::uint8_t>(entry.size() >> 8));
  bundle.push_back(static_cast<std::uint8_t>(entry.size()));
  append(bundle, entry);
}

Result<std::vector<ByteView>> entries_of(ByteView bundle, std::uint64_t count) {
  std::vector<ByteView> entries;
  while (entries.size() < count) {
    if (bundle.size() < 2) return fail(Rsc::kBadRequest, "the bundle ends early");
    const std::size_t length = static_cast<std::size_t>(bundle[0]) << 8 | bundle[1];
    if (bundle.size() < 2 + length) return fail(Rsc::kBadRequest, "the bundle ends early");
    entries.push_back(bundle.subspan(2, length));
    bundle = bundle.subspan(2 + length);
  }
  if (!bundle.empty()) return fail(Rsc::kBadRequest, "the bundle has bytes behind its end");
  return entries;
}

// --- TileSource ------------------------------------------------------------------------------

Result<ByteView> TileSource::tile(unsigned level, std::uint64_t number) {
  const auto found = kept_.find({level, number});
  if (found != kept_.end()) return ByteView(found->second);
  const bool full = number < full_tiles(size_, level);
  const std::uint64_t width = full ? kTileWidth : partial_width(size_, level);
  if (width == 0 || (!full && number != full_tiles(size_, level))) {
    return fail(Rsc::kInternalServerError, "the tree has no such tile");
  }
  const std::string name = tile_path(level, number, width);
  auto content = medium_.read(name, kTileWidth * kHashBytes);
  // A partial tile may go once the full one is there.
  if (content && !*content && !full) {
    content = medium_.read(tile_path(level, number), kTileWidth * kHashBytes);
    if (content && *content && (*content)->size() == kTileWidth * kHashBytes) {
      (*content)->resize(static_cast<std::size_t>(width) * kHashBytes);
    }
  }
  if (!content) return fail(content.error());
  if (!*content) return fail(Rsc::kInternalServerError, name + " is missing");
  if ((*content)->size() != width * kHashBytes) {
    return fail(Rsc::kInternalServerError, name + " has the wrong length");
  }
  if (kept_.size() >= kKeptTiles) kept_.clear();
  return ByteView(kept_[{level, number}] = **std::move(content));
}

Result<Hash> TileSource::at(unsigned level, std::uint64_t index) {
  const unsigned tile_level = level / 8;
  const unsigned inner = level % 8;
  const std::uint64_t first = index << inner;
  const Result<ByteView> content = tile(tile_level, first / kTileWidth);
  if (!content) return fail(content.error());
  const auto begin = static_cast<std::size_t>(first % kTileWidth);
  const std::size_t count = std::size_t{1} << inner;
  if ((begin + count) * kHashBytes > content->size()) {
    return fail(Rsc::kInternalServerError, "the tree has no such node");
  }
  return tile_hash(*content, begin, count);
}

Result<Bytes> TileSource::bundle(std::uint64_t number) {
  const bool full = number < full_tiles(size_, 0);
  const std::uint64_t width = full ? kTileWidth : partial_width(size_, 0);
  const std::string name = bundle_path(number, width);
  auto content = medium_.read(name, kMaxBundleBytes);
  if (content && !*content && !full) {
    content = medium_.read(bundle_path(number), kMaxBundleBytes);
    if (content && *content) {
      const auto entries = entries_of(**content, kTileWidth);
      if (!entries) return fail(Rsc::kInternalServerError, name + ": " + entries.error().detail);
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < width; ++i) bytes += 2 + (*entries)[i].size();
      (*content)->resize(bytes);
    }
  }
  if (!content) return fail(content.error());
  if (!*content) return fail(Rsc::kInternalServerError, name + " is missing");
  return **std::move(content);
}

Result<Bytes> TileSource::entry(std::uint64_t index) {
  if (index >= size_) return fail(Rsc::kBadRequest, "the tree has no leaf of that index");
  const std::uint64_t number = index / kTileWidth;
  const auto content = bundle(number);
  if (!content) return fail(content.error());
  const bool full = number < full_tiles(size_, 0);
  const auto entries = entries_of(*content, full ? kTileWidth : partial_width(size_, 0));
  if (!entries) return fail(Rsc::kInternalServerError, entries.error().detail);
  const ByteView entry = (*entries)[static_cast<std::size_t>(index % kTileWidth)];
  return Bytes(entry.begin(), entry.end());
}

}  // namespace gatehouse::evidence
