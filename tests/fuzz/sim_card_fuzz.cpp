// Any bytes as messages of a reader to the simulated SIM, and as its state: each command gets a
// status, no answer holds a private key, tries come back only with the right PIN.
#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "certs/sim/reader.h"

namespace {

using namespace gatehouse;

void require(bool truth) {
  if (!truth) std::abort();
}

const sim::State& new_state() {
  static const sim::State state = *sim::personalise("oem", "123456", "87654321");
  return state;
}

bool holds(const sim::Bytes& answer, const sim::Bytes& secret) {
  return std::search(answer.begin(), answer.end(), secret.begin(), secret.end()) != answer.end();
}

/// Messages with one byte of length each, as a reader's wire has two.
void talk(sim::ByteView input) {
  int writes = 0;
  sim::Card card(new_state(), [&writes](const sim::State&) {
    ++writes;
    return Result<void>();
  });
  while (!input.empty() && writes < 8) {  // a PIN costs milliseconds
    const std::size_t size = std::min<std::size_t>(input[0], input.size() - 1);
    const auto reply = sim::respond(card, input.subspan(1, size));
    input = input.subspan(1 + size);
    if (!reply) continue;
    require(reply->size() >= 2);
    for (const sim::CardKey& key : new_state().keys) require(!holds(*reply, key.private_key));
    require(card.state().pin.tries_left <= sim::kMaxTries);
  }
  require(card.state().keys == new_state().keys);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  if (data[0] == 'g') {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto state = sim::state_from_text(text)) {
      require(*sim::state_from_text(sim::to_text(*state)) == *state);
    }
    return 0;
  }
  talk({data, size});
  return 0;
}
