#include "cse/codec/cbor.h"

#include <bit>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "cse/codec/json.h"
#include "cse/codec/tree_builder.h"
#include "cse/codec/utf8.h"

// By hand: the format is a page of rules, and every library of Debian 12 either builds a tree of
// its own or recurses. Source: RFC 8949 clause 3.

namespace gatehouse {
namespace {

// Major types, and the words of additional information that mean something of their own.
enum Major : unsigned {
  kUnsigned = 0,
  kNegative = 1,
  kBytes = 2,
  kText = 3,
  kArray = 4,
  kMap = 5,
  kTag = 6,
  kSimple = 7
};
constexpr unsigned kIndefinite = 31, kHalf = 25, kSingle = 26, kDouble = 27;
constexpr std::uint64_t kFirstNumberTag = 2, kLastNumberTag = 5;  // bignums, decimals, bigfloats

// --- reading
// ------------------------------------------------------------------------------------------------------

struct Head {
  unsigned major = 0;
  unsigned info = 0;           ///< the five low bits
  std::uint64_t argument = 0;  ///< 0 with kIndefinite
};

class Decoder {
 public:
  Decoder(std::string_view bytes, const DecodeLimits& limits) : bytes_(bytes), tree_(limits) {}

  Result<Value> run() {
    do {
      if (!read_item() || !close_complete()) return refusal();
    } while (!open_.empty() || tagged_);
    if (at_ != bytes_.size()) {
      tree_.stop("more bytes behind the value");
      return refusal();
    }
    return tree_.take();
  }

 private:
  struct Container {
    bool map = false;
    bool indefinite = false;
    std::uint64_t left = 0;  ///< items still to come, a name counting as one; unless indefinite
    bool wants_name = false;
  };

  tl::unexpected<Error> refusal() const {
    return fail(Rsc::kBadRequest, "CBOR, at byte " + std::to_string(at_) + ": " + tree_.problem());
  }
  bool truncated() { return tree_.stop("the bytes end within a value"); }

  bool read_head(Head& head);
  bool read_item();
  bool read_text(const Head& head, std::string& text);
  bool append_chunk(std::uint64_t length, bool must_be_utf8, std::string& text);
  bool open_container(const Head& head);
  bool add_integer(const Head& head);
  bool add_simple(const Head& head);
  bool end_indefinite();
  bool close_complete();
  /// One item of the innermost container is there.
  void count_item() {
    if (open_.empty()) return;
    Container& parent = open_.back();
    if (!parent.indefinite) --parent.left;
    if (parent.map) parent.wants_name = !parent.wants_name;
  }
  bool add(Value value) {
    if (!tree_.add(std::move(value))) return false;
    count_item();
    return true;
  }

