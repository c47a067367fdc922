#pragma once
#include <mutex>
#include <string>
#include <vector>

#include "ae-apps/ota/gateway/member.h"
#include "ae-apps/ota/gateway/settings.h"
#include "ae-apps/sdk/ae.h"

namespace gatehouse::gateway {

/// The gateway as oneM2M sees it: its resources at the MN-CSE, and the server's container for
/// reports. Names are in ae-apps/ota/README.md. Errors are those of the CSE. Threading: any thread;
/// subscribe() once.
class CseSide {
 public:
  /// Both outlive it.
  CseSide(const GatewaySettings& settings, sdk::Ae& ae) : settings_(settings), ae_(ae) {}

  /// Policies (the server may CREATE inquiries and UPDATE [firmware], nobody else but us) and
  /// containers.
  Result<void> prepare();
  /// Node, [firmware] and [deviceInfo] of an ECU. Without facts only what is not there yet is made.
  /// An order that waits is not touched.
  Result<void> publish(const EcuEntry& entry, const EcuFacts* facts);

  using Inquired = std::function<void(const Value& inquiry)>;
  using Offered = std::function<void(const std::string& serial)>;
  /// Also calls back for what came while we were away. Callbacks on the Ae's dispatcher thread, and
  /// on the caller's.
  Result<void> subscribe(const Inquired& inquired, const Offered& offered);
  void unsubscribe();

  /// Attributes of the [firmware].
  Result<Value> firmware(const std::string& serial);
  Result<void> set_status(const std::string& serial, sdk::UpdateStatus status);
  /// Ends an order: ud false, uds, and vr and fwv as the ECU really is, if that is known.
  Result<void> close_order(const std::string& serial, sdk::UpdateStatus status,
                           const EcuFacts* facts);
  /// [deviceInfo] as the ECU really is.
  Result<void> set_facts(const std::string& serial, const EcuFacts& facts);
  /// Signed by the gateway as the vehicle's Primary (uptane/signed_message.h).
  Result<void> push_report(Value instance);
  /// The same to the vehicle's own measuring software, which looks at the reports' own signatures.
  Result<void> push_measurement(const Value& instance);
  /// Into `consents` and `progress` below the <AE>; for people, so a failure is only returned.
  Result<void> push_consent(const Value& instance);
  Result<void> push_progress(const std::string& serial, std::string_view state, int percent);

 private:
  Result<void> ensure_policies();
  Result<void> ensure(sdk::Resource resource, Value attributes,
                      const std::vector<std::string>& announced,
                      std::vector<std::string> create_only) const;
  Result<void> publish_firmware(const EcuEntry& entry, const EcuFacts* facts);
  sdk::Node node(const std::string& serial);

  const GatewaySettings& settings_;
  sdk::Ae& ae_;
  std::string inquiries_policy_, ecu_policy_, own_policy_;
  std::vector<sdk::Subscription> subscriptions_;
};

}  // namespace gatehouse::gateway
