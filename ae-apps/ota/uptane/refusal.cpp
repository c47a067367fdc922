#include "ae-apps/ota/uptane/refusal.h"

#include <array>

namespace gatehouse::uptane {

std::string_view name_of(Reason reason) {
  static constexpr std::array<std::string_view, 27> kNames = {
      "malformed",       "unsupported",       "missing",
      "too-large",       "too-slow",          "wrong-type",
      "threshold",       "illegal-threshold", "duplicate-signature",
      "bad-key-id",      "expired",           "rollback",
      "root-version",    "mix-and-match",     "director-delegates",
      "repeated-ecu",    "unknown-ecu",       "wrong-vehicle",
      "wrong-hardware",  "not-in-images",     "repositories-disagree",
      "release-counter", "delegation",        "image-missing",
      "image-length",    "image-hash",        "replay",
  };
  static_assert(static_cast<std::size_t>(Reason::kReplay) + 1 == kNames.size());
  return kNames.at(static_cast<std::size_t>(reason));
}

}  // namespace gatehouse::uptane
