#pragma once
#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::uptane {

/// Reads what Uptane puts into the `custom` member of a target, under all names in use:
/// - ECUs: `ecuIdentifiers` / `ecu_identifiers` (object of serial -> {"hardwareId": …}, or a list
/// of
///   serials), `ecuIdentifier` / `ecu_identifier` / `ecu_serial` (one serial);
/// - hardware: `hardwareIds` / `hardware_ids` (list), `hardwareId` / `hardware_id` / `hardware_ID`;
/// - beside an ECU's hardware id: `release`, 1 to 64 of [A-Za-z0-9._-];
/// - `releaseCounter` / `release_counter`; `uri` / `url`.
/// Errors: kMalformed for a member of the wrong type.
Checked<void> read_custom(const Value& custom, TargetRecord& target);

/// Of the hardware ids of a target or a delegation; absent: empty.
Checked<std::vector<std::string>> read_hardware_ids(const Value& object);

}  // namespace gatehouse::uptane
