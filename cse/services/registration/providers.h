#pragma once
#include <string>
#include <vector>

#include "cse/core/cse.h"

namespace gatehouse {

/// The IN-CSE of another service provider, which an agreement between both names (Mcc'). Source:
/// TS-0001 clauses 6.1 and 6.2.6.
struct PeerProvider {
  std::string cse_id;  ///< absolute: "//sp.example/id-in"
  std::string url;     ///< point of access
};

/// Reads "//sp.example/id-in=https://in.sp.example". Errors: kBadRequest naming what is wrong.
Result<PeerProvider> parse_peer_provider(const std::string& text);

/// Makes or mends the <remoteCSE> of each; those of providers no longer named go.
void remember_providers(Cse& cse, std::vector<PeerProvider> providers);

/// Where a request for another provider goes from here: its IN-CSE from our IN-CSE, our registrar
/// from below, null if there is no way. `came_from_above`: it must not go back.
Result<ResourcePtr> way_to_provider(const std::string& sp_id, bool came_from_above,
                                    CommittedView& view);

}  // namespace gatehouse
