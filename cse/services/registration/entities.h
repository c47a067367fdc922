#pragma once
#include <memory>

#include "cse/core/behaviour.h"
#include "cse/services/registration/provider_aes.h"
#include "cse/services/registration/registration.h"

namespace gatehouse {

/// <CSEBase>: made at the first start; no request creates, updates or deletes it. Source: TS-0004
/// clause 7.4.3.
std::shared_ptr<const TypeBehaviour> csebase_behaviour();
/// <AE>: assigns or accepts the AE-ID; `provider` gives those that begin with 'S'. Source: TS-0001
/// clause 10.2.1.2, TS-0004 clause 7.4.5.
std::shared_ptr<const TypeBehaviour> ae_behaviour(std::shared_ptr<ProviderAes> provider);
/// <remoteCSE>: a CSE registers. Source: TS-0001 clause 10.2.2.7, TS-0004 clause 7.4.4.
std::shared_ptr<const TypeBehaviour> remote_cse_behaviour(std::vector<std::string> allowed_cses,
                                                          std::string administrator);

}  // namespace gatehouse
