#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// What resources mean: <semanticDescriptor>, the semantics filter of discovery and the semantic
/// query. Source: TS-0001 clauses 9.6.30, 10.2.14 and 10.2.6.2, TS-0004 clauses 7.4.34 and 7.4.47.
///
/// A descriptor (dsp) in RDF/XML, Turtle or JSON-LD must be in that syntax; other formats are kept
/// as they come and take no part in queries. The filter (smf, several are alternatives) is
/// fulfilled by a resource whose descriptors, with those they are related to (rels), have a
/// solution. The query (sqi, rcn 10) joins all descriptors at and below the target that its
/// originator may read, and answers with the solutions (m2m:qres). Validation (vlde): the
/// referenced ontology (or) must be an <ontology> of this CSE that can be read, and related
/// descriptors must exist; classes and properties are not reasoned about.
class Semantics final : public FilterCondition, public SemanticRetrieval {
 public:
  struct Settings {
    std::size_t max_descriptors = 10'000;      ///< that one query joins
    std::size_t max_bytes = 32 * 1024 * 1024;  ///< of triples that one query joins
  };
  /// Adds itself to `cse`, which outlives this. Before cse.start().
  explicit Semantics(Cse& cse) : Semantics(cse, Settings{}) {}
  Semantics(Cse& cse, Settings settings);

  Result<Test> prepare(const FilterCriteria& filter, const std::string& originator) override;
  Response query(const Request& request, const ResourcePtr& target, ResourceReader& resources,
                 const std::string& originator) override;

 private:
  Cse& cse_;
  const Settings settings_;
};

}  // namespace gatehouse
