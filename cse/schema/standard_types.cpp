#include "cse/schema/standard_types.h"

namespace gatehouse {

void add_standard_types(Schemas& schemas) {
  using namespace standard;
  static constexpr const TypeSchema* kAll[] = {
      &kCseBaseType,
      &kCseBaseAnncType,
      &kAeType,
      &kRemoteCseType,
      &kContainerType,
      &kContentInstanceType,
      &kAccessControlPolicyType,
      &kGroupType,
      &kSubscriptionType,
      &kScheduleType,
      &kPollingChannelType,
      &kNodeType,
      &kRequestType,
  };
  for (const TypeSchema* type : kAll) schemas.add(*type);
}

}  // namespace gatehouse
