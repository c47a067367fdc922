// Any bytes are metadata, or are refused with a reason; nobody who has no key is ever believed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "ae-apps/ota/uptane/canonical.h"
#include "ae-apps/ota/uptane/path_pattern.h"
#include "ae-apps/ota/uptane/tuf.h"
#include "ae-apps/ota/uptane/version_manifest.h"
#include "cse/codec/json.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::uptane;

/// A repository in which every file has the same content.
class SameEverywhere final : public Fetcher {
 public:
  explicit SameEverywhere(ByteView bytes) : bytes_(bytes) {}
  FetchStatus fetch(const std::string&, std::uint64_t max_bytes, const Sink& sink) override {
    if (bytes_.size() > max_bytes) return FetchStatus::kTooLarge;
    sink(bytes_);
    return FetchStatus::kFound;
  }

 private:
  ByteView bytes_;
};

/// Every form but the first is JSON, and reads back as the same value.
void check_forms(std::string_view text) {
  const auto value = parse_json(text);
  if (!value) return;
  const std::vector<std::string> forms = signing_forms(*value);
  for (std::size_t i = 1; i < forms.size(); ++i) {
    const auto again = parse_json(forms[i]);
    if (!again || !(*again == *value)) std::abort();
  }
}

void check_metadata(std::string_view text) {
  const auto envelope = parse_envelope(text);
  if (!envelope) return;
  for (const Profile profile : {Profile::kTuf, Profile::kDirector, Profile::kImages}) {
    const auto root = parse_root(envelope->content, profile);
    if (root) {
      for (const auto& [name, role] : root->roles) {
        if (role.threshold == 0) std::abort();
      }
    }
    (void)parse_timestamp_metadata(envelope->content, profile).has_value();
    (void)parse_snapshot(envelope->content, profile).has_value();
    const auto targets = parse_targets(envelope->content, profile);
    if (targets && profile == Profile::kDirector && !targets->delegations.empty()) std::abort();
  }
}

void check_verification(ByteView bytes) {
  SameEverywhere files(bytes);
  VehicleState state;
  VerifyRequest request;
  request.trust_first_root = true;
  const VehicleState before = state;
  if (!verify_full(state, files, files, request).refusal) std::abort();
  if (!(state == before)) std::abort();
  TufState tuf_state;
  TufRequest tuf_request;
  tuf_request.trust_first_root = true;
  if (!verify_tuf(tuf_state, files, tuf_request).refusal) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const ByteView bytes(data, size);
  const std::string_view text = text_of(bytes);
  check_forms(text);
  check_metadata(text);
  check_verification(bytes);
  (void)parse_iso_time(text).has_value();
  const std::size_t half = text.size() / 2;
  (void)path_matches(text.substr(0, half), text.substr(half));
  if (const auto state = decode_vehicle_state(text)) {
    const auto again = decode_vehicle_state(encode_vehicle_state(*state));
    if (!again || !(*again == *state)) std::abort();
  }
  return 0;
}
