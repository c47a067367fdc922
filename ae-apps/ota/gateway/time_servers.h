#pragma once
#include <memory>

#include "ae-apps/ota/clock/secure_clock.h"
#include "ae-apps/ota/gateway/settings.h"

namespace gatehouse::gateway {

/// Asks all configured time servers over HTTP at once, and answers as soon as enough agree, or when
/// the last one has answered or let its 5 s pass; empty if none is configured. The settings
/// outlive it.
ota::SecureClock::Ask ask_time_servers(const GatewaySettings& settings);

/// The clock that asks them; the latest attested time is `state_dir`/time. Errors: as
/// SecureClock::open.
Result<std::unique_ptr<ota::SecureClock>> open_secure_clock(const GatewaySettings& settings,
                                                            crypto::Random& random);

}  // namespace gatehouse::gateway
