#pragma once
#include "cse/core/cse.h"
#include "cse/dialect/dialects.h"
#include "cse/node/settings.h"

/// From the configuration of dialects to what accepts them.
namespace gatehouse::node {

/// The switches that are on: the profile's, those named, and what an older key says.
SwitchSet switches_of(const NodeSettings& settings);

/// Tells the core which of them are its own.
void apply_switches(NodeSettings& settings);

/// All outlive what is made of it.
DialectFacts dialect_facts(const NodeSettings& settings, const Schemas& schemas, Cse& cse);

/// Do notifications need a DialectSender?
bool sends_in_dialect(const Dialects& dialects);
DialectSender::IsAe is_ae_of(Cse& cse);

/// Two counters for each switch, as Prometheus text.
std::string dialect_metrics(const DialectCounters& counters);

/// The table of switches and profiles for `gatehouse-cse options`.
std::string list_of_switches();

}  // namespace gatehouse::node
