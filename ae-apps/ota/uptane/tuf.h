#pragma once
#include <functional>

#include "ae-apps/ota/uptane/verification.h"

namespace gatehouse::uptane {

/// What a plain TUF client keeps.
struct TufState {
  Timestamp latest_time;
  TrustedRepository repository;
  friend bool operator==(const TufState&, const TufState&) = default;
};
std::string encode_tuf_state(const TufState& state);
/// Errors: kBadRequest for anything that encode_tuf_state would not write.
Result<TufState> decode_tuf_state(std::string_view text);

struct TufRequest {
  Timestamp now;
  bool trust_first_root = false;
  /// Each must be described, there and good. Empty: all that are described are looked at; of these,
  /// one whose file is not there is no fault, but a delegated role that is not believed is.
  std::vector<std::string> targets;
  Limits limits;
  /// Where the bytes of a target go, before it is known whether they are good; may be empty.
  std::function<Fetcher::Sink(const std::string& name)> download;
};

struct TufOutcome {
  std::optional<Refusal> refusal;
  std::vector<TargetOutcome> targets;  ///< in `order`: as the repository describes it
  std::optional<RepositoryVersions> versions;
};

/// The client workflow of TUF: refresh, then the targets. What was verified step by step is kept,
/// also when a later step is refused. Source: TUF 1.0 section 5.
TufOutcome verify_tuf(TufState& state, Fetcher& repository, const TufRequest& request);

}  // namespace gatehouse::uptane
