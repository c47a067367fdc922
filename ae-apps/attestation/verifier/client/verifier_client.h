#pragma once
#include <memory>
#include <string>

#include "bindings/security/tls_settings.h"
#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse::attest {

/// Questions to gatehouse-verifier over HTTPS; what they hold is in the README of its folder.
/// Threading: any thread but those of bindings.
class VerifierClient {
 public:
  /// `url` without a slash at its end. Throws std::runtime_error if a TLS file cannot be used.
  VerifierClient(std::string url, const TlsSettings& tls);
  ~VerifierClient();

  /// POSTs the question ("challenge", "judge", "enrol", "enrolled") and waits. Errors:
  /// kTargetNotReachable (later, perhaps); kNotFound, kConflict, kBadRequest and kNotAcceptable are
  /// the verifier's own words.
  Result<Value> ask(const std::string& question, const Value& content);

 private:
  struct Impl;
  const std::string url_;
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::attest
