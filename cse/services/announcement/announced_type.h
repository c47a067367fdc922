#pragma once
#include <memory>

#include "cse/core/cse.h"

namespace gatehouse::announcement {

/// Own rules of every announced type (10001, 10002 …) at the CSE that keeps the copy.
///
/// CREATE: by the CSE that `lnk` leads to, which is registered (the core has seen to that), below
/// the CSEBase (<CSEBaseAnnc> only), below a copy of the same CSE, or where it has the privilege.
/// UPDATE, DELETE: by that CSE; a two-way copy (ast 2) is updated by whom its policies let, at the
/// original first. RETRIEVE and the like: AccessControl; without `acpi` a copy may be
/// seen by whom its parent may be seen by, up to the CSEBase.
/// Source: TS-0001 clauses 9.6.26.1 and 10.2.18, TS-0004 clause 7.3.3.15.
/// `cse` outlives the behaviour.
std::shared_ptr<const TypeBehaviour> announced_type_behaviour(Cse& cse);

}  // namespace gatehouse::announcement
