#include "ae-apps/ota/uds/nrc.h"

#include <algorithm>
#include <iterator>

namespace gatehouse::uds {
namespace {

struct Row {
  std::uint8_t first;
  std::uint8_t last;
  Advice advice;
  std::string_view text;
};

// Source: ISO 14229-1 annex A.1, with what a flasher does about each.
constexpr Row kRows[] = {
    {0x10, 0x10, Advice::kStop, "general reject"},
    {0x11, 0x11, Advice::kStop, "service not supported"},
    {0x12, 0x12, Advice::kStop, "subfunction not supported"},
    {0x13, 0x13, Advice::kStop, "incorrect message length or format"},
    {0x14, 0x14, Advice::kStop, "response too long"},
    {0x21, 0x21, Advice::kRepeat, "busy, repeat request"},
    {0x22, 0x22, Advice::kDefer, "conditions not correct"},
    {0x24, 0x24, Advice::kRestartTransfer, "request sequence error"},
    {0x25, 0x25, Advice::kStop, "no response from subnet component"},
    {0x26, 0x26, Advice::kStop, "failure prevents execution of requested action"},
    {0x31, 0x31, Advice::kStop, "request out of range"},
    {0x33, 0x33, Advice::kUnlock, "security access denied"},
    {0x34, 0x34, Advice::kUnlock, "authentication required"},
    {0x35, 0x35, Advice::kReportAttack, "invalid key"},
    {0x36, 0x36, Advice::kReportAttack, "exceeded number of attempts"},
    {0x37, 0x37, Advice::kDefer, "required time delay not expired"},
    {0x38, 0x38, Advice::kStop, "secure data transmission required"},
    {0x39, 0x39, Advice::kStop, "secure data transmission not allowed"},
    {0x3A, 0x3A, Advice::kReportAttack, "secure data verification failed"},
    {0x50, 0x50, Advice::kReportAttack, "certificate: invalid time period"},
    {0x51, 0x51, Advice::kReportAttack, "certificate: invalid signature"},
    {0x52, 0x52, Advice::kReportAttack, "certificate: invalid chain of trust"},
    {0x53, 0x53, Advice::kReportAttack, "certificate: invalid type"},
    {0x54, 0x54, Advice::kReportAttack, "certificate: invalid format"},
    {0x55, 0x55, Advice::kReportAttack, "certificate: invalid content"},
    {0x56, 0x56, Advice::kReportAttack, "certificate: invalid scope"},
    {0x57, 0x57, Advice::kReportAttack, "certificate: revoked"},
    {0x58, 0x58, Advice::kReportAttack, "ownership verification failed"},
    {0x59, 0x59, Advice::kReportAttack, "challenge calculation failed"},
    {0x5A, 0x5A, Advice::kReportAttack, "setting access rights failed"},
    {0x5B, 0x5B, Advice::kReportAttack, "session key creation or derivation failed"},
    {0x5C, 0x5C, Advice::kReportAttack, "configuration data usage failed"},
    {0x5D, 0x5D, Advice::kReportAttack, "de-authentication failed"},
    {0x70, 0x70, Advice::kStop, "upload or download not accepted"},
    {0x71, 0x71, Advice::kRestartTransfer, "transfer data suspended"},
    {0x72, 0x72, Advice::kStop, "general programming failure"},
    {0x73, 0x73, Advice::kRestartTransfer, "wrong block sequence counter"},
    {0x78, 0x78, Advice::kWait, "request correctly received, response pending"},
    {0x7E, 0x7E, Advice::kChangeSession, "subfunction not supported in active session"},
    {0x7F, 0x7F, Advice::kChangeSession, "service not supported in active session"},
    {0x81, 0x81, Advice::kDefer, "engine speed too high"},
    {0x82, 0x82, Advice::kDefer, "engine speed too low"},
    {0x83, 0x83, Advice::kDefer, "engine is running"},
    {0x84, 0x84, Advice::kDefer, "engine is not running"},
    {0x85, 0x85, Advice::kDefer, "engine run time too low"},
    {0x86, 0x86, Advice::kDefer, "temperature too high"},
    {0x87, 0x87, Advice::kDefer, "temperature too low"},
    {0x88, 0x88, Advice::kDefer, "vehicle speed too high"},
    {0x89, 0x89, Advice::kDefer, "vehicle speed too low"},
    {0x8A, 0x8A, Advice::kDefer, "throttle or pedal too high"},
    {0x8B, 0x8B, Advice::kDefer, "throttle or pedal too low"},
    {0x8C, 0x8C, Advice::kDefer, "transmission not in neutral"},
    {0x8D, 0x8D, Advice::kDefer, "transmission not in gear"},
    {0x8F, 0x8F, Advice::kDefer, "brake not applied"},
    {0x90, 0x90, Advice::kDefer, "shifter lever not in park"},
    {0x91, 0x91, Advice::kDefer, "torque converter clutch locked"},
    {0x92, 0x92, Advice::kDefer, "voltage too high"},
    {0x93, 0x93, Advice::kDefer, "voltage too low"},
    {0x94, 0x94, Advice::kDefer, "resource temporarily not available"},
    {0xF0, 0xFE, Advice::kStop, "manufacturer's condition not correct"},
};
constexpr bool sorted() {
  for (std::size_t i = 1; i < std::size(kRows); ++i) {
    if (kRows[i - 1].last >= kRows[i].first) return false;
  }
  return true;
}
static_assert(sorted());

const Row* row_of(Nrc nrc) {
  const auto code = static_cast<std::uint8_t>(nrc);
  const auto* row = std::lower_bound(std::begin(kRows), std::end(kRows), code,
                                     [](const Row& r, std::uint8_t c) { return r.last < c; });
  return row != std::end(kRows) && row->first <= code ? row : nullptr;
}

}  // namespace

std::string_view text_of(Nrc nrc) {
  const Row* row = row_of(nrc);
  return row == nullptr ? "reserved code" : row->text;
}

Advice advice_of(Nrc nrc) {
  const Row* row = row_of(nrc);
  return row == nullptr ? Advice::kStop : row->advice;
}

std::string describe(Nrc nrc) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto code = static_cast<std::uint8_t>(nrc);
  std::string out = "NRC 0x";
  out += kDigits[code >> 4];
  out += kDigits[code & 15];
  return out.append(" (").append(text_of(nrc)).append(")");
}

}  // namespace gatehouse::uds
