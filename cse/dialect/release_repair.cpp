// Requests that use more than the release knows that they say they are of.
#include <algorithm>

#include "cse/dialect/repairs.h"
#include "cse/schema/releases.h"

namespace gatehouse {
namespace {

std::optional<Release> newest_of(const std::vector<std::string>& served) {
  std::optional<Release> newest;
  for (const std::string& version : served) newest = std::max(newest, parse_release(version));
  return newest;
}

const TypeSchema* schema_of(const Request& request, const Member& root, const Schemas& schemas) {
  if (request.operation == Operation::kUpdate) return schemas.find_by_root(root.name);
  if (request.operation != Operation::kCreate) return nullptr;
  return schemas.find_for(static_cast<int>(request.resource_type.value_or(0)), root.name);
}

bool uses_later(const TypeSchema& schema, const Value& attributes, Release asked) {
  const Value::Object* members = attributes.as_object();
  return since(schema) > asked ||
         (members && std::any_of(members->begin(), members->end(), [&](const Member& member) {
            return since(schema, member.name) > asked;
          }));
}

}  // namespace

namespace repair {

bool later_release(Request& request, const DialectFacts& facts, const Error* refusal) {
  if (refusal && refusal->detail.find(": came with release ") == std::string::npos &&
      refusal->detail.find("> came with release ") == std::string::npos) {
    return false;
  }
  const Value::Object* roots = request.content ? request.content->as_object() : nullptr;
  const auto asked = parse_release(request.release_version.value_or(""));
  const auto newest = newest_of(facts.release_versions);
  if (!roots || roots->size() != 1 || !asked || !newest || *asked >= *newest) return false;
  const Member& root = roots->front();
  const TypeSchema* schema = schema_of(request, root, *facts.schemas);
  if (!schema || !uses_later(*schema, root.value, *asked)) return false;
  request.release_version = std::string(name_of(*newest));
  return true;
}

}  // namespace repair
}  // namespace gatehouse
