#pragma once
#include <memory>
#include <string>
#include <vector>

#include "ae-apps/attestation/verifier/process/desk.h"
#include "ae-apps/ota/program/step_log.h"
#include "bindings/security/tls_settings.h"

namespace gatehouse::attest {

struct ServiceSettings {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0: a free one
  TlsSettings tls;
  std::vector<std::string> clients;  ///< identities that may ask: "/id-in/Ccenter"
};

/// The desk over HTTPS, both sides by certificate: POST /challenge, /judge, /enrol, /enrolled with
/// JSON, answered with JSON; 4xx and `{"error":"…"}` for what is refused.
class VerifierService {
 public:
  /// Desk and log outlive it. Errors: kInternalServerError if it cannot listen.
  static Result<std::unique_ptr<VerifierService>> start(const ServiceSettings& settings, Desk& desk,
                                                        ota::StepLog& log);
  virtual ~VerifierService() = default;
  virtual std::uint16_t port() const = 0;
};

/// A JSON file. Errors: kBadRequest naming the member and the rule; kNotFound.
struct VerifierSettings {
  ServiceSettings service;
  DeskSettings desk;
  std::string key;  ///< signs verdicts and records: a file, or pkcs11:
};
Result<VerifierSettings> load_verifier_configuration(const std::string& file,
                                                     const Value& overrides);

}  // namespace gatehouse::attest
