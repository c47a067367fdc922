#pragma once
#include <map>
#include <string>
#include <utility>

#include "ae-apps/attestation/evidence/log/medium.h"
#include "ae-apps/attestation/evidence/log/merkle.h"

namespace gatehouse::evidence {

/// Hashes (or entries) in a full tile. Source: C2SP tlog-tiles.
inline constexpr std::uint64_t kTileWidth = 256;
/// Of one entry: its length has 16 bits in a bundle.
inline constexpr std::size_t kMaxEntryBytes = 65535;
inline constexpr std::size_t kMaxBundleBytes = kTileWidth * (kMaxEntryBytes + 2);

/// "tile/0/x001/x234/067", with ".p/112" behind it if `width` is not that of a full tile.
std::string tile_path(unsigned level, std::uint64_t number, std::uint64_t width = kTileWidth);
/// "tile/entries/x001/x234/067"
std::string bundle_path(std::uint64_t number, std::uint64_t width = kTileWidth);
/// How many hashes the last, partial tile of a level has in a tree of that size; 0: there is none.
std::uint64_t partial_width(std::uint64_t size, unsigned level);
/// Full tiles of a level in a tree of that size.
std::uint64_t full_tiles(std::uint64_t size, unsigned level);

/// The root over the `count` (a power of two up to 256) hashes from `first` on of a tile.
Hash tile_hash(ByteView tile, std::size_t first, std::size_t count);

/// Two bytes of length, then the entry.
void append_bundled(Bytes& bundle, ByteView entry);
/// The entries of a bundle. Errors: kBadRequest unless it is exactly `count` whole entries.
Result<std::vector<ByteView>> entries_of(ByteView bundle, std::uint64_t count);

/// Reads the tiles of a tree of one size. Threading: one thread at a time.
class TileSource final : public HashSource {
 public:
  TileSource(Medium& medium, std::uint64_t size) : medium_(medium), size_(size) {}
  Result<Hash> at(unsigned level, std::uint64_t index) override;
  /// A tile as far as it belongs to this tree; kept. Errors: kInternalServerError if it is absent
  /// or of another length.
  Result<ByteView> tile(unsigned level, std::uint64_t number);
  /// The entry of that index. Errors: kBadRequest, kInternalServerError.
  Result<Bytes> entry(std::uint64_t index);
  /// The bundle as far as it belongs to this tree. Errors: as tile().
  Result<Bytes> bundle(std::uint64_t number);

 private:
  Medium& medium_;
  std::uint64_t size_;
  std::map<std::pair<unsigned, std::uint64_t>, Bytes> kept_;
};

}  // namespace gatehouse::evidence
