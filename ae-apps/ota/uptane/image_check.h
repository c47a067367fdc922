#pragma once
#include "ae-apps/ota/uptane/fetcher.h"
#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::uptane {

/// Fetches an image under the first of these names that exists, and checks length and every known
/// hash while it comes. `sink` gets the same pieces (into a file that is only used if this is
/// good); may be empty. Source: Uptane standard 2.1 section 5.4.3.5. Errors: kImageMissing,
/// kImageLength (also endless data), kImageHash, kTooSlow, kUnsupported if no hash is of a known
/// kind.
Checked<void> check_image(Fetcher& fetcher, const std::vector<std::string>& names,
                          const TargetRecord& target, const Fetcher::Sink& sink = {});

}  // namespace gatehouse::uptane
