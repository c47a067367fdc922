#include "cse/services/discovery/discovery.h"

#include "cse/core/address.h"
#include "cse/services/discovery/nested_tree.h"
#include "cse/services/discovery/permissions.h"

namespace gatehouse {
namespace {

/// How a resource is named to this originator: structured or not, and with our CSE-ID for those who
/// name themselves SP-relative, be they of another CSE or asking through one. Source: TS-0001
/// clause 10.2.6.1 (in accordance with the request), TS-0004 clause 6.2.3.
std::string address_for(const SearchScope& scope, const Resource& resource,
                        const std::string& suffix) {
  std::string local =
      scope.request.desired_identifier_result_type == 2 ? resource.id().text : resource.path();
  if (!suffix.empty()) local += "/" + suffix;
  const bool from_elsewhere =
      scope.originator.starts_with('/') || scope.request.from.starts_with('/');
  if (!from_elsewhere) return local;
  const CseSettings& own = scope.cse.settings();
  const bool of_other_provider = scope.originator.starts_with("//");
  return (of_other_provider ? own.sp_id : std::string()) + own.cse_id + "/" + local;
}

/// Source: TS-0004 table 8.2.5-1, clause 6.3.5.29 (m2m:childResourceRef).
Value reference_to(const Resource& resource, std::string address) {
  Value reference = Value::object(
      {{"nm", resource.name()}, {"typ", resource.type()}, {"val", std::move(address)}});
  const int type = resource.type() % type_number::kAnnounced;
  if (type == type_number::kFlexContainer) {
    const std::string definition = resource.attributes().string_at("cnd");
    if (!definition.empty()) reference.set("spty", definition);
  }
  return reference;
}

Value reference_list(Value references) {
  return Value::object({{"m2m:rrl", Value::object({{"rrf", std::move(references)}})}});
}

/// What applyRelativePath leads to from a resource. Source: TS-0001 table 8.1.2-1
/// (applyRelativePath).
Result<Target> relative(Cse& cse, const Resource& resource, const std::string& suffix,
                        ResourceReader& resources) {
  const auto address = parse_address(resource.path() + "/" + suffix);
  if (!address) return fail(Rsc::kBadRequest, "arp (applyRelativePath): is no relative path");
  return resolve(*address, cse.settings(), resources, cse.behaviours());
}

const FilterCriteria& criteria_of(const Request& request) {
  static const FilterCriteria kNone;
  return request.filter ? *request.filter : kNone;
}

void tell_more(Response& response, std::int64_t next_offset) {
  response.content_status = 1;
  response.content_offset = next_offset;
}

}  // namespace

const TypeGraph& Discovery::graph() {
  std::call_once(graph_made_, [this] { graph_ = std::make_unique<TypeGraph>(cse_.schemas()); });
  return *graph_;
}

Result<Filter> Discovery::prepared(const FilterCriteria& criteria, const std::string& originator) {
  if (auto known = check_attribute_names(criteria, cse_.schemas()); !known)
    return fail(known.error());
  if (auto sum = Permissions::asked_for(criteria.operations); !sum) return fail(sum.error());
  return Filter::prepare(criteria, originator, cse_.extensions(), cse_.schemas());
}

Response Discovery::discover(const Request& request, const ResourcePtr& target,
                             ResourceReader& resources, const std::string& originator) {
  const FilterCriteria& criteria = criteria_of(request);
  auto filter = prepared(criteria, originator);
  if (!filter) return error_response(request, filter.error());
  const SearchScope scope{cse_,
                          request,
                          originator,
                          target,
                          Privilege::kDiscovery,
                          criteria.level.value_or(INT32_MAX),
                          resources.now(),
                          true};
  const CseSettings& settings = cse_.settings();
  SearchWindow window;
  window.skip = criteria.offset.value_or(1) - 1;
  window.take = std::min(criteria.limit.value_or(settings.max_discovery_results),
                         settings.max_discovery_results);
  window.work = settings.max_discovery_work;
  auto part = search(scope, *filter, graph(), window, resources, bookmarks_);
  if (!part) return error_response(request, part.error());
  return references(scope, *part, window.skip, resources);
}

Response Discovery::references(const SearchScope& scope, const SearchPart& part, std::int64_t skip,
                               ResourceReader& resources) {
  const Request& request = scope.request;
  const bool full = request.result_content == 6;
  const std::string suffix = criteria_of(request).apply_relative_path.value_or("");
  Value list = Value::array();
  for (const ResourcePtr& found : part.found) {
    ResourcePtr named = found;
    if (!suffix.empty()) {
      auto applied = relative(cse_, *found, suffix, resources);
      if (!applied) return error_response(request, applied.error());
      if (!applied->resource) continue;
      if (applied->virtual_name.empty()) named = applied->resource;
    }
    std::string address = address_for(scope, *found, suffix);
    if (full)
      list.push_back(reference_to(*named, std::move(address)));
    else
      list.push_back(std::move(address));
  }
  Response response;
  response.content =
      full ? reference_list(std::move(list)) : Value::object({{"m2m:uril", std::move(list)}});
  if (part.more) tell_more(response, skip + static_cast<std::int64_t>(part.found.size()) + 1);
  return response;
}

Response Discovery::with_children(const Request& request, const ResourcePtr& target,
                                  ResourceReader& resources, const std::string& originator) {
  const std::int64_t wanted = request.result_content.value_or(4);
  if (wanted == static_cast<std::int64_t>(ResultContent::kPermissions))
    return permissions(request, target, resources, originator);
  const FilterCriteria& criteria = criteria_of(request);
  auto filter = prepared(criteria, originator);
  if (!filter) return error_response(request, filter.error());
  const SearchScope scope{
      cse_,
      request,
      originator,
      target,
      Privilege::kRetrieve,
      std::min<std::int64_t>(criteria.level.value_or(INT32_MAX),
                             static_cast<std::int64_t>(cse_.settings().max_children_depth)),
      resources.now(),
      false};
  auto part = children_of(scope, *filter, resources);
  if (!part) return error_response(request, part.error());
  auto content = nested(scope, *part, resources);
  if (!content) return error_response(request, content.error());
  Response response;
  response.content = *std::move(content);
  if (part->next_offset) tell_more(response, *part->next_offset);
  return response;
}

Response Discovery::permissions(const Request& request, const ResourcePtr& target,
                                ResourceReader& resources, const std::string& originator) {
  if (request.filter) {
    FilterCriteria others = *request.filter;
    others.operations.clear();
    auto fits = matches(others, target, resources);
    if (fits && !*fits)
      fits = fail(Rsc::kNotFound, "fc: the target does not match the filter criteria");
    if (!fits) return error_response(request, fits.error());
  }
  auto content = Permissions(cse_, request, originator).shown(target, resources);
  if (!content) return error_response(request, content.error());
  Response response;
  response.content = *std::move(content);
  return response;
}

/// Source: TS-0001 clause 8.1.2 (limit, offset), TS-0004 clause 7.3.3.17: an answer that does not
/// hold everything ends with a whole branch, and says which direct child is the next.
Result<Discovery::Branches> Discovery::children_of(const SearchScope& scope, const Filter& filter,
                                                   ResourceReader& resources) {
  const FilterCriteria& criteria = criteria_of(scope.request);
  const CseSettings& settings = cse_.settings();
  const bool bodies = scope.request.result_content == 4 || scope.request.result_content == 8;
  const std::int64_t take = std::min(criteria.limit.value_or(settings.max_discovery_results),
                                     settings.max_discovery_results);
  const std::int64_t skip = criteria.offset.value_or(1) - 1;
  const Judge judge(scope, filter);
  Places places(scope);
  auto orders = orders_of(filter.needs(), resources);
  if (!orders) return fail(orders.error());
  TreeWalk walk(scope, judge, places, graph(), *orders);
  Work work{settings.max_discovery_work};
  const std::string name = name_of_search(scope);
  if (const auto mark = skip > 0 ? bookmarks_.find(name, skip, scope.now) : std::nullopt)
    walk.begin_behind(std::strtoll(mark->position.c_str(), nullptr, 10), skip);
  else if (auto passed = walk.pass_over(skip, resources, work); !passed)
    return fail(passed.error());
  Branches answer;
  std::int64_t first_branch = 0, last_branch = 0;
  std::size_t bytes = 0, whole = 0;  // whole: how many before the last branch
  auto stopped = walk.go_on(resources, work, [&](const ResourcePtr& resource) {
    if (walk.direct_children() != last_branch) {
      last_branch = walk.direct_children();
      whole = answer.found.size();
      if (first_branch == 0) first_branch = last_branch;
    }
    const std::size_t size = bodies ? resource->json().size() + 2 : 0;
    if (static_cast<std::int64_t>(answer.found.size()) >= take) return false;
    if (!answer.found.empty() && bytes + size > settings.max_answer_bytes) return false;
    bytes += size;
    answer.found.push_back(resource);
    return true;
  });
  if (!stopped) return fail(stopped.error());
  if (*stopped == Walk::Stopped::kAtEnd) return answer;
  const std::int64_t at = walk.direct_children();
  if (at == last_branch && at != first_branch) answer.found.resize(whole);
  // A single branch that is too large is cut, or nobody would ever get past it.
  const bool whole_next = at == last_branch && at != first_branch;
  const bool untouched = at != last_branch && *stopped == Walk::Stopped::kByWork;
  answer.next_offset = whole_next || (untouched && at > skip + 1) ? at : at + 1;
  if (*answer.next_offset == at)
    bookmarks_.keep(name, at - 1, {false, std::to_string(walk.before_direct_child()), scope.now});
  return answer;
}

Result<Value> Discovery::nested(const SearchScope& scope, const Branches& part,
                                ResourceReader& resources) {
  const std::int64_t wanted = scope.request.result_content.value_or(4);
  const std::string suffix = criteria_of(scope.request).apply_relative_path.value_or("");
  const auto question = AccessRequest::of(scope.request, scope.originator, Privilege::kRetrieve);
  const bool references_only = wanted == 5 || wanted == 6;
  NestedTree tree(scope.top);
  Value references = Value::array();
  for (const ResourcePtr& found : part.found) {
    ResourcePtr shown = found;
    if (!suffix.empty()) {
      auto applied = relative(cse_, *found, suffix, resources);
      if (!applied) return fail(applied.error());
      if (!applied->resource || !applied->virtual_name.empty()) continue;
      shown = applied->resource;
      auto may = cse_.access().allows(shown, question, resources);
      if (!may) return fail(may.error());
      if (!*may) continue;
    }
    if (references_only)
      references.push_back(reference_to(*shown, address_for(scope, *shown, "")));
    else
      tree.add(shown);
  }
  if (wanted == 6) return reference_list(std::move(references));
  Value attributes = wanted == 4 || wanted == 5 ? Value(scope.top->attributes()) : Value::object();
  if (references_only)
    attributes.set("ch", std::move(references));
  else
    tree.attach_to(attributes);
  return Value::object({{std::string(scope.top->schema().root), std::move(attributes)}});
}

Result<bool> Discovery::matches(const FilterCriteria& criteria, const ResourcePtr& resource,
                                ResourceReader& resources) {
  if (!criteria.operations.empty()) {
    return fail(Rsc::kBadRequest,
                "ops (operations): is for discovery (fu=1), children (rcn 4, 5, 6, 8) and "
                "permissions (rcn 12)");
  }
  auto filter = prepared(criteria, resource->originator());
  if (!filter) return fail(filter.error());
  return filter->matches(resource, resources);
}

}  // namespace gatehouse
