#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/operation/anchors.h"
#include "ae-apps/attestation/evidence/trust/time_stamp.h"

namespace gatehouse::evidence {

/// Whether a key that counts for its size signed it. Errors: kNotAcceptable.
Result<void> check_log_signature(const SignedCheckpoint& checkpoint,
                                 const std::vector<TrustedLogKey>& keys);
/// The names of the anchors' witnesses that cosigned, with their times. Errors: kNotAcceptable if
/// one is forged or they are fewer than the quorum.
Result<std::vector<GoodSignature>> check_witnesses(const SignedCheckpoint& checkpoint,
                                                   const TrustAnchors& anchors);

struct StampedCheckpoint {
  TimeStamp stamp;
  std::vector<std::string> proven;  ///< in words
};
/// Both of the above, and the time stamp over the checkpoint's text; the witnesses' clocks must
/// agree with the stamp within a day. Errors: kNotAcceptable.
Result<StampedCheckpoint> check_stamped(const SignedCheckpoint& checkpoint, ByteView stamp,
                                        const std::vector<TrustedLogKey>& keys,
                                        const TrustAnchors& anchors);

}  // namespace gatehouse::evidence
