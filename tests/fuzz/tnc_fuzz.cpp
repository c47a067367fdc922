// Any bytes are a frame of the TNC dialogue that comes out the same, or are refused with a fault
// that can be sent.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ae-apps/attestation/tnc/dialogue.h"
#include "ae-apps/attestation/tnc/pa_tnc.h"
#include "ae-apps/attestation/tnc/pb_tnc.h"
#include "ae-apps/attestation/tnc/pt_tls.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse;
  using namespace gatehouse::tnc;
  const ByteView bytes(data, size);
  const auto batch = parse_batch(bytes);
  if (batch) {
    if (parse_batch(encode(*batch)).value() != *batch) std::abort();
  } else if (!parse_batch(close_for(batch.error(), false))) {
    std::abort();
  }
  if (const auto message = parse_pa_message(bytes)) {
    if (parse_pa_message(encode(*message)).value() != *message) std::abort();
  }
  if (const auto pa = parse_pa(bytes)) {
    if (parse_pa(encode(*pa).value).value() != *pa) std::abort();
  }
  TncServer server({[] { return Result<std::string>("challenge"); },
                    [](const std::string&) { return TncOutcome{}; }});
  static_cast<void>(server.feed(bytes));
  PtReader reader;
  reader.feed(bytes);
  for (;;) {
    const auto message = reader.next();
    if (!message || !*message) break;
    if (encode(**message).size() > size) std::abort();
  }
  return 0;
}
