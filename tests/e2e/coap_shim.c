// Loaded into libcoap's own client, which otherwise drops every answer with an option that it does
// not know: lets those of oneM2M through. Only the set of options registered by the user is empty
// in that program.
#include <stdint.h>

struct filter {
  uint16_t mask, long_options[2];
  uint8_t short_options[6];
};

int coap_option_filter_get(struct filter *filter, uint16_t number) {
  if (filter->mask == 0) return number >= 256 && number <= 400;
  for (int i = 0; i < 2; ++i) {
    if ((filter->mask & (1 << i)) && filter->long_options[i] == number) return 1;
  }
  for (int i = 0; i < 6; ++i) {
    if ((filter->mask & (1 << (i + 2))) && filter->short_options[i] == number) return 1;
  }
  return 0;
}
