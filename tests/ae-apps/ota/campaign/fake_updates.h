#pragma once
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "ae-apps/ota/campaign/manager.h"
#include "cse/codec/json.h"

namespace gatehouse::campaign {

inline const std::string kBrake(64, 'b');
inline const std::string kLamp(64, 'c');

/// A server in which a test says what each ECU stands for.
class FakeUpdates final : public Updates {
 public:
  struct Ecu {
    Standing::Kind kind = Standing::Kind::kMayGo;
    std::string reason;
    std::string version = "1.0.0";
    std::string runs = "1.0.0's hash";
    std::string signed_by = "ecu";
  };
  std::map<std::string, Image> images = {{kBrake, {kBrake, "brake", "1.1.0", "brake-2", 11}},
                                         {kLamp, {kLamp, "lamp", "2.0.0", "lamp-1", 20}}};
  std::map<std::string, Ecu> ecus;
  std::vector<std::string> told, asked, withdrawn, forgiven;  ///< serial numbers, vehicles
  std::string offer_objection;

  std::optional<Image> image(const std::string& sha256) const override {
    const auto found = images.find(sha256);
    return found == images.end() ? std::nullopt : std::optional(found->second);
  }
  Standing standing(const std::string& serial, const std::string& image,
                    const Terms& terms) const override {
    const auto found = ecus.find(serial);
    Ecu ecu = found == ecus.end() ? Ecu{} : found->second;
    if (!terms.allow_gateway_level && ecu.signed_by == "gateway") {
      ecu.kind = Standing::Kind::kObjection;
      ecu.reason = "the gateway signs for it";
    }
    Standing out{ecu.kind, ecu.reason, {}};
    out.proven.version = ecu.version;
    if (ecu.kind != Standing::Kind::kUnknown) {
      out.proven.at = "20301231T120000";
      out.proven.signed_by = ecu.signed_by;
    }
    if (ecu.kind == Standing::Kind::kRuns) out.proven.version = images.at(image).version;
    return out;
  }
  std::optional<Shown> shown(const std::string& serial) const override {
    const auto found = ecus.find(serial);
    if (found == ecus.end()) return std::nullopt;
    Shown out;
    out.vehicle = serial == "BB" ? "/v0" : "/v" + serial.substr(1);
    out.hardware_id = serial.starts_with('B') ? "brake-2" : "lamp-1";
    out.node = out.vehicle + "/cse/ecu-" + serial;
    out.name = "brake";
    out.proven.version = found->second.version;
    out.proven.signed_by = found->second.signed_by;
    out.order_open = found->second.kind == Standing::Kind::kOpen;
    return out;
  }
  std::string offer(const std::string& serial, const std::string&, const Terms& terms) override {
    if (!offer_objection.empty()) return offer_objection;
    if (!terms.allow_gateway_level && ecus[serial].signed_by == "gateway") return "on these terms";
    told.push_back(serial);
    ecus[serial].kind = Standing::Kind::kUnsent;
    return {};
  }
  void ask(const std::string& vehicle) override { asked.push_back(vehicle); }
  void withdraw(const std::string& serial, const std::string&) override {
    withdrawn.push_back(serial);
    ecus[serial].kind = Standing::Kind::kMayGo;
  }
  void forgive(const std::string& serial, const std::string&) override {
    forgiven.push_back(serial);
    if (ecus[serial].kind == Standing::Kind::kFailed) ecus[serial].kind = Standing::Kind::kMayGo;
  }
};

inline Value json(const std::string& text) {
  const Result<Value> out = parse_json(text);
  EXPECT_TRUE(out) << text;
  return out.value_or(Value());
}

}  // namespace gatehouse::campaign