  std::string_view bytes_;
  std::size_t at_ = 0;
  TreeBuilder tree_;
  std::vector<Container> open_;
  bool tagged_ = false;  ///< the value of a tag has to follow
};

bool Decoder::read_head(Head& head) {
  if (at_ == bytes_.size()) return truncated();
  const auto first = static_cast<unsigned char>(bytes_[at_]);
  head.major = first >> 5;
  head.info = first & 0x1F;
  if (head.info > kDouble && head.info < kIndefinite) return tree_.stop("a reserved initial byte");
  ++at_;
  if (head.info == kIndefinite) return true;
  if (head.info < 24) {
    head.argument = head.info;
    return true;
  }
  const std::size_t size = std::size_t{1} << (head.info - 24);
  if (bytes_.size() - at_ < size) return truncated();
  for (std::size_t i = 0; i < size; ++i) {
    head.argument = head.argument << 8 | static_cast<unsigned char>(bytes_[at_++]);
  }
  return true;
}

bool Decoder::append_chunk(std::uint64_t length, bool must_be_utf8, std::string& text) {
  if (length > bytes_.size() - at_) return truncated();
  const std::string_view chunk = bytes_.substr(at_, static_cast<std::size_t>(length));
  if (must_be_utf8 && !is_utf8(chunk)) return tree_.stop("text that is not UTF-8");
  at_ += chunk.size();
  text += chunk;
  return true;
}

bool Decoder::read_text(const Head& head, std::string& text) {
  const bool is_text = head.major == kText;
  if (head.info != kIndefinite) return append_chunk(head.argument, true, text);
  for (;;) {
    Head chunk;
    if (!read_head(chunk)) return false;
    if (chunk.major == kSimple && chunk.info == kIndefinite) break;
    if (chunk.major != head.major || chunk.info == kIndefinite) {
      return tree_.stop("a text of indefinite length has a chunk that is no text");
    }
    if (!append_chunk(chunk.argument, is_text, text)) return false;
  }
  return is_utf8(text) || tree_.stop("text that is not UTF-8");
}

bool Decoder::read_item() {
  Head head;
  if (!read_head(head)) return false;
  const bool name_wanted = !open_.empty() && open_.back().wants_name;
  if (head.major == kSimple && head.info == kIndefinite) return end_indefinite();
  if (head.major == kTag) {
    if (head.info == kIndefinite) return tree_.stop("a tag of indefinite length");
    if (head.argument >= kFirstNumberTag && head.argument <= kLastNumberTag) {
      return tree_.stop("a number that needs a tag");
    }
    return tagged_ = true;
  }
  tagged_ = false;
  if (head.major == kText || head.major == kBytes) {
    std::string text;
    if (!read_text(head, text)) return false;
    if (!name_wanted) return add(Value(std::move(text)));
    count_item();
    return tree_.key(text);
  }
  if (name_wanted) return tree_.stop("a member name that is no text");
  switch (head.major) {
    case kUnsigned:
    case kNegative:
      return add_integer(head);
    case kArray:
    case kMap:
      return open_container(head);
    default:
      return add_simple(head);
  }
}

bool Decoder::add_integer(const Head& head) {
  if (head.info == kIndefinite) return tree_.stop("an integer of indefinite length");
  if (head.argument > static_cast<std::uint64_t>(INT64_MAX)) {
    return tree_.stop("an integer beyond 64 bits");
  }
  const auto number = static_cast<std::int64_t>(head.argument);
  return add(Value(head.major == kUnsigned ? number : -1 - number));
}

bool Decoder::open_container(const Head& head) {
  const bool map = head.major == kMap;
  // Each item takes a byte at least: a count beyond that is a lie, and nothing is reserved for it.
  const std::uint64_t most = (bytes_.size() - at_) / (map ? 2 : 1);
  if (head.argument > most) return truncated();
  if (!tree_.open(map ? Value(Value::Object{}) : Value(Value::Array{}))) return false;
  open_.push_back(
      {map, head.info == kIndefinite, map ? head.argument * 2 : head.argument, /*wants_name=*/map});
  return true;
}

double half_to_double(std::uint64_t bits) {
  const int exponent = static_cast<int>(bits >> 10 & 0x1F);
  const auto mantissa = static_cast<double>(bits & 0x3FF);
  double value = 0;
  if (exponent == 0) {
    value = std::ldexp(mantissa, -24);
  } else if (exponent < 31) {
    value = std::ldexp(mantissa + 1024, exponent - 25);
  } else {
    value = mantissa == 0 ? INFINITY : NAN;
  }
  return (bits & 0x8000) != 0 ? -value : value;
}

bool Decoder::add_simple(const Head& head) {
  constexpr unsigned kFalse = 20, kTrue = 21, kNull = 22;
  double number = 0;
  switch (head.info) {
    case kFalse:
    case kTrue:
      return add(Value(head.info == kTrue));
    case kNull:
      return add(Value());
    case kHalf:
      number = half_to_double(head.argument);
      break;
    case kSingle:
      number = std::bit_cast<float>(static_cast<std::uint32_t>(head.argument));
      break;
    case kDouble:
      number = std::bit_cast<double>(head.argument);
      break;
    default:
      return tree_.stop("a simple value other than true, false and null");
  }
  return std::isfinite(number) ? add(Value(number)) : tree_.stop("a number that is not finite");
}

bool Decoder::end_indefinite() {
  if (tagged_) return tree_.stop("a tag without its value");
  if (open_.empty() || !open_.back().indefinite) return tree_.stop("an end without its beginning");
  if (open_.back().map && !open_.back().wants_name) {
    return tree_.stop("a member name without its value");
  }
  open_.pop_back();
  count_item();
  return tree_.close();
}

bool Decoder::close_complete() {
  while (!open_.empty() && !open_.back().indefinite && open_.back().left == 0) {
    open_.pop_back();
    count_item();
    if (!tree_.close()) return false;
  }
  return true;
}

// --- writing
// ------------------------------------------------------------------------------------------------------

void append_big_endian(std::string& out, std::uint64_t bits, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
    out += static_cast<char>(bits >> shift & 0xFF);
  }
}

void append_head(std::string& out, unsigned major, std::uint64_t argument) {
  const auto initial = [&out, major](unsigned info) {
    out += static_cast<char>(major << 5 | info);
  };
  if (argument < 24) return initial(static_cast<unsigned>(argument));
  const int size_class = argument <= 0xFF         ? 0
                         : argument <= 0xFFFF     ? 1
                         : argument <= 0xFFFFFFFF ? 2
                                                  : 3;
  initial(24 + static_cast<unsigned>(size_class));
  append_big_endian(out, argument, 1 << size_class);
}

void append_text(std::string& out, std::string_view text) {
  if (!is_utf8(text)) return append_text(out, mended_utf8(text));
  append_head(out, kText, text.size());
  out += text;
}

constexpr char kFalseByte = '\xF4', kTrueByte = '\xF5', kNullByte = '\xF6';

void append_double(std::string& out, double number) {
  if (!std::isfinite(number)) {
    out += kNullByte;
    return;
  }
  const bool fits = std::abs(number) <= static_cast<double>(std::numeric_limits<float>::max());
  const float single = fits ? static_cast<float>(number) : 0.0F;
  if (fits && static_cast<double>(single) == number) {
    out += '\xFA';
    return append_big_endian(out, std::bit_cast<std::uint32_t>(single), 4);
  }
  out += '\xFB';
  append_big_endian(out, std::bit_cast<std::uint64_t>(number), 8);
}

void append_cbor(std::string& out, const Value& value) {
  if (const std::string* text = value.as_string()) return append_text(out, *text);
  if (const auto integer = value.as_integer()) {
    return *integer >= 0 ? append_head(out, kUnsigned, static_cast<std::uint64_t>(*integer))
                         : append_head(out, kNegative, static_cast<std::uint64_t>(-1 - *integer));
  }
  if (const auto number = value.as_number()) return append_double(out, *number);
  if (const auto truth = value.as_bool()) {
    out += *truth ? kTrueByte : kFalseByte;
  } else if (const Value::Array* items = value.as_array()) {
    append_head(out, kArray, items->size());
    for (const Value& item : *items) append_cbor(out, item);
  } else if (const Value::Object* members = value.as_object()) {
    append_head(out, kMap, members->size());
    for (const Member& member : *members) {
      append_text(out, member.name);
      append_cbor(out, member.value);
    }
  } else {
    out += kNullByte;
  }
}

}  // namespace

Result<Value> parse_cbor(std::string_view bytes, const DecodeLimits& limits) {
  if (bytes.size() > limits.max_bytes) {
    return fail(Rsc::kBadRequest,
                "CBOR: longer than " + std::to_string(limits.max_bytes) + " bytes");
  }
  return Decoder(bytes, limits).run();
}

std::string to_cbor(const Value& value) {
  std::string out;
  out.reserve(256);
  append_cbor(out, value);
  return out;
}

Result<Value> CborCodec::decode(std::string_view bytes, const DecodeLimits& limits) const {
  return parse_cbor(bytes, limits);
}

std::string CborCodec::encode(const Value& value) const { return to_cbor(value); }

std::string CborCodec::encode(const Content& content) const {
  if (content.empty()) return {};
  if (content.tree()) return to_cbor(*content.tree());
  const Result<Value> tree = tree_of(content);
  if (!tree) throw std::logic_error("ready-made content is no JSON: " + tree.error().detail);
  return to_cbor(*tree);
}

}  // namespace gatehouse
