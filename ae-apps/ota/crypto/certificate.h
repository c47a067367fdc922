#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::crypto {

/// Why a certificate is not believed.
enum class CertificateFault : std::uint8_t {
  kFormat,  ///< no X.509 certificate, or not with a key of ours
  kTime,    ///< not yet, or no longer valid; also if the revocation list is out of date
  kSignature,
  kChain,  ///< of nobody that is trusted
  kUsage,  ///< not made for this
  kRevoked,
};
std::string_view text_of(CertificateFault fault);

/// What a certificate that is believed says about its holder.
struct Holder {
  std::string common_name;
  PublicKey key;
};

/// In the extended key usage of a tester that may program ECUs.
inline constexpr const char* kTesterUsage = "2.25.192383241172345120163458722318941202441";

/// Those whose signature makes a certificate worth believing. Immutable; any thread.
class TrustAnchors {
 public:
  /// A PEM file with one or more certificates; `crl_file` may be empty. Errors: kNotFound,
  /// kBadRequest.
  static Result<TrustAnchors> load(const std::string& file, const std::string& crl_file = {});
  /// `unix_time`: seconds since 1970. `usage`: an object identifier of the extended key usage.
  tl::expected<Holder, CertificateFault> verify(ByteView der, std::int64_t unix_time,
                                                const char* usage) const;

 private:
  struct State;
  explicit TrustAnchors(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  std::shared_ptr<const State> state_;
};

/// The first certificate of a PEM file, in DER. Errors: kNotFound, kBadRequest.
Result<Bytes> load_certificate(const std::string& file);

}  // namespace gatehouse::crypto
