// The writing half of json.h. By hand, because it is on the path of every response.
#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

#include "cse/codec/json.h"
#include "cse/codec/utf8.h"

namespace gatehouse {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

/// True for the bytes that may be copied as they are, whatever follows them.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int byte = 0x20; byte < 0x80; ++byte) plain[byte] = byte != '"' && byte != '\\';
  return plain;
}();

/// A byte is not plain if it is below 0x20, a quote, a backslash, or above 0x7F: true if none of
/// the eight is.
bool are_plain(std::uint64_t eight) {
  constexpr std::uint64_t kOnes = 0x0101010101010101, kTops = 0x8080808080808080;
  const auto has_zero = [](std::uint64_t x) { return (x - kOnes) & ~x & kTops; };
  const std::uint64_t below = (eight - kOnes * 0x20) & ~eight & kTops;
  return (below | has_zero(eight ^ (kOnes * '"')) | has_zero(eight ^ (kOnes * '\\')) |
          (eight & kTops)) == 0;
}

std::string_view short_escape(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return {};
  }
}

/// Collects the text where most resources fit without a block of memory, and looks for room once
/// for each string or number rather than with each byte.
class Writer {
 public:
  Writer() : at_(first_), end_(first_ + sizeof first_) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  std::string_view text() const { return {begin(), static_cast<std::size_t>(at_ - begin())}; }

  void write(const Value& value);
  void string(std::string_view text);

 private:
  const char* begin() const { return more_.empty() ? first_ : more_.data(); }

  /// Room for that many bytes.
  void need(std::size_t bytes) {
    if (bytes <= static_cast<std::size_t>(end_ - at_)) return;
    const std::size_t used = text().size();
    std::string larger(std::max(2 * used, used + bytes), '\0');
    std::copy_n(begin(), used, larger.data());
    more_ = std::move(larger);
    at_ = more_.data() + used;
    end_ = more_.data() + more_.size();
  }
  void put(char c) {
    need(1);
    *at_++ = c;
  }
  void put(std::string_view text) {
    need(text.size());
    at_ = std::copy(text.begin(), text.end(), at_);
  }
  void number(std::int64_t number);
  void number(double number);
  /// Writes the first character of `text`, which may not be copied as it is; returns its bytes.
  std::size_t special(std::string_view text);
  void escaped(char c);

  char first_[1024];
  std::string more_;  ///< instead of `first_`, once that was too small
  char* at_;
  char* end_;
};

void Writer::escaped(char c) {
  static constexpr char kHex[] = "0123456789abcdef";
  const std::string_view known = short_escape(c);
  if (!known.empty()) return put(known);
  put("\\u00");
  put(kHex[(c >> 4) & 0xF]);
  put(kHex[c & 0xF]);
}

void Writer::number(std::int64_t number) {
  need(24);
  at_ = std::to_chars(at_, end_, number).ptr;
}

void Writer::number(double number) {
  if (!std::isfinite(number)) return put("null");  // JSON has no word for it
  char text[32];
  const char* end = std::to_chars(text, text + sizeof text, number).ptr;
  const std::string_view written(text, static_cast<std::size_t>(end - text));
  put(written);
  if (written.find_first_of(".e") == std::string_view::npos) put(".0");  // stays a double
}

void Writer::string(std::string_view text) {
  put('"');
  const char* from = text.data();
  const char* const end = from + text.size();
  for (;;) {
    need(static_cast<std::size_t>(end - from));
    while (end - from >= 8) {
      std::uint64_t eight = 0;
      std::memcpy(&eight, from, sizeof eight);
      if (!are_plain(eight)) break;
      std::memcpy(at_, &eight, sizeof eight);
      at_ += sizeof eight;
      from += sizeof eight;
    }
    while (from != end && kPlain[static_cast<unsigned char>(*from)]) *at_++ = *from++;
    if (from == end) break;
    from += special({from, static_cast<std::size_t>(end - from)});
  }
  put('"');
}

std::size_t Writer::special(std::string_view text) {
  if (static_cast<unsigned char>(text.front()) < 0x80) {
    escaped(text.front());
    return 1;
  }
  const std::size_t length = utf8_length(text.substr(0, 4));
  put(length > 0 ? text.substr(0, length) : kReplacement);
  return length > 0 ? length : 1;
}

void Writer::write(const Value& value) {
  if (const std::string* text = value.as_string()) return string(*text);
  if (const auto integer = value.as_integer()) return number(*integer);
  if (const auto real = value.as_number()) return number(*real);
  if (const auto truth = value.as_bool()) return put(*truth ? "true" : "false");
  if (const Value::Object* members = value.as_object()) {
    put('{');
    for (const Member& member : *members) {
      if (&member != members->data()) put(',');
      string(member.name);
      put(':');
      write(member.value);
    }
    put('}');
  } else if (const Value::Array* items = value.as_array()) {
    put('[');
    for (const Value& item : *items) {
      if (&item != items->data()) put(',');
      write(item);
    }
    put(']');
  } else {
    put("null");
  }
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  Writer writer;
  writer.string(text);
  out += writer.text();
}

void append_json(std::string& out, const Value& value) {
  Writer writer;
  writer.write(value);
  out += writer.text();
}

std::string to_json(const Value& value) {
  Writer writer;
  writer.write(value);
  return std::string(writer.text());
}

std::string to_json(const Content& content) {
  if (content.json()) return *content.json();
  return content.tree() ? to_json(*content.tree()) : std::string();
}

}  // namespace gatehouse
