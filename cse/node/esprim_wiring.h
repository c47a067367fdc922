#pragma once
#include <memory>

#include "cse/node/settings.h"
#include "cse/node/system_scheduler.h"
#include "cse/services/esprim/advertise.h"
#include "cse/services/esprim/esprim.h"

namespace gatehouse::node {

/// The gate before `next` with the keys of the file; both outlive it. Errors: kInternalServerError
/// naming the option and the line.
Result<std::unique_ptr<EsPrimGate>> open_esprim(const NodeSettings& settings,
                                                PrimitiveHandler& next,
                                                const SystemScheduler& scheduler);

}  // namespace gatehouse::node
