// Any bytes are a note, a checkpoint, a proof, a record, a certificate …, or are refused; and
// nothing of it verifies by itself.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ae-apps/attestation/evidence/operation/audit.h"
#include "ae-apps/attestation/evidence/trust/time_stamp.h"
#include "ae-apps/attestation/evidence/witness/witness.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::evidence;

constexpr const char* kLogKey =
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";

void must(bool holds) {
  if (!holds) std::abort();
}

void check_texts(std::string_view text) {
  if (const auto note = parse_note(text)) must(to_text(*note) == text);
  if (const auto checkpoint = parse_checkpoint(text)) must(to_text(*checkpoint) == text);
  if (const auto key = VerifierKey::parse(text)) {
    must(VerifierKey::parse(key->to_text()) == *key);
  }
  if (const auto file = parse_proof_file(text)) must(*parse_proof_file(to_text(*file)) == *file);
  if (const auto record = decode_record(text)) must(encode(*record) == text);
  if (const auto anchors = parse_anchors(text)) must(parse_anchors(encode(*anchors)).has_value());
  if (const auto change = parse_key_change(text)) {
    std::vector<TrustedLogKey> keys = {{*VerifierKey::parse(kLogKey)}};
    must(!follow(keys, *change, change->from.name));  // nobody here has that private key
  }
}

void check_certificate(std::string_view text) {
  const auto certificate = parse_certificate(text);
  if (!certificate) return;
  must(*parse_certificate(encode(*certificate)) == *certificate);
  TrustAnchors anchors;
  anchors.logs = {*VerifierKey::parse(kLogKey)};
  anchors.roles = {{"device", ""}, {"center", ""}, {"verifier", ""}};
  must(!audit_certificate(*certificate, anchors));
}

void check_witness(std::string_view body) {
  static const NoteSigner signer = *NoteSigner::make(
      "w", SignatureType::kCosignature, *crypto::SigningKey::generate(crypto::Algorithm::kEd25519));
  SimulatedMedium medium;
  Witness witness(medium, signer, {{*VerifierKey::parse(kLogKey)}}, [] { return 1; });
  must(witness.add_checkpoint(body).status != 200);
}

void check_bundle(ByteView bytes) {
  if (bytes.empty()) return;
  const auto entries = entries_of(bytes.subspan(1), bytes[0]);
  if (!entries) return;
  Bytes again;
  for (const ByteView entry : *entries) append_bundled(again, entry);
  must(std::equal(again.begin(), again.end(), bytes.begin() + 1, bytes.end()));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const std::string_view text = text_of(bytes);
  check_texts(text);
  check_certificate(text);
  check_witness(text);
  check_bundle(bytes);
  must(!verify_stamp(bytes, view_of("data"), ""));
  static_cast<void>(match_response(bytes, bytes));
  return 0;
}
