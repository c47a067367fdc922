#pragma once
#include <string_view>

#include "ae-apps/ota/gateway/job.h"
#include "ae-apps/ota/gateway/settings.h"

namespace gatehouse::gateway {

/// Makes a job of the order in a [firmware]. One that is wrong gives a job that has failed already
/// (stage "offer"): it is reported and closed, and nothing is downloaded for it. nullopt: the order
/// is the one of a job that is under way.
std::optional<Job> job_of_offer(const GatewaySettings& settings, const JobJournal& journal,
                                const std::string& serial, const Value& firmware);

/// The nonce in the labels of a [firmware] ("nonce:<hex>"); empty if there is none of 16 to 32
/// bytes.
std::string nonce_label(const Value& firmware);

}  // namespace gatehouse::gateway
