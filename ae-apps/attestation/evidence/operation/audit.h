#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/operation/anchors.h"
#include "ae-apps/attestation/evidence/operation/certificate.h"

namespace gatehouse::evidence {

/// What the auditor found to be true, in words.
struct AuditReport {
  struct Line {
    std::string time;  ///< as the signer's clock had it
    std::string signer;
    std::string text;
  };
  std::string device;
  std::uint64_t operation = 0;
  std::string outcome;
  std::vector<Line> happened;
  std::vector<std::string> proven;  ///< about log, witnesses, stamps, numbering
};

/// Checks one operation with nothing but these two: no network, no clock, no trust in who made the
/// certificate. Errors: kNotAcceptable with the reason.
Result<AuditReport> audit_certificate(const Certificate& certificate, const TrustAnchors& anchors);

/// Checks a whole log: signatures, every entry, every tile, the numbering of every device's
/// operations, and that older checkpoints (of receipts, say) are of the same tree. Errors:
/// kNotAcceptable with the reason.
Result<std::vector<std::string>> audit_log(Medium& medium, const TrustAnchors& anchors,
                                           const std::vector<SignedCheckpoint>& older);

/// For a terminal.
std::string to_text(const AuditReport& report);
/// One page that needs nothing else, to be printed.
std::string to_html(const AuditReport& report);
/// `2026-11-22 07:00:00 UTC`
std::string readable_time(std::int64_t time_s);

}  // namespace gatehouse::evidence
