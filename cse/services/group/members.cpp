#include "cse/services/group/members.h"

#include <string_view>
#include <unordered_set>

#include "cse/core/address.h"

namespace gatehouse {
namespace {

enum class Fit { kFits, kUnknown, kDiffers };

/// Is this member of the wanted type? A member of another CSE, or one that does not exist, cannot
/// be told here.
Result<Fit> check_member(const std::string& member, std::int64_t wanted, OperationContext& context,
                         const AccessControl& access) {
  const auto address = parse_address(member);
  if (!address)
    return fail(Rsc::kBadRequest, "mid (memberIDs): \"" + member + "\" is no resource identifier");
  if (!is_local(*address, context.settings)) return Fit::kUnknown;
  auto target = resolve(*address, context.settings, context.resources, context.behaviours);
  if (!target) return fail(target.error());
  if (!target->resource) return Fit::kUnknown;
  const AccessRequest question{context.originator, Privilege::kRetrieve, 0,
                               context.request.peer.get()};
  auto readable = access.allows(target->resource, question, context.resources);
  if (!readable) return fail(readable.error());
  if (!*readable)
    return fail(Rsc::kReceiverHasNoPrivilege,
                "mid (memberIDs): \"" + member + "\" may not be read for its type");
  // A group's fanOutPoint stands for the members of that group.
  const std::int64_t type = target->virtual_name == "fopt"
                                ? target->resource->attributes().integer_at("mt")
                                : target->resource->type();
  return wanted == 0 || type == wanted ? Fit::kFits : Fit::kDiffers;
}

Value without_duplicates(const std::vector<std::string>& members) {
  Value list = Value::array();
  std::unordered_set<std::string_view> seen;
  for (const std::string& member : members) {
    if (seen.insert(member).second) list.push_back(member);
  }
  return list;
}

}  // namespace

Result<void> settle_members(Value& attributes, OperationContext& context,
                            const AccessControl& access) {
  Value unique = without_duplicates(attributes.strings_at("mid"));
  const auto limit = attributes.integer_at("mnm");
  if (static_cast<std::int64_t>(unique.size()) > limit) {
    return fail(Rsc::kMaxNumberOfMemberExceeded,
                "mid (memberIDs): has " + std::to_string(unique.size()) +
                    " members, more than maxNrOfMembers, which is " + std::to_string(limit));
  }
  const std::int64_t type = attributes.integer_at("mt");
  const std::int64_t strategy = attributes.integer_at("csy", 1);
  Value kept = Value::array();
  bool all_known = true, mixed = false;
  for (const Value& member : *unique.as_array()) {
    auto fit = check_member(*member.as_string(), type, context, access);
    if (!fit) return fail(fit.error());
    if (*fit == Fit::kUnknown) all_known = false;
    if (*fit != Fit::kDiffers) {
      kept.push_back(member);
    } else if (strategy == 2) {
      return fail(Rsc::kGroupMemberTypeInconsistent, "mid (memberIDs): \"" + *member.as_string() +
                                                         "\" is not of memberType " +
                                                         std::to_string(type));
    } else if (strategy == 3) {
      mixed = true;
      kept.push_back(member);
    }
  }
  attributes.set("mt", mixed ? 0 : type);
  attributes.set("cnm", static_cast<std::int64_t>(kept.size()));
  attributes.set("mid", std::move(kept));
  attributes.set("mtv", all_known);
  return {};
}

}  // namespace gatehouse
