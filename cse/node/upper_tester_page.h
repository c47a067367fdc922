#pragma once
#include "bindings/http/page.h"
#include "cse/node/settings.h"
#include "cse/services/upper_tester/upper_tester.h"

namespace gatehouse::node {

/// The HTTP end point of the upper tester: POST /__ut__ with a command in X-M2M-UTCMD, or a request
/// primitive as JSON body; answered by X-M2M-RSC and X-M2M-UTRSP. Source: TS-0019 clause 6.
///
/// Refused with 404 while `tester` is null (the switch is off), and with 403 to everybody but
/// loopback unless `allow_remote`; also to web pages, which would reach loopback through the
/// browser of whoever reads them. A Reset is waited for on the thread that serves the connection.
http::PageHandler upper_tester_page(UpperTester* tester, const UpperTesterSettings& settings);

/// The value of a configuration key as the upper tester tells it; nullopt also for credentials.
std::optional<std::string> told_configuration(const NodeSettings& settings, const std::string& key);

}  // namespace gatehouse::node
