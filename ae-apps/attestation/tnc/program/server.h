#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "ae-apps/attestation/tnc/program/connections.h"
#include "ae-apps/ota/program/step_log.h"
#include "bindings/security/tls_settings.h"
#include "cse/primitive/value.h"

namespace gatehouse::tnc {

struct TncServerSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 271;  ///< IANA's for PT-TLS; 0: a free one
  TlsSettings tls = {};
  std::map<std::string, std::string> devices = {};  ///< by an identity of the client's certificate
  Words words = Words::kPts;
  bool tpm_tls = false;  ///< clients prove themselves by the device key in their TPM, or are denied
  std::string attempts_file = {};  ///< who was refused, and why; empty: in the log only
  ConnectionLimits limits = {};
};

/// PT-TLS clients: who they are is in their certificates, what they say is relayed to the verifier.
class TncListener {
 public:
  /// As VerifierClient::ask; asked by several threads.
  using Verifier = std::function<Result<Value>(const std::string& question, const Value& content)>;
  /// The log outlives it. Errors: kInternalServerError.
  static Result<std::unique_ptr<TncListener>> start(TncServerSettings settings, Verifier verifier,
                                                    ota::StepLog& log);
  ~TncListener();
  std::uint16_t port() const { return port_; }

 private:
  struct Impl;
  TncListener() = default;
  std::uint16_t port_ = 0;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::tnc
