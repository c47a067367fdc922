#include "ae-apps/ota/node/image_chunks.h"

#include <algorithm>
#include <fstream>

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/crypto/files.h"

namespace gatehouse::node {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kNameDigits = 16;
constexpr std::int64_t kContentInstance = 4;

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(Rsc::kContentsUnacceptable, "image in chunks: " + what);
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

std::string name_of(const std::string& sha256, std::uint64_t chunk) {
  return sha256.substr(0, kNameDigits) + "-" + std::to_string(chunk);
}

std::uint64_t chunks_of(std::uint64_t bytes, std::uint64_t chunk_bytes) {
  return (bytes + chunk_bytes - 1) / chunk_bytes;
}

Result<Bytes> read_chunk(const Value& attributes, const ChunkIndex& index, std::uint64_t number) {
  const Value* content = attributes.find("con");
  if (content == nullptr || !content->is_object() || content->string_at("of") != index.sha256 ||
      content->integer_at("chunk", -1) != static_cast<std::int64_t>(number)) {
    return wrong("an instance is another chunk");
  }
  auto data = from_base64(content->string_at("data"));
  const std::uint64_t expected =
      std::min(index.chunk_bytes, index.bytes - number * index.chunk_bytes);
  if (!data || data->size() != expected) return wrong("a chunk is of another length");
  return data;
}

/// Whole chunks that are there already.
std::uint64_t chunks_in(const fs::path& part, const ChunkIndex& index) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(part, error);
  if (error || size > index.bytes) return 0;
  return size == index.bytes ? index.chunks : size / index.chunk_bytes;
}

}  // namespace

Result<ChunkIndex> parse_index(const Value& content, std::uint64_t max_bytes) {
  ChunkIndex out;
  out.sha256 = content.string_at("image");
  if (!is_digest(out.sha256)) return wrong("image: must be a SHA-256");
  const auto number = [&](const char* name) {
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, content.integer_at(name)));
  };
  out.bytes = number("bytes");
  out.chunks = number("chunks");
  out.chunk_bytes = number("chunk_bytes");
  if (out.bytes > max_bytes) {
    return fail(Rsc::kNotAcceptable, "the image is larger than what is taken");
  }
  if (out.bytes == 0 || out.chunk_bytes == 0 || out.chunks > kMaxChunks ||
      out.chunks != chunks_of(out.bytes, out.chunk_bytes)) {
    return wrong("bytes, chunks and chunk_bytes do not fit each other");
  }
  return out;
}

std::uint64_t bytes_in(const fs::path& part, const ChunkIndex& index) {
  return std::min(index.bytes, chunks_in(part, index) * index.chunk_bytes);
}

Result<void> publish_image(sdk::Ae& ae, const std::string& container, ByteView image,
                           std::size_t chunk_bytes, const std::vector<std::string>& policies) {
  const std::uint64_t chunks = chunk_bytes == 0 ? 0 : chunks_of(image.size(), chunk_bytes);
  if (chunks == 0 || chunks > kMaxChunks) {
    return fail(Rsc::kBadRequest, "chunk_bytes: an image has 1 to 65536 chunks");
  }
  sdk::Container place = ae.container(container);
  // Older images go when there are more instances than these.
  sdk::ContainerOptions options;
  options.max_instances = static_cast<std::int64_t>(2 * chunks + 2);
  options.policies = policies;
  if (auto done = place.ensure(options); !done) return done;
  const std::string sha256 = to_hex(crypto::sha256(image));
  for (std::uint64_t i = 0; i < chunks; ++i) {
    const ByteView part = image.subspan(
        i * chunk_bytes, std::min<std::uint64_t>(chunk_bytes, image.size() - i * chunk_bytes));
    const auto made = ae.create(
        place.address(), kContentInstance, "m2m:cin",
        Value::object(
            {{"rn", name_of(sha256, i)},
             {"con", Value::object({{"chunk", i}, {"of", sha256}, {"data", to_base64(part)}})}}));
    if (!made && made.error().rsc != Rsc::kConflict) return fail(made.error());
  }
  return place.push(Value::object({{"image", sha256},
                                   {"bytes", static_cast<std::uint64_t>(image.size())},
                                   {"chunks", chunks},
                                   {"chunk_bytes", static_cast<std::uint64_t>(chunk_bytes)}}));
}

Result<ChunksFetched> fetch_image(sdk::Ae& ae, const std::string& container,
                                  const ChunkIndex& index, const fs::path& part,
                                  const ChunkProgress& progress) {
  ChunksFetched out;
  std::error_code error;
  const std::uint64_t there = chunks_in(part, index);
  fs::resize_file(part, bytes_in(part, index), error);
  std::ofstream file(part, std::ios::binary | std::ios::app);
  for (std::uint64_t i = there; i < index.chunks; ++i) {
    const auto instance =
        ae.resource(container + "/" + name_of(index.sha256, i), kContentInstance, "m2m:cin").read();
    if (!instance) return fail(instance.error());
    const auto chunk = read_chunk(*instance, index, i);
    if (!chunk) return fail(chunk.error());
    file.write(reinterpret_cast<const char*>(chunk->data()),
               static_cast<std::streamsize>(chunk->size()));
    if (!file.flush()) return fail(Rsc::kInternalServerError, "a chunk cannot be written");
    ++out.fetched_chunks;
    const std::uint64_t done = std::min(index.bytes, (i + 1) * index.chunk_bytes);
    if (progress && !progress(done, index.bytes)) {
      return fail(Rsc::kRequestTimeout, "the download was stopped");
    }
  }
  file.close();
  auto image = crypto::read_file(part.string(), static_cast<std::size_t>(index.bytes));
  fs::remove(part, error);
  if (!image) return fail(image.error());
  if (to_hex(crypto::sha256(*image)) != index.sha256) return wrong("it has another SHA-256");
  out.image = *std::move(image);
  return out;
}

}  // namespace gatehouse::node
