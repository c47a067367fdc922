// Uptane standard 2.1 section 5.4.4.1: an ECU that looks at the Director's orders by itself.
#include "ae-apps/ota/ecu/director_check.h"

#include "ae-apps/ota/repository/content.h"
#include "ae-apps/ota/repository/director_metadata.h"
#include "ae-apps/ota/repository/signing.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/ota/ecu/ecu_fixture.h"

namespace gatehouse::ecu {
namespace {

class DirectorCheckTest : public testing::Test {
 protected:
  DirectorCheckTest() {
    settings_ = full_ecu();
    settings_.director_root = root_of(key_);
    settings_.clock = [this] { return now_; };
    bench_ = std::make_unique<Bench>(settings_, disk_);
    EXPECT_TRUE(bench_->ecu.install_factory_image(image_of({})));
    bench_->boot();
  }
  std::string root_of(const crypto::SigningKey& key) const {
    uptane::RoleSpecs roles;
    for (const char* role : {"root", "targets", "snapshot", "timestamp"}) {
      roles[role] = {{key.public_key()}, 1};
    }
    const Value root = uptane::make_root(roles, now_ + std::chrono::hours(24 * 365)).value();
    return uptane::add_signature(uptane::unsigned_metadata(root), key).value();
  }
  /// What a gateway hands over: root and targets that order this image.
  Bytes order(ByteView image, const crypto::SigningKey& key, std::uint64_t version = 1,
              const std::string& serial = "ECU-0001", const std::string& hardware = "demo-ecu") {
    uptane::TargetRecord target;
    target.length = image.size();
    target.hashes = {{"sha256", to_hex(crypto::sha256(image))}};
    target.release_counter = counter_;
    const auto files = uptane::make_director_files(
        {"/id-mn", version, now_, std::chrono::hours(24), {{serial, hardware, "image", target}}},
        {key, key, key});
    Value bundle = Value::object(
        {{"1.root.json", root_of(key)}, {"targets.json", files.value().at("targets.json")}});
    const std::string text = to_json(bundle);
    return Bytes(view_of(text).begin(), view_of(text).end());
  }
  /// Flashes; the word of the ECU's refusal, or "good".
  std::string flash(const Bytes& image, const Bytes& metadata) {
    bench_->flasher->set_metadata(metadata);
    const auto done = bench_->flash(image);
    if (done) return "good";
    EXPECT_EQ(bench_->ecu.state().trial, Slot::kNone) << "nothing will be tried";
    return bench_->ecu.state().attack;
  }

  Timestamp now_ = *uptane::parse_iso_time("2030-01-01T00:00:00Z");
  crypto::SigningKey key_ = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  std::uint64_t counter_ = 2;
  SimulatedDisk disk_;
  EcuSettings settings_;
  std::unique_ptr<Bench> bench_;
  const Bytes image_ = image_of({.version = "1.1.0", .release_counter = 2});
};

TEST_F(DirectorCheckTest, InstallsWhatTheDirectorOrders) {
  ASSERT_EQ(flash(image_, order(image_, key_)), "good");
  ASSERT_TRUE(bench_->reset());

  EXPECT_EQ(bench_->ecu.version(), "1.1.0");
}

TEST_F(DirectorCheckTest, RefusesAnImageOfTheOemThatNobodyOrdered) {
  const Bytes other = image_of({.version = "1.2.0", .release_counter = 3});

  EXPECT_EQ(flash(image_, {}), "missing");
  EXPECT_EQ(flash(image_, Bytes(100, '[')), "missing");
  EXPECT_EQ(flash(image_, order(image_, key_, 1, "ECU-0002")), "unknown-ecu");
  EXPECT_EQ(flash(image_, order(image_, key_, 1, "ECU-0001", "engine")), "wrong-hardware");
  EXPECT_EQ(flash(image_, order(image_, foreign_key())), "threshold");
  Bytes longer = other;
  longer.push_back(0);
  EXPECT_EQ(flash(other, order(longer, key_)), "image-length");
  longer.pop_back();
  longer.back() ^= 1;
  EXPECT_EQ(flash(other, order(longer, key_)), "image-hash");
}

TEST_F(DirectorCheckTest, RemembersWhatItHasSeen) {
  ASSERT_EQ(flash(image_, order(image_, key_, 5)), "good");
  ASSERT_TRUE(bench_->reset());
  const Bytes next = image_of({.version = "1.2.0", .release_counter = 3});
  counter_ = 3;
  EXPECT_EQ(flash(next, order(next, key_, 4)), "rollback");
  counter_ = 1;
  EXPECT_EQ(flash(next, order(next, key_, 6)), "release-counter");
  counter_ = 3;
  const Bytes fresh = order(next, key_, 7);
  now_ = now_ + std::chrono::hours(25);
  EXPECT_EQ(flash(next, fresh), "expired");
  now_ = now_ - std::chrono::hours(25);
  EXPECT_EQ(flash(next, fresh), "expired") << "its time does not go back";

  EXPECT_EQ(bench_->ecu.version(), "1.1.0");
}

TEST_F(DirectorCheckTest, InstallsNothingOnDamagedState) {
  ASSERT_TRUE(disk_.replace("uptane.json", view_of("{")));

  EXPECT_EQ(flash(image_, order(image_, key_)), "malformed");
}

TEST_F(DirectorCheckTest, TakesNoMetadataBeyondItsLimit) {
  bench_->flasher->set_metadata(Bytes(kMaxMetadataBytes + 1, ' '));

  const auto done = bench_->flash(image_);

  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().nrc, uds::Nrc::kRequestOutOfRange);
}

/// An ECU that has no clock, but knows a time server.
class AttestedTimeTest : public DirectorCheckTest {
 protected:
  AttestedTimeTest() {
    settings_.time_keys = ota::TimeKeys{{time_key_.public_key()}, 1};
    settings_.steady = [this] { return steady_; };
    settings_.clock = [this] { return now_ + std::chrono::hours(24 * 300); };  // all wrong
    restart();
  }
  void restart() {
    bench_ = std::make_unique<Bench>(settings_, disk_);
    bench_->boot();
  }
  std::string attest(Timestamp time, const crypto::SigningKey& key) {
    const auto nonce = bench_->flasher->time_nonce();
    EXPECT_TRUE(nonce);
    return ota::attest_time({to_hex(*nonce)}, time, key).value();
  }
  static Bytes with(const Bytes& metadata, const std::string& attestation) {
    Value files = parse_json(gatehouse::text_of(metadata)).value();
    files.set(kTimeMember, attestation);
    return bytes_of(to_json(files));
  }
  /// The order of the image at now_, and what the ECU is told of the time.
  std::string flash_at(Timestamp time) {
    return flash(image_, with(order(image_, key_), attest(time, time_key_)));
  }

