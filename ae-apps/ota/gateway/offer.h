#pragma once
#include <string_view>

#include "ae-apps/ota/gateway/cse_side.h"
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

/// The order, refused because another one has the ECU. Kept in the journal until the server was
/// told, its nonce counts as used from then on.
Job set_aside(Job order, std::string reason);

/// A refusal as the server gets it, without reports.
Value refusal_of(const GatewaySettings& settings, const Job& job);

/// What the server is told while an order waits; `until`: m2m:timestamp.
Value delay_of(const GatewaySettings& settings, const Job& job, const std::string& stage,
               const std::string& reason, const std::string& until);

/// Ends the order of `job` at the [firmware], unless a newer one stands there: that one is left as
/// it is, to be taken next. One that came between our look and our word was ended by it unseen, and
/// is kept in the journal as set aside. Called again after an error, or after a loss of power, it
/// does the same. Errors: those of the CSE and of the journal.
Result<void> end_order(CseSide& cse, JobJournal& journal, const Job& job, sdk::UpdateStatus status,
                       const EcuFacts* facts);

}  // namespace gatehouse::gateway
