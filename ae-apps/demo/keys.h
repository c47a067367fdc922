#pragma once
#include <string>

#include "ae-apps/demo/layout.h"

namespace gatehouse::demo {

/// What make_keys() has made, for people and for the steps.
struct Keys {
  std::string oem_key_uri;   ///< in the OEM's token
  std::string token_config;  ///< SOFTHSM2_CONF
  std::string oem_key_id;    ///< hexadecimal
  std::size_t certificates = 0;
};

/// Files of keys, below Layout::work; each of mode 0600.
std::string report_key_file(const Layout& layout, const EcuPlan& ecu);
std::string report_public_key_file(const Layout& layout, const EcuPlan& ecu);
std::string shared_key_file(const Layout& layout, const EcuPlan& ecu);
/// The same key for the gateway, until its TPM has taken it over.
std::string gateway_copy_file(const Layout& layout, const EcuPlan& ecu);
std::string access_key_file(const Layout& layout, const EcuPlan& ecu);
std::string gateway_key_file(const Layout& layout);
std::string gateway_public_key_file(const Layout& layout);
std::string oem_public_key_file(const Layout& layout);
/// Of the time server.
std::string time_key_file(const Layout& layout);
std::string time_public_key_file(const Layout& layout);
/// Of the repositories: "root-1", "root-2", "release-2", "snapshot", "timestamp", "director".
std::string repository_key_file(const Layout& layout, const std::string& name);
std::string repository_public_key_file(const Layout& layout, const std::string& name);

/// The service provider's certificates by gatehouse-pki, the OEM's token and the keys of ECUs and
/// gateway by gatehouse-oem. Errors: what those programs say.
Result<Keys> make_keys(const Layout& layout);

}  // namespace gatehouse::demo