  crypto::SigningKey time_key_ = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  std::chrono::milliseconds steady_{1000};
};

TEST_F(AttestedTimeTest, JudgesWhatHasExpired) {
  EXPECT_EQ(flash_at(now_ + std::chrono::hours(25)), "expired");
  EXPECT_EQ(flash_at(now_), "expired") << "its time does not go back";
}

TEST_F(AttestedTimeTest, CountsInsteadOfAnyClock) { EXPECT_EQ(flash_at(now_), "good"); }

TEST_F(AttestedTimeTest, InstallsNothingIfItNeverHeardATime) {
  EXPECT_EQ(flash(image_, order(image_, key_)), "missing");
  EXPECT_NE(bench_->ecu.state().last_error.find("no time was ever attested"), std::string::npos)
      << bench_->ecu.state().last_error;
}

TEST_F(AttestedTimeTest, BelievesNoOtherKeyNonceOrLateAnswer) {
  const Bytes metadata = order(image_, key_);
  EXPECT_EQ(flash(image_, with(metadata, attest(now_, key_))), "missing") << "the Director's key";
  const std::string old = attest(now_, time_key_);
  (void)attest(now_, time_key_);
  EXPECT_EQ(flash(image_, with(metadata, old)), "missing") << "of the question before";
  EXPECT_NE(bench_->ecu.state().last_error.find("another nonce"), std::string::npos);
  const std::string late = attest(now_, time_key_);
  steady_ += std::chrono::seconds(121);
  EXPECT_EQ(flash(image_, with(metadata, late)), "missing") << "kept back";
  const std::string good = attest(now_, time_key_);
  EXPECT_EQ(flash(image_, with(metadata, good)), "good");
  EXPECT_EQ(flash(image_, with(metadata, "{")), "good") << "what is known goes on to count";
}

TEST_F(AttestedTimeTest, IsCarriedOnAndOutlivesARestart) {
  ASSERT_EQ(flash_at(now_), "good");
  steady_ += std::chrono::hours(23);
  EXPECT_EQ(flash(image_, order(image_, key_)), "good");
  restart();
  steady_ = std::chrono::milliseconds(0);
  EXPECT_EQ(flash(image_, order(image_, key_)), "good") << "the latest that counted";
  now_ = now_ - std::chrono::hours(2);
  EXPECT_EQ(flash(image_, order(image_, key_)), "expired") << "what ended an hour before that";
}

TEST_F(AttestedTimeTest, OfSeveralServersIsBelievedOnceEnoughAgree) {
  const auto second = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  settings_.time_keys = ota::TimeKeys{{time_key_.public_key(), second.public_key()}, 2};
  restart();
  const Bytes metadata = order(image_, key_);
  EXPECT_EQ(flash(image_, with(metadata, attest(now_, time_key_))), "missing") << "one of two";
  const std::string nonce = to_hex(bench_->flasher->time_nonce().value());
  const auto said = [&](Timestamp time, const crypto::SigningKey& key) {
    return ota::attest_time({nonce}, time, key).value();
  };

  EXPECT_EQ(
      flash(image_,
            with(metadata, ota::join_attestations({said(now_, time_key_),
                                                   said(now_ + std::chrono::hours(1), second)}))),
      "missing")
      << "they do not agree";
  EXPECT_EQ(
      flash(image_,
            with(metadata, ota::join_attestations({said(now_, time_key_), said(now_, second)}))),
      "good");
}

TEST_F(DirectorCheckTest, GivesNoNonceIfItBelievesNoTimeServer) {
  EXPECT_EQ(bench_->flasher->time_nonce().error().nrc, uds::Nrc::kRequestOutOfRange);
}

}  // namespace
}  // namespace gatehouse::ecu
