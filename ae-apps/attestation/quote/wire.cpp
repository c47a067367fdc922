#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {

std::uint64_t Reader::number(std::size_t size) {
  const ByteView view = bytes(size);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < view.size(); ++i) {
    const std::size_t at = endian_ == Endian::kBig ? i : view.size() - 1 - i;
    value = value << 8 | view[at];
  }
  return value;
}

ByteView Reader::bytes(std::size_t count) {
  if (!good_ || count > left_.size()) {
    good_ = false;
    left_ = {};
    return {};
  }
  const ByteView taken = left_.first(count);
  left_ = left_.subspan(count);
  return taken;
}

Writer& Writer::number(std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    const std::size_t shift = 8 * (endian_ == Endian::kBig ? size - 1 - i : i);
    out_.push_back(static_cast<std::uint8_t>(value >> shift));
  }
  return *this;
}

Writer& Writer::bytes(ByteView more) {
  append(out_, more);
  return *this;
}

Writer& Writer::zeros(std::size_t count) {
  out_.insert(out_.end(), count, 0);
  return *this;
}

std::string printable(std::string_view text, std::size_t most) {
  std::string out(text.substr(0, most));
  for (char& c : out) {
    if (c < 0x20 || c > 0x7E) c = '?';
  }
  if (text.size() > most) out += "...";
  return out;
}

}  // namespace gatehouse::attest
