#include "ae-apps/ota/server/server.h"

#include <gmock/gmock.h>

#include <future>
#include <sstream>

#include "ae-apps/sdk/fake_cse.h"
#include "bindings/http/client.h"
#include "certs/authority.h"
#include "tests/ae-apps/ota/server/vehicle_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::ota_server {
namespace {

using testing::HasSubstr;

TlsSettings issue(const TemporaryFolder& folder, const pki::Authority& authority,
                  const std::string& name, const std::string& identity) {
  pki::Request request;
  request.name = name;
  request.identities = {identity};
  request.addresses = {"127.0.0.1"};
  EXPECT_TRUE(authority.issue(request));
  TlsSettings out;
  out.certificate_file = folder / ("pki/" + name + ".crt");
  out.key_file = folder / ("pki/" + name + ".key");
  out.ca_file = folder / "pki/ca.crt";
  return out;
}

/// The whole program but for main(): its own thread sends.
TEST(ServerTest, AnUploadOverHttpsBecomesAnInquiryAtTheVehicle) {
  const TemporaryFolder folder;
  const auto authority = pki::Authority::create(folder / "pki", "gatehouse.example");
  ASSERT_TRUE(authority);
  sdk::FakeCse cse;
  sdk::AeSettings gateway_settings;
  gateway_settings.name = "ota-gateway";
  gateway_settings.ae_id = "CotaGateway";
  const auto gateway = *sdk::Ae::connect(gateway_settings, cse.link());
  ASSERT_TRUE(gateway->container("inquiries").ensure());
  std::promise<Value> inquired;
  const auto watch = gateway->container("inquiries").on_push([&](const sdk::Event& event) {
    inquired.set_value(*event.attributes.find("con"));
  });
  ASSERT_TRUE(watch);

  ServerSettings settings;
  settings.ae.name = "ota-server";
  settings.ae.ae_id = "CotaServer";
  settings.images.tls = issue(folder, *authority, "server", "/id-in/CotaServer");
  settings.images.uploaders = {"/id-in/Coem"};
  settings.state_dir = folder / "state";
  settings.store.folder = folder / "state/images";
  settings.store.oem_keys = {TestKeys::get().oem.public_key()};
  settings.rules.images_url = "https://ota.example/images/";
  settings.vehicles = {test_vehicle("/id-in", "cse-in")};
  std::ostringstream steps, said;
  auto server = Server::start(settings, steps, said, cse.link());
  ASSERT_TRUE(server) << server.error().detail;

  const Codecs codecs = standard_codecs();
  http::ClientSettings client_settings;
  client_settings.tls = issue(folder, *authority, "oem", "/id-in/Coem");
  http::Client client(client_settings, codecs);
  std::promise<int> stored;
  const Bytes image = test_image("1.1.0", 11);
  client.put(
      (*server)->images_url() + "brake", "application/octet-stream", text_of(image),
      [&](const Result<http::Stored>& answer) { stored.set_value(answer ? answer->status : 0); });
  EXPECT_EQ(stored.get_future().get(), 201);

  auto inquiry = inquired.get_future();
  ASSERT_EQ(inquiry.wait_for(std::chrono::seconds(20)), std::future_status::ready);
  EXPECT_EQ(inquiry.get().strings_at("ecus"), std::vector<std::string>{"BRK-1"});
  (*server)->stop();
  EXPECT_THAT(steps.str(), HasSubstr("STEP A event=uploaded by=/id-in/Coem"));
  EXPECT_THAT(steps.str(), HasSubstr("STEP B event=registered ae=/id-in/CotaServer"));
  EXPECT_THAT(steps.str(), HasSubstr("STEP D event=asking"));
}

}  // namespace
}  // namespace gatehouse::ota_server
