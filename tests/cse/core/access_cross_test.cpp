// Operation x holder x time window x address x object: each combination permits exactly if each
// part does. Source: TS-0003 clause 7.1.5 (res_acr is the conjunction of its parts).
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;

template <class T>
struct Part {
  const char* name;
  T value;
  bool holds;  ///< for the one rule of these tests
};

/// The rule: CAE2, the group's members and every CSE "/id-m…" may CREATE <container>s, RETRIEVE and
/// be told, at 8 o'clock on weekdays, from 10.0.0.0/8 or 2001:db8::/32, below a <container>.
constexpr int kOperations = 1 | 2 | 16;
const Part<Privilege> kPrivileges[] = {
    {"create", Privilege::kCreate, true},  {"retrieve", Privilege::kRetrieve, true},
    {"update", Privilege::kUpdate, false}, {"delete", Privilege::kDelete, false},
    {"notify", Privilege::kNotify, true},  {"discovery", Privilege::kDiscovery, false}};
const Part<const char*> kHolders[] = {
    {"named", "CAE2", true},           {"in_the_group", "CAE3", true},
    {"by_wildcard", "/id-mn", true},   {"creator", "CAE1", false},
    {"other_cse", "/id-other", false}, {"ae_behind_the_cse", "/id-mn/CAE2", false}};
/// From Friday, 2027-01-15 08:00 UTC.
const Part<std::chrono::hours> kTimes[] = {{"friday_at_8", std::chrono::hours(0), true},
                                           {"friday_at_9", std::chrono::hours(1), false},
                                           {"saturday_at_8", std::chrono::hours(24), false},
                                           {"monday_at_8", std::chrono::hours(72), true}};
const Part<const char*> kAddresses[] = {{"v4", "10.1.2.3", true},
                                        {"v6", "2001:db8::7", true},
                                        {"v4_elsewhere", "192.0.2.1", false},
                                        {"v6_elsewhere", "2001:db9::7", false},
                                        {"unknown", "", false}};
struct Object {
  const char* id;
  int child_type;
};
/// Of matter for CREATE only.
const Part<Object> kObjects[] = {{"container_in_container", {"res", 3}, true},
                                 {"instance_in_container", {"res", 4}, false},
                                 {"container_in_ae", {"CAE4", 3}, false}};

TEST(AccessCross, APermissionNeedsEveryPart) {
  TestCse node;
  for (const char* stem : {"CAE1", "CAE2", "CAE3"}) node.add_ae(stem);
  node.put(type_number::kGroup, "grp", "CAE1",
           Value::object({{"mt", 2}, {"mnm", 5}, {"mid", Value::array({"CAE3"})}}));
  const Value acr = Value::object(
      {{"acor", Value::array({"CAE2", "grp", "/id-m*"})},
       {"acop", kOperations},
       {"acco", Value::array({Value::object(
                    {{"actw", Value::array({"* * 8 * * 1-5 *"})},
                     {"acip", Value::object({{"ipv4", Value::array({"10.0.0.0/8"})},
                                             {"ipv6", Value::array({"2001:db8::/32"})}})}})})},
       {"acod", Value::array({Value::object({{"ty", 3}, {"chty", Value::array({3})}})})}});
  const Value set = Value::object({{"acr", Value::array({acr})}});
  node.put(type_number::kAccessControlPolicy, "acp", "CAE1",
           Value::object({{"pv", set}, {"pvs", set}}));
  const Value linked = Value::object({{"acpi", Value::array({"acp"})}});
  node.put(type_number::kContainer, "res", "CAE1", linked);
  node.add_ae("CAE4", linked);

  int permitted = 0, asked = 0;
  std::chrono::hours passed{0};
  for (const auto& time : kTimes) {
    node.clock().advance(time.value - passed);
    passed = time.value;
    CommittedView view = node.cse().view();
    for (const auto& privilege : kPrivileges) {
      for (const auto& holder : kHolders) {
        for (const auto& address : kAddresses) {
          for (const auto& object : kObjects) {
            Peer peer;
            peer.address = address.value;
            const std::string originator = holder.value;
            const AccessRequest question{originator, privilege.value, object.value.child_type,
                                         &peer};
            auto resource = view.find(ResourceId{object.value.id});
            ASSERT_TRUE(resource && *resource);
            const bool object_holds = object.holds || privilege.value != Privilege::kCreate;
            const bool expected =
                time.holds && privilege.holds && holder.holds && address.holds && object_holds;

            auto allowed = node.cse().access().allows(*resource, question, view);

            ASSERT_TRUE(allowed);
            EXPECT_EQ(*allowed, expected)
                << time.name << " " << privilege.name << " " << holder.name << " " << address.name
                << " " << object.name;
            permitted += *allowed ? 1 : 0;
            ++asked;
          }
        }
      }
    }
  }
  EXPECT_EQ(asked, 4 * 6 * 6 * 5 * 3);
  EXPECT_EQ(permitted, 2 * 3 * 2 * (1 + 3 + 3));
}

}  // namespace
}  // namespace gatehouse
