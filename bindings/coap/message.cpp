#include "bindings/coap/message.h"

#include <algorithm>

namespace gatehouse::coap {

std::string to_text(std::uint8_t code) {
  const std::string detail = std::to_string(code & 0x1f);
  return std::to_string(class_of(code)) + "." + (detail.size() < 2 ? "0" : "") + detail;
}

const std::string* Message::find(std::uint16_t number) const {
  const auto found = std::find_if(options.begin(), options.end(),
                                  [number](const Option& o) { return o.number == number; });
  return found == options.end() ? nullptr : &found->value;
}

std::optional<std::uint32_t> Message::unsigned_at(std::uint16_t number) const {
  const std::string* value = find(number);
  return value ? decode_unsigned(*value) : std::nullopt;
}

void Message::add(std::uint16_t number, std::string value) {
  const auto behind =
      std::upper_bound(options.begin(), options.end(), number,
                       [](std::uint16_t wanted, const Option& o) { return wanted < o.number; });
  options.insert(behind, Option{number, std::move(value)});
}

void Message::add(std::uint16_t number, std::uint32_t value) {
  add(number, encode_unsigned(value));
}

void Message::remove(std::uint16_t number) {
  std::erase_if(options, [number](const Option& o) { return o.number == number; });
}

std::size_t Message::option_bytes() const {
  constexpr std::size_t kLongestHead = 5;  // delta and length, both extended by two bytes
  std::size_t bytes = 0;
  for (const Option& o : options) bytes += kLongestHead + o.value.size();
  return bytes;
}

std::string encode_unsigned(std::uint32_t value) {
  std::string bytes;
  for (; value != 0; value >>= 8) bytes.insert(bytes.begin(), static_cast<char>(value & 0xff));
  return bytes;
}

std::optional<std::uint32_t> decode_unsigned(std::string_view bytes) {
  if (bytes.size() > 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

std::uint32_t to_unsigned(const Block& block) {
  return block.number << 4 | (block.more ? 8u : 0u) | block.exponent;
}

std::optional<Block> block_at(const Message& message, std::uint16_t number) {
  const auto value = message.unsigned_at(number);
  if (!value || *value >= 1u << 24 || (*value & 7) == 7) return std::nullopt;
  return Block{*value >> 4, (*value & 8) != 0, static_cast<std::uint8_t>(*value & 7)};
}

}  // namespace gatehouse::coap
