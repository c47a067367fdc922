#pragma once
#include "ae-apps/attestation/tnc/dialogue.h"
#include "ae-apps/attestation/tnc/stream/tls_stream.h"

namespace gatehouse::tnc {

struct CollectorSettings {
  std::string host;  ///< as in the server's certificate
  std::uint16_t port = 271;
  TlsSettings tls;
  std::chrono::seconds limit{60};  ///< for each wait
};

/// One dialogue with a TNC server. Errors: kTargetNotReachable; kNotAcceptable if it was broken
/// off.
Result<TncOutcome> be_validated(const CollectorSettings& settings, TncClient::Parts parts);

}  // namespace gatehouse::tnc
