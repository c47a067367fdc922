#pragma once
#include "ae-apps/demo/layout.h"

namespace gatehouse::demo {

/// What the demonstration's processes read, written below Layout::work.
struct Consent {
  bool by_itself = true;  ///< else the user is asked at the gateway's display
};

std::string in_configuration(const Layout& layout);
std::string mn_configuration(const Layout& layout);
std::string asn_configuration(const Layout& layout);
std::string server_configuration(const Layout& layout);
/// Once the ports of the ECUs are known.
/// The vehicle's file, which the gateway reads: a bus and the ECUs.
std::string vehicle_description(const Layout& layout);
std::string gateway_configuration(const Layout& layout, const Consent& consent);
/// mosquitto: mutual TLS, topics by certificate; and the file of its rules.
std::string broker_configuration(const Layout& layout);
std::string broker_rules();
/// For `curl -K`: who we are, and the headers of every request.
std::string curl_configuration(const Layout& layout);

/// Errors: kInternalServerError.
Result<void> write_file(const std::string& file, const std::string& text);

}  // namespace gatehouse::demo
