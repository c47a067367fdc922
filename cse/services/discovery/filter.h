#pragma once
#include <set>

#include "cse/core/cse.h"

namespace gatehouse {

/// What every resource that matches surely has, for those who look for candidates in an index. An
/// empty list or nullopt: anything. Only filters whose conditions must all hold need something.
struct FilterNeeds {
  std::set<int> types;              ///< asked for, or implied by what only they have
  std::vector<std::string> labels;  ///< one of them; may hold `*`
  std::optional<Timestamp> created_after, created_before, modified_since, expires_before;
  bool allows(int type) const { return types.empty() || types.contains(type); }
};

/// Filter criteria, read and checked once, then asked for many resources. Source: TS-0001
/// clause 8.1.2 (filterCriteria), TS-0004 clause 7.3.3.17.
class Filter {
 public:
  /// `criteria` outlives the filter. Errors: 5001 for conditions this node does not have; those of
  /// the conditions of other services.
  static Result<Filter> prepare(const FilterCriteria& criteria, const std::string& originator,
                                const Extensions& extensions, const Schemas& schemas);

  Result<bool> matches(const ResourcePtr& resource, ResourceReader& resources) const;
  const FilterNeeds& needs() const { return needs_; }

 private:
  using Condition = FilterCondition::Test;
  template <class Test>
  void add(Test test) {
    conditions_.push_back([test](const ResourcePtr& resource, ResourceReader&) -> Result<bool> {
      return test(*resource);
    });
  }
  void add_own(const FilterCriteria& criteria);
  void add_attributes(const std::vector<AttributeCondition>& conditions);
  void add_neighbours(const FilterCriteria& criteria);
  Result<void> add_content(const FilterCriteria& criteria);
  Result<void> add_extensions(const FilterCriteria& criteria, const std::string& originator,
                              const Extensions& extensions);
  void learn_needs(const FilterCriteria& criteria, const Schemas& schemas);

  std::vector<Condition> conditions_;  ///< cheap ones first
  std::int64_t operation_ = 1;
  FilterNeeds needs_;
};

/// An attribute condition (atr, catr, patr; in a query string `name=value`) whose name is that of
/// no attribute at all is a mistake, not a condition that nothing fulfils. Errors: kBadRequest
/// naming it. Source: TS-0004 clauses 7.3.3.17.9 and 8.2.3 (short names of attributes).
Result<void> check_attribute_names(const FilterCriteria& criteria, const Schemas& schemas);

/// labelsQuery, one expression: `key`, `NT key`, `key EQ v` or `key:v`, `key NE v`, `key IN (v,w)`,
/// `key NI (v,w)`. Errors: kBadRequest when it is none of these.
Result<bool> matches_labels_query(const std::string& query, const std::vector<std::string>& labels);

}  // namespace gatehouse
