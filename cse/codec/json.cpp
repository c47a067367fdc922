#include "cse/codec/json.h"

// RapidJSON's stack, while it has no memory yet, adds an offset to a null pointer before it
// compares: undefined, though harmless with every compiler, and fatal under UBSan.
#if defined(__clang__)
#pragma clang attribute push(__attribute__((no_sanitize("pointer-overflow"))), apply_to = function)
#endif
#include <rapidjson/error/en.h>
#include <rapidjson/memorystream.h>
#include <rapidjson/reader.h>
#if defined(__clang__)
#pragma clang attribute pop
#endif

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <limits>

#include "cse/codec/tree_builder.h"

namespace gatehouse {
namespace {

// Iterative: the recursive parser overflows the stack on a million brackets. Numbers arrive as
// text, because RapidJSON would turn an integer beyond 64 bits into a double without a word.
constexpr unsigned kParseFlags =
    rapidjson::kParseIterativeFlag | rapidjson::kParseNumbersAsStringsFlag;
constexpr unsigned kOtherThanAscii = rapidjson::kParseValidateEncodingFlag;
/// Up to here a text is copied and parsed where it stands, which takes half the time of collecting
/// each string byte by byte; beyond, the copy would cost too much memory.
constexpr std::size_t kMaxInPlace = 64 << 10;

bool is_ascii(std::string_view text) {
  std::uint64_t all = 0;
  while (text.size() >= sizeof all) {
    std::uint64_t eight = 0;
    std::memcpy(&eight, text.data(), sizeof eight);
    all |= eight;
    text.remove_prefix(sizeof eight);
  }
  for (const char c : text) all |= static_cast<unsigned char>(c);
  return (all & 0x8080808080808080) == 0;
}

/// RapidJSON refuses a lone high surrogate, but lets a lone low one ("\\udc00") through as three
/// bytes that are not UTF-8.
bool has_surrogate(std::string_view text) {
  for (auto at = text.find('\xED'); at != text.npos; at = text.find('\xED', at + 1)) {
    if (at + 1 < text.size() && static_cast<unsigned char>(text[at + 1]) >= 0xA0) return true;
  }
  return false;
}
constexpr const char* kSurrogate = "a lone surrogate in a string";

/// Takes RapidJSON's events and builds a Value. A false return stops the reader; `problem()` then
/// says why.
class Builder : public TreeBuilder {
 public:
  using TreeBuilder::TreeBuilder;

  bool Null() { return add(Value()); }
  bool Bool(bool value) { return add(Value(value)); }
  bool RawNumber(const char* text, rapidjson::SizeType length, bool);
  bool String(const char* text, rapidjson::SizeType length, bool) {
    const std::string_view content(text, length);
    return !has_surrogate(content) ? add(Value(content)) : stop(kSurrogate);
  }
  bool StartObject() { return open(Value(Value::Object{})); }
  bool Key(const char* text, rapidjson::SizeType length, bool) {
    return !has_surrogate({text, length}) ? key({text, length}) : stop(kSurrogate);
  }
  bool EndObject(rapidjson::SizeType) { return close(); }
  bool StartArray() { return open(Value(Value::Array{})); }
  bool EndArray(rapidjson::SizeType) { return close(); }
  // Not called: numbers come by RawNumber.
  bool Int(int value) { return add(Value(value)); }
  bool Uint(unsigned value) { return add(Value(value)); }
  bool Int64(std::int64_t value) { return add(Value(value)); }
  bool Uint64(std::uint64_t value) { return add(Value(value)); }
  bool Double(double value) { return add(Value(value)); }
};

bool Builder::RawNumber(const char* text, rapidjson::SizeType length, bool) {
  const std::string_view number(text, length);
  const char* const last = text + length;
  if (number.find_first_of(".eE") == std::string_view::npos) {
    std::int64_t integer = 0;
    const auto [end, error] = std::from_chars(text, last, integer);
    if (error != std::errc{} || end != last) return stop("an integer beyond 64 bits");
    return add(Value(integer));
  }
  double real = 0;
  const auto [end, error] = std::from_chars(text, last, real);
  if (error == std::errc::result_out_of_range) {  // too large, or too small: then the nearest, 0
    real = std::strtod(std::string(number).c_str(), nullptr);
    constexpr double kMax = std::numeric_limits<double>::max();
    if (real > kMax || real < -kMax) return stop("a number too large for a double");
  } else if (error != std::errc{} || end != last) {
    return stop("a malformed number");
  }
  return add(Value(real));
}

tl::unexpected<Error> fail_at(std::size_t byte, std::string_view problem) {
  return fail(Rsc::kBadRequest,
              "JSON, at byte " + std::to_string(byte) + ": " + std::string(problem));
}

template <unsigned flags, class Stream>
Result<Value> parse(Stream stream, std::size_t bytes, const DecodeLimits& limits) {
  rapidjson::Reader reader;
  Builder builder(limits);
  const rapidjson::ParseResult parsed = reader.Parse<kParseFlags | flags>(stream, builder);
  if (!builder.problem().empty()) return fail_at(stream.Tell(), builder.problem());
  if (parsed.IsError()) {
    return fail_at(parsed.Offset(), rapidjson::GetParseError_En(parsed.Code()));
  }
  // RapidJSON takes a NUL byte behind the value for the end of the text.
  if (stream.Tell() != bytes) return fail_at(stream.Tell(), "a NUL byte behind the value");
  return builder.take();
}

}  // namespace

Result<Value> parse_json(std::string_view text, const DecodeLimits& limits) {
  const std::size_t max_bytes =
      std::min<std::size_t>(limits.max_bytes, std::numeric_limits<std::int32_t>::max());
  if (text.size() > max_bytes) {
    return fail(Rsc::kBadRequest, "JSON: longer than " + std::to_string(max_bytes) + " bytes");
  }
  if (text.empty()) return fail_at(0, "the text is empty");
  if (text.starts_with("\xEF\xBB\xBF")) return fail_at(0, "a byte order mark is not allowed");
  if (text.size() <= kMaxInPlace && is_ascii(text)) {
    std::string copy(text);
    return parse<rapidjson::kParseInsituFlag>(rapidjson::InsituStringStream(copy.data()),
                                              text.size(), limits);
  }
  return parse<kOtherThanAscii>(rapidjson::MemoryStream(text.data(), text.size()), text.size(),
                                limits);
}

Result<Value> tree_of(const Content& content) {
  if (content.tree()) return *content.tree();
  if (!content.json()) return Value();
  DecodeLimits own;  // our own text, so only what keeps recursion over it harmless
  own.max_bytes = own.max_values = std::numeric_limits<std::int32_t>::max();
  own.max_depth = 1024;
  return parse_json(*content.json(), own);
}

Result<Value> JsonCodec::decode(std::string_view bytes, const DecodeLimits& limits) const {
  return parse_json(bytes, limits);
}

std::string JsonCodec::encode(const Value& value) const { return to_json(value); }
std::string JsonCodec::encode(const Content& content) const { return to_json(content); }

}  // namespace gatehouse
