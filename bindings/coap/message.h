#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::coap {

/// 4.04 is code(4, 4). Source: RFC 7252 clause 3.
constexpr std::uint8_t code(unsigned kind, unsigned detail) {
  return static_cast<std::uint8_t>(kind << 5 | detail);
}
constexpr unsigned class_of(std::uint8_t code) { return code >> 5; }
/// "4.04"
std::string to_text(std::uint8_t code);

constexpr std::uint8_t kGet = code(0, 1), kPost = code(0, 2), kPut = code(0, 3),
                       kDelete = code(0, 4);

/// Option numbers that are not oneM2M's. Source: RFC 7252 clause 5.10, RFC 7641 (Observe), RFC 7959
/// (Block, Size), RFC 9175 (Request-Tag).
namespace option {
constexpr std::uint16_t kIfMatch = 1, kUriHost = 3, kETag = 4, kIfNoneMatch = 5, kObserve = 6,
                        kUriPort = 7, kLocationPath = 8, kUriPath = 11, kContentFormat = 12,
                        kMaxAge = 14, kUriQuery = 15, kAccept = 17, kLocationQuery = 20,
                        kBlock2 = 23, kBlock1 = 27, kSize2 = 28, kProxyUri = 35, kProxyScheme = 39,
                        kSize1 = 60, kRequestTag = 292;
}  // namespace option

/// A receiver that does not know an option of an odd number must refuse the message. Source:
/// RFC 7252 clause 5.4.6.
constexpr bool is_critical(std::uint16_t number) { return number % 2 == 1; }

struct Option {
  std::uint16_t number = 0;
  std::string value;
  friend bool operator==(const Option&, const Option&) = default;
};

/// A request or response without the message layer: no type, no message ID, no token.
struct Message {
  std::uint8_t code = 0;
  std::vector<Option> options;  ///< by number; equal numbers in the order in which they were added
  std::string payload;

  /// The first of that number; nullptr if there is none.
  const std::string* find(std::uint16_t number) const;
  /// As find(), read as an unsigned integer; nullopt also if it has more than 4 bytes.
  std::optional<std::uint32_t> unsigned_at(std::uint16_t number) const;
  void add(std::uint16_t number, std::string value);
  void add(std::uint16_t number, std::uint32_t value);
  void remove(std::uint16_t number);
  /// Bytes that the options take in a message, at most.
  std::size_t option_bytes() const;
};

/// Big-endian without leading zeros; 0 is the empty text. Source: RFC 7252 clause 3.2.
std::string encode_unsigned(std::uint32_t value);
std::optional<std::uint32_t> decode_unsigned(std::string_view bytes);

/// The value of a Block1 or Block2 option. Source: RFC 7959 clause 2.2.
struct Block {
  std::uint32_t number = 0;  ///< below 2^20
  bool more = false;
  std::uint8_t exponent = 6;  ///< the size is 2^(exponent + 4) bytes, 16 to 1024

  std::size_t size() const { return std::size_t{16} << exponent; }
  std::size_t offset() const { return number * size(); }
  friend bool operator==(const Block&, const Block&) = default;
};
std::uint32_t to_unsigned(const Block& block);
/// nullopt: there is no such option, or its value is none (7 is reserved, but for TCP, where it
/// means blocks of 1024 several at a time, which we never offer).
std::optional<Block> block_at(const Message& message, std::uint16_t number);

}  // namespace gatehouse::coap
