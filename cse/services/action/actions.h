#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <set>

#include "cse/core/cse.h"

namespace gatehouse {

/// <action> and <dependency>: what the CSE does by itself when an attribute of a resource fulfils
/// a criterion.
///
/// After the commit of a change of the subject (sri, or the action's parent), also of one that the
/// CSE made itself (cni, say), the criterion (evc) is looked at; if it and the dependencies (dep)
/// are fulfilled, the primitive (apv) is sent to the object (orc) as the originator who created the
/// action, and its answer is kept (air). Of several actions the one of the lowest actionPriority
/// (apy) goes first. evalMode: 1 once; 2 at most once in each period of ecp milliseconds since the
/// mode was set; 3 ecp times. Source: TS-0001 (R4) clauses 9.6.61, 9.6.62 and 10.2.25.
class Actions final : public CommitListener {
 public:
  struct Settings {
    std::int64_t default_period_ms = 10'000;  ///< evm 2 without ecp
    std::int64_t shortest_period_ms = 100;    ///< an action may change its own subject
    std::int64_t default_count = 1;           ///< evm 3 without ecp
    std::int64_t max_count = 1'000'000;
  };
  /// Adds itself to `cse`, which outlives this. Before cse.start().
  explicit Actions(Cse& cse) : Actions(cse, Settings{}) {}
  Actions(Cse& cse, Settings settings);

  void committed(const Committed& event) override;

 private:
  void load();
  void index(const Resource& action);
  void unindex(const ResourceId& action);
  void attempt(const ResourceId& action);
  void send(const ResourceId& action, Request request);

  Cse& cse_;
  const Settings settings_;
  // Of the write lane: by subject, and back.
  bool loaded_ = false;
  std::map<ResourceId, std::set<ResourceId>> by_subject_;
  std::map<ResourceId, ResourceId> subject_of_;
};

}  // namespace gatehouse
