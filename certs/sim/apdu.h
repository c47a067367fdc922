#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace gatehouse::sim {

using Bytes = std::vector<std::uint8_t>;
using ByteView = std::span<const std::uint8_t>;

/// SW1-SW2, the two bytes behind every answer of a card. Source: ISO/IEC 7816-4 clause 5.6.
enum class Status : std::uint16_t {
  kDone = 0x9000,
  kMoreData = 0x6100,       ///< SW2: how many bytes GET RESPONSE fetches, 0 for 256 and more
  kTriesLeft = 0x63C0,      ///< a wrong PIN; the lowest four bits: how many tries are left
  kMemoryFailure = 0x6581,  ///< what has to last could not be written
  kWrongLength = 0x6700,
  kNoLogicalChannel = 0x6881,
  kNoSecureMessaging = 0x6882,
  kChainExpected = 0x6883,  ///< another command in the middle of a chain
  kNoChaining = 0x6884,
  kSecurityStatus = 0x6982,  ///< a PIN comes first
  kBlocked = 0x6983,         ///< no tries left
  kConditions = 0x6985,
  kWrongData = 0x6A80,
  kFileNotFound = 0x6A82,
  kWrongParameters = 0x6A86,  ///< P1-P2
  kReferenceNotFound = 0x6A88,
  kWrongInstruction = 0x6D00,
  kWrongClass = 0x6E00,
};

/// A command APDU, short or extended. Source: ISO/IEC 7816-4 clause 5.1.
struct Command {
  std::uint8_t cla = 0, ins = 0, p1 = 0, p2 = 0;
  Bytes data;
  std::optional<std::size_t> expected;  ///< Ne, 1..65536; absent: no bytes of answer are expected
};

/// Pure and total: any bytes give a command, or kWrongLength.
std::variant<Command, Status> parse_command(ByteView bytes);

/// The answer: data, then the status.
Bytes answer(ByteView data, Status status);
inline Bytes answer(Status status) { return answer({}, status); }

// BER-TLV. Source: ISO/IEC 7816-4 clause 5.2.2; tags of up to three bytes, lengths below 65536.

struct Tlv {
  std::uint32_t tag = 0;
  ByteView value;
};
/// The first object; `rest` is what follows it. nullopt, and `rest` as it was, when it is none.
std::optional<Tlv> read_tlv(ByteView& rest);
/// The value of the first object of this tag; nullopt if there is none, or what is before it is
/// malformed.
std::optional<ByteView> find_tlv(ByteView objects, std::uint32_t tag);
void append_tlv(Bytes& out, std::uint32_t tag, ByteView value);
Bytes tlv(std::uint32_t tag, ByteView value);

}  // namespace gatehouse::sim
