#pragma once
#include "cse/core/procedures.h"

namespace gatehouse {

// A <subscription> names in acrs the <crossResourceSubscription>s that need it. Where both are in
// this CSE, each follows the other within one transaction; to another CSE a notification goes.
// Source: TS-0004 clauses 7.4.8.2.3, 7.4.8.2.4, 7.5.1.2.4 and 7.4.58.2.4.

/// A subscription is about to go: so do those that need it.
Result<void> end_links(const ResourcePtr& subscription, OperationContext& context);

/// An UPDATE has taken identifiers out of acrs: those go.
/// `attributes`, the subscription as it will be, no longer notifies them.
Result<void> end_removed_links(const Resource& before, Value& attributes,
                               OperationContext& context);

/// Is its deletion under way in this transaction?
bool is_going(const Resource& resource);
/// Marks it so; null-safe for a resource that is gone already.
Result<void> mark_going(const ResourceId& id, OperationContext& context);

}  // namespace gatehouse
