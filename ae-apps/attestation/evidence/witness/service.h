#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "ae-apps/attestation/evidence/witness/submission.h"

namespace gatehouse::evidence {

/// A witness at an HTTP address: POST /add-checkpoint, GET /<hash of the origin>/checkpoint.
class WitnessService {
 public:
  struct Settings {
    std::string address = "127.0.0.1";
    std::uint16_t port = 0;  ///< 0: a free one
  };
  /// The witness outlives the service. Errors: kInternalServerError if it cannot listen.
  static Result<std::unique_ptr<WitnessService>> start(Settings settings, Witness& witness);
  virtual ~WitnessService() = default;
  virtual std::uint16_t port() const = 0;
};

/// Over HTTP, with kept connections; waits for each answer. For any thread but those of bindings.
WitnessTransport http_transport();

}  // namespace gatehouse::evidence
