#pragma once
#include <memory>

#include "bindings/security/psk_table.h"
#include "cse/node/settings.h"
#include "cse/node/system_scheduler.h"
#include "cse/services/esprim/advertise.h"
#include "cse/services/esprim/esprim.h"

namespace gatehouse::node {

/// The gate before `next`, which outlives it, with the keys of the file (may be none) and of the
/// MAF (may be null). Errors: kInternalServerError naming the option and the line.
Result<std::unique_ptr<EsPrimGate>> open_esprim(const NodeSettings& settings,
                                                PrimitiveHandler& next,
                                                const SystemScheduler& scheduler,
                                                std::shared_ptr<PskSource> maf);

}  // namespace gatehouse::node
