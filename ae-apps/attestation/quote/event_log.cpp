#include "ae-apps/attestation/quote/event_log.h"

#include "ae-apps/attestation/quote/wire.h"

namespace gatehouse::attest {

Error bad_entry(std::size_t number, std::string_view name, const std::string& reason) {
  std::string where = "log: entry " + std::to_string(number);
  if (!name.empty()) where += " (" + printable(name) + ")";
  return {Rsc::kBadRequest, where + ": " + reason};
}

Result<EventLog> parse_event_log(ByteView bytes) {
  if (bytes.empty()) return fail(Rsc::kBadRequest, "log: empty");
  if (bytes.size() > kMaxLogBytes) return fail(Rsc::kNotAcceptable, "log: more than 64 MiB");
  if (bytes[0] >= '0' && bytes[0] <= '9' && bytes.size() > 2 &&
      (bytes[1] == ' ' || bytes[2] == ' ')) {
    return parse_ima_ascii(text_of(bytes));
  }
  Reader in(bytes, Endian::kLittle);
  const std::uint32_t pcr = in.u32();
  const std::uint32_t second = in.u32();
  constexpr std::uint32_t kCelNumberSize = 8;  // big-endian 0, 0, 0, 8 behind a type of 0
  if (pcr == 0 && (second & 0xFF) == kCelNumberSize) return parse_cel(bytes);
  if (pcr == 0 && second == 3) return parse_boot_log(bytes);
  if (pcr < kPcrCount && pcr != 0) return parse_ima_binary(bytes);
  return fail(Rsc::kBadRequest,
              "log: neither a TCG boot log, nor one of IMA, nor a canonical event log");
}

}  // namespace gatehouse::attest
