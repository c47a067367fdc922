#pragma once
#include "cse/services/polling/polling.h"

namespace gatehouse {

/// <pollingChannel>: one for each registration, of the registree's own making. Source: TS-0004
/// clause 7.4.22.
std::shared_ptr<const TypeBehaviour> polling_channel_behaviour();
/// <pollingChannelURI>: RETRIEVE fetches, NOTIFY answers. `channels` outlives it. Source: TS-0004
/// clause 7.4.23.
std::shared_ptr<VirtualResource> polling_channel_uri(PollingChannels& channels);

}  // namespace gatehouse
