// The registrar has moved: the configuration says where it is, not what was stored at the first
// start. Source: TS-0001 clause 10.2.2.7, TS-0004 clause 7.3.2.6.
#include "tests/cse/services/two_cses.h"

namespace gatehouse::test {
namespace {

TEST(MovedRegistrar, IsReachedWhereTheConfigurationSays) {
  Network network;
  network.add(1, "/id-in");
  auto store = network.add(2, "/id-mn", "/id-in").store();
  network.settle();
  NetworkCse* mn = &network.add(2, "/id-mn", "/id-in", store);
  network.settle();
  ASSERT_EQ(mn->update("CAdmin", "cse-mn/id-in", "m2m:csr",
                       Value::object({{"poa", Value::array({"http://old"})}}))
                .rsc,
            Rsc::kUpdated);

  mn = &network.add(2, "/id-mn", "/id-in", store);
  network.settle();

  const ResourcePtr registrar = mn->find("cse-mn/id-in");
  ASSERT_TRUE(registrar);
  EXPECT_EQ(registrar->attributes().strings_at("poa"), std::vector<std::string>{"http://in"});
  EXPECT_TRUE(registrar->internal().bool_at("registrar"));
  mn->core().add_ae("CAE1");
  EXPECT_EQ(mn->retrieve("CAE1", "/id-in/cse-in").rsc, Rsc::kOk);
}

}  // namespace
}  // namespace gatehouse::test
