#pragma once
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/image/image.h"
#include "ae-apps/ota/image/version_report.h"
#include "ae-apps/ota/server/settings.h"
#include "ae-apps/ota/uptane/signed_message.h"
#include "cse/codec/json.h"
#include "cse/primitive/value.h"

namespace gatehouse::ota_server {

/// Keys of one test program; making them takes time.
struct TestKeys {
  crypto::SigningKey oem = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  crypto::SigningKey brake = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  crypto::SigningKey gateway = *crypto::SigningKey::generate(crypto::Algorithm::kEd25519);
  crypto::SigningKey stranger = *crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  static const TestKeys& get() {
    static const TestKeys keys;
    return keys;
  }
};

/// A vehicle with a full ECU, "BRK-1", and one whose gateway signs, "LMP-2".
inline Vehicle test_vehicle(const std::string& cse_id = "/id-mn",
                            const std::string& csebase = "cse-mn") {
  Vehicle out;
  out.cse_id = cse_id;
  out.csebase = csebase;
  out.gateway_ae = cse_id + "/CotaGateway";
  out.ecus.push_back({"BRK-1", "brake-2", Level::kFull, TestKeys::get().brake.public_key()});
  out.ecus.push_back({"LMP-2", "lamp-1", Level::kGateway, TestKeys::get().gateway.public_key()});
  out.primary_key = TestKeys::get().gateway.public_key();
  return out;
}

/// A message as the gateway sends it: signed by the Primary.
inline Value signed_message(Value message) {
  EXPECT_TRUE(uptane::sign_message(message, TestKeys::get().gateway));
  return message;
}

/// A report in all its parts, to be spoilt by a test.
struct TestReport {
  image::VersionReport content;
  std::string level = "full";
  const crypto::SigningKey* key = &TestKeys::get().brake;
  std::string ecu = "BRK-1";

  Value entry() const {
    const image::SignedReport report = *image::sign_report(content, *key);
    return Value::object({{"ecu", ecu},
                          {"level", level},
                          {"report", report.report_json},
                          {"signature", to_base64(report.signature)},
                          {"key_id", report.key_id}});
  }
};

inline TestReport brake_report(const std::string& nonce, const std::string& version,
                               std::uint64_t counter, const std::string& payload_sha256) {
  TestReport out;
  out.content = {"BRK-1", "brake-2", "brake", version,   counter, payload_sha256,
                 "a",     nonce,     1,       "running", "none"};
  return out;
}

inline TestReport lamp_report(const std::string& nonce, const std::string& version,
                              std::uint64_t counter) {
  TestReport out;
  out.content = {"LMP-2", "lamp-1", "lamp", version, counter, "", "a", nonce, 1, "running", "none"};
  out.level = "gateway";
  out.key = &TestKeys::get().gateway;
  out.ecu = "LMP-2";
  return out;
}

inline Value message(const std::string& purpose, const std::string& inquiry, Value::Array entries,
                     const std::string& vehicle = "/id-mn") {
  return signed_message(Value::object({{"inquiry", inquiry},
                                       {"vehicle", vehicle},
                                       {"purpose", purpose},
                                       {"reports", std::move(entries)}}));
}

inline Value with_error(Value message, const std::string& ecu, const std::string& stage,
                        const std::string& reason) {
  return signed_message(message.set(
      "error",
      Value::object({{"ecu", ecu}, {"stage", stage}, {"reason", reason}, {"version", "1.1.0"}})));
}

inline std::string label(const Value& attributes, const std::string& prefix) {
  for (const std::string& each : attributes.strings_at("lbl")) {
    if (each.starts_with(prefix)) return each.substr(prefix.size());
  }
  return {};
}

inline Bytes test_image(const std::string& version, std::uint64_t counter,
                        const crypto::SigningKey& key = TestKeys::get().oem,
                        std::size_t payload_bytes = 5'000) {
  image::Manifest manifest;
  manifest.name = "brake";
  manifest.version = version;
  manifest.release_counter = counter;
  manifest.hardware_id = "brake-2";
  manifest.created = "20261121T120000";
  return *image::build_image(manifest, Bytes(payload_bytes, static_cast<std::uint8_t>(counter)),
                             {&key});
}

}  // namespace gatehouse::ota_server
