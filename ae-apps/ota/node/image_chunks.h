#pragma once
#include <filesystem>
#include <functional>

#include "ae-apps/ota/crypto/bytes.h"
#include "ae-apps/sdk/ae.h"

namespace gatehouse::node {

// An image as <contentInstance>s, for devices that have no HTTP: over MQTT, or whatever their AE
// speaks. Each instance of the container is `{"chunk":i,"of":sha256,"data":base64}` under the name
// "SHA256-i" (the first 16 digits), so that a device asks for the next one it lacks; the newest
// instance tells the whole: `{"image":sha256,"bytes":n,"chunks":n,"chunk_bytes":n}`.

inline constexpr std::size_t kMaxChunks = 65'536;

/// What the newest instance tells.
struct ChunkIndex {
  std::string sha256;
  std::uint64_t bytes = 0;
  std::uint64_t chunks = 0;
  std::uint64_t chunk_bytes = 0;
};
/// Errors: kContentsUnacceptable naming the member; kNotAcceptable above `max_bytes`.
Result<ChunkIndex> parse_index(const Value& content, std::uint64_t max_bytes);

/// Puts the image into the container, which it makes; the index last. What is there of a cut-off
/// try stays. `policies`: acpi of the container. Errors: those of the CSE; kBadRequest (chunk_bytes
/// 0, or too many chunks).
Result<void> publish_image(sdk::Ae& ae, const std::string& container, ByteView image,
                           std::size_t chunk_bytes, const std::vector<std::string>& policies = {});

/// Of the image in the file in which chunks are kept meanwhile; whole chunks.
std::uint64_t bytes_in(const std::filesystem::path& part, const ChunkIndex& index);

struct ChunksFetched {
  Bytes image;
  std::uint64_t fetched_chunks = 0;  ///< in this call; fewer when resumed
};
/// After each chunk, those of an earlier try included; false stops, to go on another time.
using ChunkProgress = std::function<bool(std::uint64_t done_bytes, std::uint64_t total_bytes)>;
/// Fetches what the index tells. `part`: file in which chunks are kept meanwhile, so that a loss of
/// power costs one chunk. Errors: those of the CSE; kContentsUnacceptable (a chunk of another
/// image, of another length, or the whole has another SHA-256: then it begins anew next time);
/// kRequestTimeout if `progress` stopped it.
Result<ChunksFetched> fetch_image(sdk::Ae& ae, const std::string& container,
                                  const ChunkIndex& index, const std::filesystem::path& part,
                                  const ChunkProgress& progress = {});

}  // namespace gatehouse::node
