#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/quote/event_log.h"

namespace gatehouse::attest {

/// Something that was started before the operating system: what a machine without firmware of its
/// own measures in its place.
struct BootStage {
  unsigned pcr = 0;
  std::string name;  ///< the event's text: "loader 2.1"
};

/// A TCG boot log, crypto agile, of the SHA-256 bank, with an EV_ACTION for each stage.
Bytes make_boot_log(const std::vector<BootStage>& stages);

}  // namespace gatehouse::attest
