// Topics and broker URLs come from strangers: any bytes give a value or an Error, and what was read
// is written the same.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "bindings/mqtt/broker_url.h"
#include "bindings/mqtt/topics.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::mqtt;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto topic = parse_topic(text)) {
    if (to_text(*topic) != text) std::abort();
    const auto identities = identities_of(topic->originator, "/id-in");
    if (identities.empty()) std::abort();
    for (const auto& identity : identities) {
      if (!may_originate(topic->originator, identity, "/id-in")) std::abort();
    }
    if (topic_form(id_of_topic_form(topic->receiver)) != topic->receiver) std::abort();
  }
  if (const auto url = parse_broker_url(text)) {
    if (url->host.empty() || url->port == 0) std::abort();
  }
  return 0;
}
