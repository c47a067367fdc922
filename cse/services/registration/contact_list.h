#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// <AEContactList> and <AEContactListPerCSE>: the CSE's own; requests may only read them. An IN-CSE
/// has one <AEContactList>, made with its CSEBase. Source: TS-0001 clauses 9.6.45, 9.6.46; TS-0004
/// clauses 7.4.46, 7.4.47.
void add_contact_list(Cse& cse);

}  // namespace gatehouse
