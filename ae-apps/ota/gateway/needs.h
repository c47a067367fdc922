#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/gateway/board.h"
#include "ae-apps/ota/gateway/settings.h"

namespace gatehouse::gateway {

/// Why these ECUs must not be updated, alone or together: one of them does not run what another
/// needs, or what it would not bear beside it, as far as the gateway has seen. `planned`: versions
/// by serial number. nullopt: nothing stands against it.
std::optional<std::string> objection_to(const std::vector<EcuEntry>& ecus,
                                        const std::map<std::string, std::string>& planned,
                                        const Board& board);

/// The same for what an image's manifest requires (image/requirements.h). `requirements`: an item a
/// line.
std::optional<std::string> unmet_requirement(const std::vector<EcuEntry>& ecus,
                                             const std::string& requirements,
                                             const std::map<std::string, std::string>& planned,
                                             const Board& board);

}  // namespace gatehouse::gateway
