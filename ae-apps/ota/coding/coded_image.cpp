#include "ae-apps/ota/coding/coded_image.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse::coding {
namespace {

constexpr std::string_view kMagic = "GHCX";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxWrappedBytes = 512;

tl::unexpected<Error> malformed(const std::string& what) {
  return fail(Rsc::kContentsUnacceptable, "the coded image is malformed: " + what);
}

bool is_digest(const std::string& text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string::npos;
}

Value facts_of(std::uint64_t length, const std::string& sha256) {
  return Value::object({{"length", length}, {"sha256", sha256}});
}

/// Length and digest of the image, or of the base.
Result<BaseFacts> read_facts(const Value& object, const std::string& whose) {
  const std::int64_t length = object.integer_at("length", -1);
  BaseFacts out{static_cast<std::uint64_t>(length), object.string_at("sha256")};
  if (length < 0) return malformed(whose + "length");
  if (!is_digest(out.sha256)) return malformed(whose + "sha256");
  return out;
}

Result<std::vector<Recipient>> read_recipients(const Value& list) {
  if (list.as_array() == nullptr || list.as_array()->empty() ||
      list.as_array()->size() > kMaxRecipients) {
    return malformed("recipients");
  }
  std::vector<Recipient> out;
  for (const Value& each : *list.as_array()) {
    auto wrapped = from_base64(each.string_at("wrapped"));
    const std::string key = each.string_at("key");
    if (!is_digest(key) || !wrapped || wrapped->size() > kMaxWrappedBytes) {
      return malformed("recipients");
    }
    out.push_back({key, *std::move(wrapped)});
  }
  return out;
}

Result<CodedHeader> read_header(std::string_view text) {
  const auto tree = parse_json(text, {.max_bytes = kMaxHeaderBytes, .max_depth = 4});
  if (!tree || !tree->is_object()) return malformed("its header is no JSON object");
  const auto facts = read_facts(*tree, "");
  if (!facts) return fail(facts.error());
  CodedHeader out;
  out.length = facts->length;
  out.sha256 = facts->sha256;
  const std::int64_t clear = tree->integer_at("clear", 0);
  if (clear < 0 ||
      static_cast<std::uint64_t>(clear) > std::min<std::uint64_t>(out.length, kMaxClearBytes)) {
    return malformed("clear");
  }
  out.clear_bytes = static_cast<std::uint64_t>(clear);
  if (const Value* base = tree->find("base")) {
    auto read = read_facts(*base, "base.");
    if (!read) return fail(read.error());
    out.base = *std::move(read);
  }
  if (const Value* list = tree->find("recipients")) {
    auto read = read_recipients(*list);
    if (!read) return fail(read.error());
    out.recipients = *std::move(read);
  }
  return out;
}

}  // namespace

void put_number(Bytes& out, std::uint64_t number, unsigned bytes) {
  while (bytes-- > 0) out.push_back(static_cast<std::uint8_t>(number >> (8 * bytes)));
}

std::uint64_t number_at(ByteView bytes) {
  std::uint64_t out = 0;
  for (const std::uint8_t byte : bytes) out = out << 8 | byte;
  return out;
}

bool is_coded(ByteView front) {
  const std::string_view start = text_of(front.first(std::min(front.size(), kMagic.size())));
  return !start.empty() && kMagic.starts_with(start);
}

Result<std::optional<CodedHeader>> parse_coded_header(ByteView front) {
  if (!front.empty() && !is_coded(front)) return malformed("it does not begin with GHCX");
  if (front.size() < kFixedBytes) return std::nullopt;
  if (front[4] != kVersion) {
    return fail(Rsc::kContentsUnacceptable, "the coded image is of an unknown version");
  }
  const std::size_t size = number_at(front.subspan(5, 2));
  if (size > kMaxHeaderBytes) return malformed("its header is too long");
  if (front.size() < kFixedBytes + size) return std::nullopt;
  auto header = read_header(text_of(front.subspan(kFixedBytes, size)));
  if (!header) return fail(header.error());
  header->header_bytes = kFixedBytes + size;
  return std::optional(*std::move(header));
}

Bytes encode_coded_header(const CodedHeader& header) {
  Value tree = facts_of(header.length, header.sha256);
  if (header.clear_bytes != 0) tree.set("clear", header.clear_bytes);
  if (header.base) tree.set("base", facts_of(header.base->length, header.base->sha256));
  if (!header.recipients.empty()) {
    Value list = Value::array();
    for (const Recipient& each : header.recipients) {
      list.push_back(Value::object({{"key", each.key_id}, {"wrapped", to_base64(each.wrapped)}}));
    }
    tree.set("recipients", std::move(list));
  }
  const std::string text = to_json(tree);
  Bytes out = bytes_of(kMagic);
  out.push_back(kVersion);
  put_number(out, text.size(), 2);
  append(out, view_of(text));
  return out;
}

Bytes wrap_context(const CodedHeader& header) {
  return bytes_of("GHCX " + std::to_string(header.length) + " " + header.sha256);
}

Bytes piece_nonce(std::uint32_t number, bool last) {
  Bytes out(crypto::kNonceBytes - 5, 0);
  put_number(out, number, 4);
  out.push_back(last ? 1 : 0);
  return out;
}

}  // namespace gatehouse::coding
