#pragma once
#include "ae-apps/ota/gateway/board.h"
#include "ae-apps/ota/gateway/settings.h"

namespace gatehouse::gateway {

/// Why this ECU must not be updated yet: another one does not run what it needs, as far as the
/// gateway has seen. nullopt: nothing stands against it.
std::optional<std::string> unmet_need(const EcuEntry& entry, const Board& board);

}  // namespace gatehouse::gateway
