#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/quote/event_log.h"

namespace gatehouse::attest {

/// How far the logs explain a quote.
struct Replay {
  /// Entries of a growing log (IMA, canonical) that were written behind the quote: listed, but not
  /// proven. By log, the number of entries that are proven.
  std::vector<std::size_t> proven_entries;
  /// Violations among the proven entries: "entry 7 (/etc/passwd)".
  std::vector<std::string> violations;
  PcrValues values;  ///< that the logs lead to
};

/// Extends what the logs say, from the state after a reset, and holds the selected PCRs against the
/// quote: against `values` where they came along, else against `pcr_digest` alone. A log that grows
/// while the system runs may go on behind the quote. Errors: kNotAcceptable, "log: …" with the
/// first PCR that diverges and the entry at which it does, as far as that can be known: two logs
/// for one PCR, a selected PCR that no log explains, entries that are missing, added, swapped or
/// altered.
Result<Replay> replay(const std::vector<EventLog>& logs, const PcrSelection& selection,
                      const std::optional<PcrValues>& values, HashAlg digest_hash,
                      const Bytes& pcr_digest);

/// The first entry in which two logs of one PCR differ, "entry 3 (/bin/sh): …"; empty if none does.
std::string first_difference(const EventLog& log, const EventLog& reference);

}  // namespace gatehouse::attest
