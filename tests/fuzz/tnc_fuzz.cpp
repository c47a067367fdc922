// Any bytes are a frame of the TNC dialogue that comes out the same, or are refused with a fault
// that can be sent.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ae-apps/attestation/tnc/dialogue.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::tnc;

/// What was read and can be written is read again as the same.
template <class Parse>
void comes_out_again(ByteView bytes, Parse parse) {
  const auto value = parse(bytes);
  if (value && !(parse(encode(*value).value) == *value)) std::abort();
}

Bytes pt(PtType type, std::uint32_t id, Bytes value) {
  return encode(PtMessage{kIetf, static_cast<std::uint32_t>(type), id, std::move(value)});
}
Bytes client_data(std::uint32_t id, Bytes pa_message) {
  PbPa pa;
  pa.vendor = kTcg;
  pa.subtype = kPtsSubtype;
  pa.message = std::move(pa_message);
  return pt(PtType::kPbBatch, id, encode(PbBatch{PbBatchType::kClientData, false, {encode(pa)}}));
}

/// Two runs of a validator that has heard the right things so far: first these bytes are the
/// collector's nonce, then its evidence. It ends with a result, whatever they are.
void be_heard(ByteView bytes) {
  static const attest::KeyAgreement kKey;
  const std::string challenge = attest::encode(attest::Challenge{Bytes(32, 3), "periodic", "", 0});
  const Bytes nonce = encode(PaMessage{
      1, {encode(NonceResponse{kPtsP256, kPtsSha256, Bytes(32, 4), kKey.public_point()})}});
  for (const bool evidence : {false, true}) {
    TncServer server({[&] { return Result<std::string>(challenge); },
                      [](const std::string& text) {
                        if (!attest::parse_evidence(text)) std::abort();
                        return TncOutcome{};
                      }});
    std::uint32_t id = 0;
    static_cast<void>(server.feed(pt(PtType::kVersionRequest, id++, encode(VersionRequest{}))));
    static_cast<void>(server.feed(client_data(id++, encode(PaMessage{0, {}}))));
    if (evidence) static_cast<void>(server.feed(client_data(id++, nonce)));
    if (server.finished()) std::abort();
    const Bytes answer = server.feed(client_data(id++, Bytes(bytes.begin(), bytes.end())));
    if (answer.empty()) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const auto batch = parse_batch(bytes);
  if (batch) {
    if (parse_batch(encode(*batch)).value() != *batch) std::abort();
  } else if (!parse_batch(close_for(batch.error(), false))) {
    std::abort();
  }
  const auto message = parse_pa_message(bytes);
  if (message) {
    if (parse_pa_message(encode(*message)).value() != *message) std::abort();
  } else if (complaint_of(error_attribute(message.error())).empty()) {
    std::abort();
  }
  if (const auto pa = parse_pa(bytes)) {
    if (parse_pa(encode(*pa).value).value() != *pa) std::abort();
  }
  comes_out_again(bytes, parse_component);
  comes_out_again(bytes, parse_final);
  comes_out_again(bytes, parse_files);
  static_cast<void>(parse_component_requests(bytes));
  static_cast<void>(parse_nonce_response(bytes));
  static_cast<void>(parse_nonce_finish(bytes));
  static_cast<void>(parse_tpm_version(bytes));
  be_heard(bytes);
  TncServer server({[] { return Result<std::string>("challenge"); },
                    [](const std::string&) { return TncOutcome{}; }});
  static_cast<void>(server.feed(bytes));
  PtReader reader;
  reader.feed(bytes);
  for (;;) {
    const auto next = reader.next();
    if (!next || !*next) break;
    if (encode(**next).size() > size) std::abort();
  }
  return 0;
}
