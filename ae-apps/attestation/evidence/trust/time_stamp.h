#pragma once
#include <functional>
#include <memory>
#include <string>

#include "ae-apps/ota/crypto/keys.h"
#include "ae-apps/ota/crypto/random.h"

namespace gatehouse::evidence {

/// What a time stamp token says. Source: RFC 3161.
struct TimeStamp {
  std::int64_t time_s = 0;  ///< seconds since 1970
  std::string serial;       ///< hexadecimal
  std::string policy;       ///< object identifier, dotted
  std::string authority;    ///< common name of its certificate

  friend bool operator==(const TimeStamp&, const TimeStamp&) = default;
};

/// A request for a stamp over SHA-256 of the data, with a nonce, asking for the certificate: DER.
Result<Bytes> stamp_request(ByteView data, crypto::Random& random);
/// Whether the response answers the request: granted, same digest, same nonce. Errors:
/// kNotAcceptable with the reason. Says nothing about who signed it.
Result<void> match_response(ByteView response, ByteView request);
/// Checks a response (DER, as in a .tsr file) over the data. The authority's certificate must lead
/// to an anchor as of the time of the stamp and be made for stamping alone. Errors: kNotAcceptable
/// with the reason.
Result<TimeStamp> verify_stamp(ByteView response, ByteView data, std::string_view anchors_pem);

/// An authority in this program: the default where no other is at hand. Its stamps are worth what
/// its key's keeper is worth; who needs more asks another one with the same request. Threading: one
/// thread at a time.
class StampAuthority {
 public:
  using Clock = std::function<std::int64_t()>;  ///< seconds since 1970
  struct Settings {
    /// Policy of all stamps; the default is under the arc for examples.
    std::string policy = "1.3.6.1.4.1.99999.1.1";
    Clock clock;
  };
  /// `chain_pem`: the authority's certificate, then those above it but the anchor. P-256 keys only.
  /// Errors: kBadRequest if the certificate is not for stamping alone or not for the key.
  static Result<StampAuthority> make(std::string_view chain_pem, crypto::SigningKey key,
                                     Settings settings);
  StampAuthority(StampAuthority&&) noexcept;
  ~StampAuthority();
  /// A response in DER, which may be a refusal. Errors: kInternalServerError.
  Result<Bytes> answer(ByteView request);

 private:
  struct State;
  explicit StampAuthority(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

/// Certificates for an authority of one's own: an anchor and, under it, a key that may only stamp
/// (extended key usage timeStamping, critical).
struct StampIdentity {
  std::string anchor_pem, chain_pem;
  crypto::SigningKey key;
};
/// Valid from `from_s` (seconds since 1970) for so many days. Errors: kInternalServerError.
Result<StampIdentity> make_stamp_identity(const std::string& name, std::int64_t from_s, int days);

}  // namespace gatehouse::evidence
