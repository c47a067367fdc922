#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

/// The strict CBOR that a SUIT manifest is made of: definite lengths, shortest forms, keys that
/// rise. Source: RFC 8949 section 4.2.1 (core deterministic encoding).
namespace gatehouse::suit {

enum class Major : std::uint8_t {
  kUnsigned = 0,
  kNegative = 1,
  kBytes = 2,
  kText = 3,
  kArray = 4,
  kMap = 5,
  kTag = 6,
  kSimple = 7,
};

/// Takes items off the front of some bytes. The first fault is kept; after it every read gives
/// nothing. The bytes outlive it.
class CborReader {
 public:
  explicit CborReader(ByteView bytes) : rest_(bytes) {}

  /// Major type of the next item; nullopt at the end.
  std::optional<Major> peek() const;
  std::optional<std::uint64_t> unsigned_number();
  /// Of 64 bits with sign.
  std::optional<std::int64_t> number();
  std::optional<ByteView> bytes();
  std::optional<std::string> text();
  /// Number of items, of pairs of a map.
  std::optional<std::uint64_t> array();
  std::optional<std::uint64_t> map();
  std::optional<std::uint64_t> tag();
  std::optional<bool> truth();
  bool null();
  /// One whole item, whatever it is; its bytes.
  std::optional<ByteView> item();

  bool at_end() const { return rest_.empty(); }
  bool good() const { return fault_.empty(); }
  /// "text expected"; empty: none.
  const std::string& fault() const { return fault_; }
  void fail_with(const std::string& fault) {
    if (fault_.empty()) fault_ = fault;
  }

 private:
  std::optional<std::uint64_t> head(Major major);
  bool skip(int depth);

  ByteView rest_;
  std::string fault_;
};

/// Appends items in their shortest form.
class CborWriter {
 public:
  CborWriter& number(std::int64_t value);
  CborWriter& unsigned_number(std::uint64_t value) { return head(Major::kUnsigned, value); }
  CborWriter& bytes(ByteView value);
  CborWriter& text(std::string_view value);
  CborWriter& array(std::uint64_t items) { return head(Major::kArray, items); }
  CborWriter& map(std::uint64_t pairs) { return head(Major::kMap, pairs); }
  CborWriter& tag(std::uint64_t value) { return head(Major::kTag, value); }
  CborWriter& null();
  CborWriter& raw(ByteView item);
  const Bytes& out() const { return out_; }

 private:
  CborWriter& head(Major major, std::uint64_t value);
  Bytes out_;
};

}  // namespace gatehouse::suit
