#include "cse/services/group/group.h"

#include "cse/services/group/fan_out.h"
#include "cse/services/group/members.h"

namespace gatehouse {
namespace {

class Group final : public TypeBehaviour {
 public:
  explicit Group(const AccessControl& access) : access_(access) {}

  Result<void> on_create(Draft& draft, OperationContext& context) const override {
    if (!draft.attributes.contains("mt")) draft.attributes.set("mt", 0);
    if (!draft.attributes.contains("csy")) draft.attributes.set("csy", 1);
    return settle_members(draft.attributes, context, access_);
  }

  Result<void> on_update(const ResourcePtr&, Value& attributes, const Value& requested,
                         OperationContext& context) const override {
    if (requested.contains("mnm") && attributes.integer_at("mnm") < attributes.integer_at("cnm") &&
        !requested.contains("mid")) {
      return fail(Rsc::kMaxNumberOfMemberExceeded,
                  "mnm (maxNrOfMembers): is less than currentNrOfMembers");
    }
    return requested.contains("mid") || requested.contains("mnm")
               ? settle_members(attributes, context, access_)
               : Result<void>{};
  }

 private:
  const AccessControl& access_;
};

}  // namespace

void add_groups(Cse& cse) {
  cse.behaviours().add(type_number::kGroup, std::make_shared<Group>(cse.access()));
  cse.behaviours().add_virtual(type_number::kGroup, "fopt", std::make_shared<FanOutPoint>(cse));
}

}  // namespace gatehouse
