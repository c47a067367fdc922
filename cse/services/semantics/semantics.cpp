#include "cse/services/semantics/semantics.h"

#include <set>

#include "cse/core/address.h"
#include "cse/services/semantics/descriptor.h"
#include "cse/services/semantics/rdf.h"

namespace gatehouse {
namespace {

/// Gathers the triples of descriptors that an originator may read, each descriptor once.
class Graph {
 public:
  Graph(Cse& cse, const Semantics::Settings& settings, std::string originator,
        ResourceReader& resources)
      : cse_(cse), settings_(settings), originator_(std::move(originator)), resources_(resources) {}

  /// The descriptors directly below a resource, or the resource itself if it is one.
  Result<void> add_of(const ResourcePtr& resource) {
    if (resource->type() == type_number::kSemanticDescriptor) return add(resource);
    Page page;
    for (;;) {
      auto entries =
          resources_.children_of_type(resource->id(), type_number::kSemanticDescriptor, page);
      if (!entries) return fail(entries.error());
      for (const ChildEntry& entry : *entries) {
        page.after = entry.order;
        auto descriptor = resources_.find(entry.id);
        if (!descriptor) return fail(descriptor.error());
        if (!*descriptor) continue;
        if (auto added = add(*descriptor); !added) return added;
      }
      if (entries->size() < page.limit) return {};
    }
  }

  /// And those of everything below it.
  Result<void> add_below(const ResourcePtr& resource) {
    if (auto added = add_of(resource); !added) return added;
    Page page;
    for (;;) {
      auto entries = resources_.children(resource->id(), page);
      if (!entries) return fail(entries.error());
      for (const ChildEntry& entry : *entries) {
        page.after = entry.order;
        if (entry.type == type_number::kSemanticDescriptor) continue;
        const TypeSchema* schema = cse_.schemas().find(entry.type);
        if (schema && schema->children.empty()) continue;
        auto child = resources_.find(entry.id);
        if (!child) return fail(child.error());
        if (!*child) continue;
        if (auto added = add_below(*child); !added) return added;
      }
      if (entries->size() < page.limit) return {};
    }
  }

  const std::string& triples() const { return triples_; }

 private:
  Result<void> add(const ResourcePtr& descriptor) {
    if (seen_.size() >= settings_.max_descriptors || !seen_.insert(descriptor->id()).second)
      return {};
    if (!originator_.empty()) {
      const AccessRequest question{originator_, Privilege::kRetrieve, 0, nullptr};
      auto allowed = cse_.access().allows(descriptor, question, resources_);
      if (!allowed) return fail(allowed.error());
      if (!*allowed) return {};
    }
    triples_ += triples_of_descriptor(*descriptor, std::to_string(seen_.size()) + "x");
    if (triples_.size() > settings_.max_bytes) {
      return fail(Rsc::kNotAcceptable,
                  "the descriptors have more triples than one query may join; "
                  "query a smaller part of the resource tree");
    }
    for (const std::string& address : descriptor->attributes().strings_at("rels")) {
      auto related = find_local(address, cse_.settings(), resources_);
      if (!related) return fail(related.error());
      if (!*related) continue;  // of another CSE: not followed
      if (auto added = add_of(*related); !added) return added;
    }
    return {};
  }

  Cse& cse_;
  const Semantics::Settings& settings_;
  const std::string originator_;
  ResourceReader& resources_;
  std::set<ResourceId> seen_;
  std::string triples_;
};

Result<std::vector<SparqlQuery>> parse_all(const std::vector<std::string>& texts) {
  std::vector<SparqlQuery> queries;
  for (const std::string& text : texts) {
    auto query = SparqlQuery::parse(text);
    if (!query) return fail(query.error().rsc, "smf (semanticsFilter): " + query.error().detail);
    queries.push_back(*std::move(query));
  }
  return queries;
}

}  // namespace

Semantics::Semantics(Cse& cse, Settings settings) : cse_(cse), settings_(settings) {
  cse.behaviours().add(type_number::kSemanticDescriptor, semantic_descriptor_behaviour());
  cse.behaviours().add(type_number::kOntology, ontology_behaviour());
  cse.extensions().semantics_filter = this;
  cse.extensions().semantic_retrieval = this;
}

Result<FilterCondition::Test> Semantics::prepare(const FilterCriteria& filter,
                                                 const std::string& originator) {
  auto queries = parse_all(filter.semantics_filters);
  if (!queries) return fail(queries.error());
  return Test([this, queries = *std::move(queries), originator](
                  const ResourcePtr& resource, ResourceReader& resources) -> Result<bool> {
    Graph graph(cse_, settings_, originator, resources);
    if (auto added = graph.add_of(resource); !added) return fail(added.error());
    if (graph.triples().empty()) return false;
    for (const SparqlQuery& query : queries) {
      auto found = query.has_solution(graph.triples());
      if (!found || *found) return found;
    }
    return false;
  });
}

Response Semantics::query(const Request& request, const ResourcePtr& target,
                          ResourceReader& resources, const std::string& originator) {
  const bool discovery = request.filter && request.filter->filter_usage == 1;
  const bool complete = request.other.bool_at("sqi") && request.result_content == 10 &&
                        request.filter && request.filter->semantics_filters.size() == 1;
  if (!complete || discovery) {
    return error_response(
        request, {Rsc::kBadRequest,
                  "sqi, rcn, smf: a semantic query needs sqi=true, rcn=10 and one semanticsFilter, "
                  "and is no discovery (fu=1)"});
  }
  auto queries = parse_all(request.filter->semantics_filters);
  if (!queries) return error_response(request, queries.error());
  Graph graph(cse_, settings_, originator, resources);
  if (auto added = graph.add_below(target); !added) return error_response(request, added.error());
  auto solutions = queries->front().solutions(graph.triples());
  if (!solutions) return error_response(request, solutions.error());
  Response response;
  response.content = Value::object({{"m2m:qres", *std::move(solutions)}});
  return response;
}

}  // namespace gatehouse
