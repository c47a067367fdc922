#pragma once
#include <string>
#include <vector>

#include "tests/ae-apps/ota/uptane/vehicle_world.h"

namespace gatehouse::uptane {

/// One attack that is mounted, and what becomes of it. Source: Uptane standard 2.1 section 4.3.
struct AttackRow {
  const char* attack;
  const char* stolen;  ///< keys in the attacker's hands; everybody may be the man in the middle
  const char* means;
  const char* outcome;  ///< "accepted" or the reason
  std::string (*mount)(VehicleWorld& world);
};

const std::vector<AttackRow>& attack_table();

}  // namespace gatehouse::uptane
