// libcoap refuses a message with a critical option that was not registered, and has room for two
// registered numbers above 255; oneM2M has over twenty, half of them odd and so critical. So its
// test is wrapped (linker option --wrap, hence the static library): a context that registered two
// numbers that nobody uses takes every option from 256 to 400, and mapping.h refuses those that are
// not oneM2M's. The same function serves libcoap's own option iterators, which must not be misled:
// they never have both marks in their filters.
#include "bindings/coap/option_filter.h"

#include <coap3/coap.h>

#include <cstdint>

namespace {

constexpr std::uint16_t kMarks[] = {65001, 65003};
constexpr std::uint16_t kFirst = 256, kLast = 400;

}  // namespace

extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier): the names that the linker wants
int __real_coap_option_filter_get(coap_opt_filter_t* filter, coap_option_num_t number);
int __wrap_coap_option_filter_get(coap_opt_filter_t* filter, coap_option_num_t number) {
  const bool marked = __real_coap_option_filter_get(filter, kMarks[0]) > 0 &&
                      __real_coap_option_filter_get(filter, kMarks[1]) > 0;
  if (marked && number >= kFirst && number <= kLast) return 1;
  return __real_coap_option_filter_get(filter, number);
}
// NOLINTEND(bugprone-reserved-identifier)
}

namespace gatehouse::coap {

void admit_onem2m_options(coap_context_t* context) {
  for (const std::uint16_t mark : kMarks) coap_register_option(context, mark);
}

}  // namespace gatehouse::coap
