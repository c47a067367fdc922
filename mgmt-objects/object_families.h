#pragma once
#include "cse/schema/schema.h"

/// The lists of management objects, one per file of tables.
namespace gatehouse::management {

std::span<const TypeSchema> device_objects();        ///< 1001 to 1010: TS-0001 clauses D.2 to D.11
std::span<const TypeSchema> cmdh_objects();          ///< 1011 to 1019: TS-0001 clause D.12
std::span<const TypeSchema> field_device_objects();  ///< 1020 to 1031: TS-0022

}  // namespace gatehouse::management
