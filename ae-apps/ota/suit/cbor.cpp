#include "ae-apps/ota/suit/cbor.h"

namespace gatehouse::suit {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::uint8_t kFalse = 0xF4, kTrue = 0xF5, kNull = 0xF6;

struct Head {
  Major major;
  std::uint64_t value;
  std::size_t size;
};

/// nullopt: cut, not in the shortest form, or of indefinite length.
std::optional<Head> read_head(ByteView bytes) {
  if (bytes.empty()) return std::nullopt;
  const auto major = static_cast<Major>(bytes[0] >> 5);
  const unsigned low = bytes[0] & 31u;
  if (low < 24) return Head{major, low, 1};
  if (low > 27) return std::nullopt;
  const std::size_t width = std::size_t{1} << (low - 24);
  if (bytes.size() < 1 + width) return std::nullopt;
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes.subspan(1, width)) value = value << 8 | byte;
  const std::uint64_t least = width == 1 ? 24 : std::uint64_t{1} << (width * 4);
  if (value < least) return std::nullopt;
  return Head{major, value, 1 + width};
}

}  // namespace

std::optional<Major> CborReader::peek() const {
  if (rest_.empty() || !good()) return std::nullopt;
  return static_cast<Major>(rest_[0] >> 5);
}

std::optional<std::uint64_t> CborReader::head(Major major) {
  if (!good()) return std::nullopt;
  static constexpr const char* kNames[] = {
      "an unsigned number", "a negative number", "bytes", "a text", "a list", "a map", "a tag",
      "a simple value"};
  const auto found = read_head(rest_);
  if (!found || found->major != major) {
    fail_with(std::string(kNames[static_cast<std::size_t>(major)]) + " expected");
    return std::nullopt;
  }
  rest_ = rest_.subspan(found->size);
  return found->value;
}

std::optional<std::uint64_t> CborReader::unsigned_number() { return head(Major::kUnsigned); }

std::optional<std::int64_t> CborReader::number() {
  constexpr std::uint64_t kLargest = 0x7FFFFFFFFFFFFFFF;
  const bool negative = peek() == Major::kNegative;
  const auto value = head(negative ? Major::kNegative : Major::kUnsigned);
  if (!value) return std::nullopt;
  if (*value > kLargest) {
    fail_with("a number of 63 bits expected");
    return std::nullopt;
  }
  const auto small = static_cast<std::int64_t>(*value);
  return negative ? -1 - small : small;
}

std::optional<ByteView> CborReader::bytes() {
  const auto size = head(Major::kBytes);
  if (!size) return std::nullopt;
  if (*size > rest_.size()) {
    fail_with("bytes are cut");
    return std::nullopt;
  }
  const ByteView out = rest_.first(static_cast<std::size_t>(*size));
  rest_ = rest_.subspan(out.size());
  return out;
}

std::optional<std::string> CborReader::text() {
  const auto size = head(Major::kText);
  if (!size) return std::nullopt;
  if (*size > rest_.size()) {
    fail_with("a text is cut");
    return std::nullopt;
  }
  const ByteView out = rest_.first(static_cast<std::size_t>(*size));
  rest_ = rest_.subspan(out.size());
  return std::string(text_of(out));
}

std::optional<std::uint64_t> CborReader::array() { return head(Major::kArray); }
std::optional<std::uint64_t> CborReader::map() { return head(Major::kMap); }
std::optional<std::uint64_t> CborReader::tag() { return head(Major::kTag); }

std::optional<bool> CborReader::truth() {
  if (!good() || rest_.empty() || (rest_[0] != kFalse && rest_[0] != kTrue)) {
    fail_with("true or false expected");
    return std::nullopt;
  }
  const bool out = rest_[0] == kTrue;
  rest_ = rest_.subspan(1);
  return out;
}

bool CborReader::null() {
  if (!good() || rest_.empty() || rest_[0] != kNull) return false;
  rest_ = rest_.subspan(1);
  return true;
}

bool CborReader::skip(int depth) {
  const auto found = read_head(rest_);
  if (!found || depth > kMaxDepth) return false;
  rest_ = rest_.subspan(found->size);
  switch (found->major) {
    case Major::kBytes:
    case Major::kText:
      if (found->value > rest_.size()) return false;
      rest_ = rest_.subspan(static_cast<std::size_t>(found->value));
      return true;
    case Major::kArray:
    case Major::kMap: {
      if (found->value > rest_.size()) return false;  // each item takes a byte at least
      const std::uint64_t items = found->major == Major::kMap ? found->value * 2 : found->value;
      for (std::uint64_t i = 0; i < items; ++i) {
        if (!skip(depth + 1)) return false;
      }
      return true;
    }
    case Major::kTag:
      return skip(depth + 1);
    default:
      return true;
  }
}

std::optional<ByteView> CborReader::item() {
  if (!good()) return std::nullopt;
  const ByteView before = rest_;
  if (!skip(0)) {
    fail_with("no whole item");
    return std::nullopt;
  }
  return before.first(before.size() - rest_.size());
}

CborWriter& CborWriter::head(Major major, std::uint64_t value) {
  const auto high = static_cast<std::uint8_t>(static_cast<unsigned>(major) << 5);
  if (value < 24) {
    out_.push_back(static_cast<std::uint8_t>(high | value));
    return *this;
  }
  int width = 8;
  std::uint8_t low = 27;
  if (value <= 0xFF) {
    width = 1;
    low = 24;
  } else if (value <= 0xFFFF) {
    width = 2;
    low = 25;
  } else if (value <= 0xFFFFFFFF) {
    width = 4;
    low = 26;
  }
  out_.push_back(static_cast<std::uint8_t>(high | low));
  for (int i = width - 1; i >= 0; --i) out_.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
  return *this;
}

CborWriter& CborWriter::number(std::int64_t value) {
  if (value >= 0) return head(Major::kUnsigned, static_cast<std::uint64_t>(value));
  return head(Major::kNegative, static_cast<std::uint64_t>(-1 - value));
}

CborWriter& CborWriter::bytes(ByteView value) {
  head(Major::kBytes, value.size());
  append(out_, value);
  return *this;
}

CborWriter& CborWriter::text(std::string_view value) {
  head(Major::kText, value.size());
  append(out_, view_of(value));
  return *this;
}

CborWriter& CborWriter::null() {
  out_.push_back(kNull);
  return *this;
}

CborWriter& CborWriter::raw(ByteView item) {
  append(out_, item);
  return *this;
}

}  // namespace gatehouse::suit
