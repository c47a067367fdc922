#pragma once
#include <gmock/gmock.h>

#include "ae-apps/ota/server/director.h"
#include "tests/ae-apps/ota/server/vehicle_fixture.h"

namespace gatehouse::ota_server {

using testing::ElementsAre;
using testing::HasSubstr;
using Events = std::vector<std::string>;

inline constexpr const char* kSha10 = "0a0a";  // payloads of the releases
inline constexpr const char* kSha11 = "1111";
inline constexpr const char* kSha12 = "1212";

inline ImageFacts brake_image(const std::string& version, std::uint64_t counter,
                              const std::string& payload_sha256) {
  return {"file-" + version, payload_sha256, "brake", version,
          "brake-2",         counter,        5'000,   "brake/" + version};
}

class DirectorTest : public testing::Test {
 protected:
  DirectorTest() { director_.emplace(rules(), std::vector{test_vehicle()}, random_); }

  static Rules rules() {
    Rules out;
    out.images_url = "https://ota.example/images/";
    return out;
  }

  /// The CSEs take all that is pending; histories are collected.
  void deliver() {
    for (const Outgoing& what : director_->pending()) {
      if (what.kind == Outgoing::Kind::kInquiry) inquiry_ = what.content;
      if (what.kind == Outgoing::Kind::kOffer) {
        offer_ = what.content;
        offer_to_ = what.to;
        ++offers_;
      }
      if (what.kind == Outgoing::Kind::kHistory) history_[what.serial].push_back(what.content);
      director_->delivered(what);
    }
  }
  void ask() {
    director_->take_command(Value::object({{"ask", "/id-mn"}}), now_);
    deliver();
  }
  void report(const Value& content) {
    director_->take_report(content, now_);
    deliver();
  }
  std::string inquiry_id() const { return inquiry_.string_at("inquiry"); }
  std::string inquiry_nonce() const { return inquiry_.string_at("nonce"); }
  std::string offer_nonce() const { return label(offer_, "nonce:"); }

  TestReport inventory(const std::string& version = "1.0.0", std::uint64_t counter = 10,
                       const std::string& sha = kSha10) const {
    return brake_report(inquiry_nonce(), version, counter, sha);
  }
  void tell_inventory(const TestReport& entry) {
    report(message("inventory", inquiry_id(), {entry.entry()}));
  }
  /// Up to an offer of 1.1.0 to BRK-1, which runs 1.0.0.
  void make_offer() {
    director_->set_images({brake_image("1.1.0", 11, kSha11)});
    ask();
    tell_inventory(inventory());
    ASSERT_EQ(offers_, 1);
  }
  void complete(const TestReport& entry) {
    report(message("completion", offer_nonce(), {entry.entry()}));
  }
  TestReport completion(const std::string& version = "1.1.0", std::uint64_t counter = 11,
                        const std::string& sha = kSha11) const {
    return brake_report(offer_nonce(), version, counter, sha);
  }
  void command_offer(const std::string& image, bool force) {
    director_->take_command(
        Value::object(
            {{"offer", image}, {"ecu", "BRK-1"}, {"vehicle", "/id-mn"}, {"force", force}}),
        now_);
    deliver();
  }

  Events events(const std::string& serial = "BRK-1") {
    Events out;
    for (const Value& each : history_[serial]) out.push_back(each.string_at("event"));
    return out;
  }
  Value last(const std::string& serial = "BRK-1") {
    return history_[serial].empty() ? Value() : history_[serial].back();
  }
  EcuRecord record(const std::string& serial = "BRK-1") const {
    return *decode_record(director_->record(serial));
  }

  crypto::SeededRandom random_{7};
  Timestamp now_{1'000'000'000};
  std::optional<Director> director_;
  Value inquiry_, offer_;
  std::string offer_to_;
  int offers_ = 0;
  std::map<std::string, std::vector<Value>> history_;
};

// --- the way of an update, as a table ----------------------------------------------------------

}  // namespace gatehouse::ota_server
