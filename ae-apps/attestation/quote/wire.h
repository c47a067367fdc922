#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::attest {

enum class Endian : std::uint8_t { kBig, kLittle };

/// Reads fixed-size numbers and counted bytes from a view that outlives it. The first read past the
/// end makes this bad; from then on all reads give zero or nothing, so a parser is a list of reads
/// with one look at good() behind it. What is counted is never larger than what is left.
class Reader {
 public:
  explicit Reader(ByteView bytes, Endian endian = Endian::kBig) : left_(bytes), endian_(endian) {}

  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::uint64_t u64() { return number(8); }
  ByteView bytes(std::size_t count);
  ByteView sized16() { return bytes(u16()); }  ///< a TPM2B
  ByteView sized32() { return bytes(u32()); }

  std::size_t left() const { return left_.size(); }
  bool good() const { return good_; }
  /// Everything was there, and nothing is behind it.
  bool finished() const { return good_ && left_.empty(); }

 private:
  std::uint64_t number(std::size_t size);

  ByteView left_;
  Endian endian_;
  bool good_ = true;
};

/// The opposite of Reader.
class Writer {
 public:
  explicit Writer(Endian endian = Endian::kBig) : endian_(endian) {}

  Writer& u8(std::uint8_t v) { return number(v, 1); }
  Writer& u16(std::uint16_t v) { return number(v, 2); }
  Writer& u32(std::uint32_t v) { return number(v, 4); }
  Writer& u64(std::uint64_t v) { return number(v, 8); }
  Writer& bytes(ByteView more);
  Writer& zeros(std::size_t count);
  Writer& sized16(ByteView more) {
    return u16(static_cast<std::uint16_t>(more.size())).bytes(more);
  }
  Writer& sized32(ByteView more) {
    return u32(static_cast<std::uint32_t>(more.size())).bytes(more);
  }
  Bytes take() { return std::move(out_); }

 private:
  Writer& number(std::uint64_t value, std::size_t size);

  Bytes out_;
  Endian endian_;
};

/// A piece of a foreign text for an error message: what cannot be printed becomes '?'; cut
/// at `most`.
std::string printable(std::string_view text, std::size_t most = 120);

}  // namespace gatehouse::attest
