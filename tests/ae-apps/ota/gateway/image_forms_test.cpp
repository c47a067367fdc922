// Images that come compressed, as deltas, or encrypted for the ECU.
#include "ae-apps/ota/coding/encoder.h"
#include "ae-apps/ota/coding/form.h"
#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

const crypto::SigningKey& image_key() {
  static const auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256).value();
  return key;
}

Bytes large_image(const std::string& version, std::uint64_t counter) {
  // Noise, so that nothing but a delta makes it much smaller.
  std::string noise(gatehouse::text_of(crypto::SeededRandom(5).bytes(200'000)));
  return ecu::image_of({.version = version,
                        .release_counter = counter,
                        .payload = "version " + version + "\nself-test ok\n" + noise});
}

class ImageForms : public GatewayTest {
 protected:
  static std::string sha256_of(const Bytes& bytes) { return to_hex(crypto::sha256(bytes)); }

  coding::Form publish(const coding::EncodeRequest& request) {
    const Bytes coded = coding::encode(request).value();
    coding::Form form;
    form.length = coded.size();
    form.sha256 = sha256_of(coded);
    if (request.base) form.base_sha256 = to_hex(crypto::sha256(*request.base));
    for (const auto& key : request.recipients) form.key_ids.push_back(to_hex(key.key_id()));
    images_.put(form.sha256, coded);
    return form;
  }
  coding::Form publish_sealed(const Bytes& image, std::optional<ByteView> base = std::nullopt) {
    coding::EncodeRequest request{image, base};
    request.recipients = {image_key().public_key()};
    request.clear_bytes = image::parse_header(image).value().value().header_bytes;
    return publish(request);
  }
  void offer_forms(const std::string& serial, const Bytes& image, const std::string& version,
                   const std::vector<coding::Form>& forms, bool encrypted_only = false) {
    images_.put(sha256_of(image), image);
    repositories_.release(serial, image, "demo-ecu", coding::value_of(forms), {}, "",
                          encrypted_only);
    order(serial, images_.url() + sha256_of(image), version);
    settle();
  }
  void give_image_key(TestEcu& ecu, std::size_t entry) {
    ecu.power_off();
    ecu.settings().image_key = image_key();
    ecu.power_on();
    settings_.ecus[entry].image_key = image_key().public_key();
    settings_.ecus[entry].port = ecu.port();
  }
  bool said(const std::string& text) const { return steps_.str().find(text) != std::string::npos; }
};

TEST_F(ImageForms, ACompressedImageIsFetchedInPlaceOfTheWhole) {
  const Bytes image = ecu::image_of({.version = "1.1.0", .release_counter = 6, .padding = 100'000});
  start();

  offer_forms(kFull, image, "1.1.0", {publish({image})});

  EXPECT_EQ(sus(kFull), 1) << steps_.str() << log_.str();
  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_TRUE(said("event=form ecu=ECU-0001 form=compressed")) << steps_.str();
  EXPECT_LT(images_.requests, 2U) << "one small block";
}

TEST_F(ImageForms, ADeltaStartsFromTheImageThatWasInstalledLast) {
  const Bytes first = large_image("1.1.0", 6);
  const Bytes second = large_image("1.2.0", 7);
  start();
  offer_forms(kConstrained, first, "1.1.0", {publish({first})});
  EXPECT_FALSE(said("event=form")) << "noise does not get smaller";

  offer_forms(kConstrained, second, "1.2.0", {publish({second, first})});

  EXPECT_EQ(sus(kConstrained), 1) << steps_.str() << log_.str();
  EXPECT_EQ(constrained_.version(), "1.2.0");
  EXPECT_TRUE(said("form=delta")) << steps_.str();
  EXPECT_LT(publish({second, first}).length, second.size() * 15 / 100);
}

TEST_F(ImageForms, ADeltaFromAnotherImageIsNotFetched) {
  const Bytes image = large_image("1.1.0", 6);
  start();

  offer_forms(kFull, image, "1.1.0", {publish({image, large_image("0.9.0", 1)})});

  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_FALSE(said("event=form"));
}

TEST_F(ImageForms, AnEncryptedImageIsOpenedByTheEcuAlone) {
  give_image_key(full_, 0);
  const Bytes image = large_image("1.1.0", 6);
  start();

  offer_forms(kFull, image, "1.1.0", {publish_sealed(image), publish({image})});

  EXPECT_EQ(sus(kFull), 1) << steps_.str() << log_.str();
  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_TRUE(said("form=sealed")) << steps_.str();
}

TEST_F(ImageForms, AnEncryptedDeltaStartsFromTheEcusOwnSlot) {
  give_image_key(full_, 0);
  give_image_key(constrained_, 1);
  const Bytes first = large_image("1.1.0", 6);
  const Bytes second = large_image("1.2.0", 7);
  start();
  for (const char* serial : {kFull, kConstrained}) {
    offer_forms(serial, first, "1.1.0", {publish_sealed(first)});

    offer_forms(serial, second, "1.2.0", {publish_sealed(second), publish_sealed(second, first)});

    EXPECT_EQ(sus(serial), 1) << steps_.str() << log_.str();
  }
  EXPECT_EQ(full_.version(), "1.2.0");
  EXPECT_EQ(constrained_.version(), "1.2.0");
  EXPECT_TRUE(said("ecu=ECU-0001 form=sealed-delta")) << steps_.str();
}

TEST_F(ImageForms, AnEcuThatLacksTheKeyRefusesAndSaysWhy) {
  settings_.ecus[0].image_key = image_key().public_key();  // the ECU itself has none
  const Bytes image = large_image("1.1.0", 6);
  start();

  offer_forms(kFull, image, "1.1.0", {publish_sealed(image)});

  expect_refusal(kFull, "flash", "the image is encrypted for others");
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(ImageForms, AFormThatIsNotWhatWasAnnouncedGivesWayToTheWholeImage) {
  const Bytes image = ecu::image_of({.version = "1.1.0", .release_counter = 6, .padding = 100'000});
  const coding::Form form = publish({image});
  images_.put(form.sha256, Bytes(form.length, 7));
  start();

  offer_forms(kFull, image, "1.1.0", {form});

  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_TRUE(said("event=whole-instead")) << steps_.str();
}

TEST_F(ImageForms, AnEncryptedImageThatWasAlteredIsNeverReplacedByThePlainOne) {
  give_image_key(full_, 0);
  const Bytes image = large_image("1.1.0", 6);
  const coding::Form form = publish_sealed(image);
  images_.put(form.sha256, Bytes(form.length, 7));
  start();

  offer_forms(kFull, image, "1.1.0", {form});

  expect_refusal(kFull, "download", "the sealed image is not the one announced");
  EXPECT_FALSE(said("event=whole-instead"));
}

TEST_F(ImageForms, AnImageForNobodysEyesIsInstalledIfItCameEncrypted) {
  give_image_key(full_, 0);
  const Bytes image = large_image("1.1.0", 6);
  start();

  offer_forms(kFull, image, "1.1.0", {publish_sealed(image)}, true);

  EXPECT_EQ(sus(kFull), 1) << steps_.str() << log_.str();
  EXPECT_EQ(full_.version(), "1.1.0");
}

TEST_F(ImageForms, AnImageForNobodysEyesIsRefusedInTheClear) {
  const Bytes image = ecu::image_of({.version = "1.1.0", .release_counter = 6, .padding = 100'000});
  start();

  // The ECU has no key; there is a form for others, one for everybody, and the plain one.
  offer_forms(kFull, image, "1.1.0", {publish_sealed(image), publish({image})}, true);

  expect_refusal(kFull, "download", "encrypted-only");
  EXPECT_EQ(images_.requests, 0U) << "nothing of it was fetched";
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(ImageForms, APlainFileInThePlaceOfAnImageForNobodysEyesIsNotFlashed) {
  give_image_key(full_, 0);
  start([](const Job& job) { return job.state != JobState::kConsented; });
  const Bytes image = large_image("1.1.0", 6);
  offer_forms(kFull, image, "1.1.0", {publish_sealed(image)}, true);
  gateway_.reset();
  const std::string file = settings_.state_dir + "/images/ECU-0001/" + sha256_of(image);
  ASSERT_TRUE(std::filesystem::exists(file));
  std::ofstream(file, std::ios::binary | std::ios::trunc) << gatehouse::text_of(image);

  start();
  settle();

  expect_refusal(kFull, "flash", "encrypted-only");
}

TEST_F(ImageForms, AnEncryptedImageThatHidesAnotherIsRefused) {
  give_image_key(full_, 0);
  const Bytes image = large_image("1.1.0", 6);
  const Bytes other = large_image("1.1.0", 8);
  start();

  offer_forms(kFull, image, "1.1.0", {publish_sealed(other)});

  expect_refusal(kFull, "verify", "is another image than the one ordered");
}

TEST_F(ImageForms, ADiskWithoutRoomForBothIsNamedBeforeAnythingIsFetched) {
  const Bytes image = ecu::image_of({.version = "1.1.0", .release_counter = 6, .padding = 100'000});
  const coding::Form form = publish({image});
  settings_.min_free_bytes = std::uint64_t{1} << 49;
  start();

  offer_forms(kFull, image, "1.1.0", {form});

  expect_refusal(kFull, "download",
                 "not enough free space at the gateway for " +
                     std::to_string(image.size() + form.length) + " bytes");
  EXPECT_EQ(images_.requests, 0U);
}

TEST_F(ImageForms, ACutDownloadOfAFormGoesOnWhereItStopped) {
  give_image_key(full_, 0);
  const Bytes image = large_image("1.1.0", 6);
  settings_.cut_download_after = 40'000;
  start();

  offer_forms(kFull, image, "1.1.0", {publish_sealed(image)});

  EXPECT_EQ(full_.version(), "1.1.0");
  EXPECT_TRUE(said("event=cut"));
  EXPECT_TRUE(said("resumed=yes")) << steps_.str();
}

}  // namespace
}  // namespace gatehouse::gateway
