#include "ae-apps/ota/uds/nrc.h"

#include <gtest/gtest.h>

#include <set>

namespace gatehouse::uds {
namespace {

struct NrcCase {
  int code;
  const char* text;
  Advice advice;
};

// ISO 14229-1 annex A.1
TEST(Nrc, HasItsTextAndAdvice) {
  const NrcCase cases[] = {
      {0x10, "general reject", Advice::kStop},
      {0x21, "busy, repeat request", Advice::kRepeat},
      {0x22, "conditions not correct", Advice::kDefer},
      {0x24, "request sequence error", Advice::kRestartTransfer},
      {0x33, "security access denied", Advice::kUnlock},
      {0x35, "invalid key", Advice::kReportAttack},
      {0x36, "exceeded number of attempts", Advice::kReportAttack},
      {0x37, "required time delay not expired", Advice::kDefer},
      {0x51, "certificate: invalid signature", Advice::kReportAttack},
      {0x71, "transfer data suspended", Advice::kRestartTransfer},
      {0x72, "general programming failure", Advice::kStop},
      {0x73, "wrong block sequence counter", Advice::kRestartTransfer},
      {0x78, "request correctly received, response pending", Advice::kWait},
      {0x7E, "subfunction not supported in active session", Advice::kChangeSession},
      {0x7F, "service not supported in active session", Advice::kChangeSession},
      {0x88, "vehicle speed too high", Advice::kDefer},
      {0x93, "voltage too low", Advice::kDefer},
      {0xF5, "manufacturer's condition not correct", Advice::kStop},
  };
  for (const NrcCase& c : cases) {
    const auto nrc = static_cast<Nrc>(c.code);
    EXPECT_EQ(text_of(nrc), c.text);
    EXPECT_EQ(advice_of(nrc), c.advice) << c.text;
  }
}

TEST(Nrc, HasATextForEveryByte) {
  std::set<std::string_view> texts;
  int reserved = 0;
  for (int code = 0; code < 256; ++code) {
    const auto text = text_of(static_cast<Nrc>(code));
    ASSERT_FALSE(text.empty());
    if (text == "reserved code") {
      ++reserved;
    } else {
      texts.insert(text);
    }
  }
  EXPECT_EQ(texts.size() + static_cast<std::size_t>(reserved) + 14, 256u) << "F0-FE share one text";
  EXPECT_EQ(describe(Nrc::kWrongBlockSequenceCounter), "NRC 0x73 (wrong block sequence counter)");
}

}  // namespace
}  // namespace gatehouse::uds
