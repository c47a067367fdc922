#pragma once
#include <memory>
#include <string>

#include "cse/core/behaviour.h"

namespace gatehouse {

/// The two ends of the link between an <AE> (nodeLink) and the <node> it runs on (hostedAELinks),
/// which this CSE keeps alike. Source: TS-0001 clauses 9.6.5 (nodeLink) and 9.6.18 (hostedAELinks).

/// The AE leaves the node at the address `from` and comes to the one at `to`; empty: none. A node
/// of another CSE keeps its own list.
Result<void> move_hosted_ae(const Resource& ae, const std::string& from, const std::string& to,
                            OperationContext& context);

/// <node>: when it goes, no <AE> points to it any more.
std::shared_ptr<const TypeBehaviour> node_behaviour();

}  // namespace gatehouse
