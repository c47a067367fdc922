#include "ae-apps/attestation/evidence/operation/checkpoint_audit.h"

#include <cstdlib>

#include "ae-apps/attestation/evidence/operation/audit.h"

namespace gatehouse::evidence {
namespace {

/// By how much the clocks of witnesses and of the time stamp may differ.
constexpr std::int64_t kWitnessTolerance_s = 86'400;

tl::unexpected<Error> refused(const std::string& reason) {
  return fail(Rsc::kNotAcceptable, reason);
}

}  // namespace

Result<void> check_log_signature(const SignedCheckpoint& checkpoint,
                                 const std::vector<TrustedLogKey>& keys) {
  const Checkpoint& tree = checkpoint.checkpoint;
  const auto good = check_signatures(checkpoint.note, keys_for(keys, tree.origin, tree.size));
  if (!good) return fail(good.error());
  if (good->empty()) {
    return refused("the checkpoint is not signed by a key of the log that counts for its size");
  }
  return {};
}

Result<std::vector<GoodSignature>> check_witnesses(const SignedCheckpoint& checkpoint,
                                                   const TrustAnchors& anchors) {
  auto good = check_signatures(checkpoint.note, anchors.witnesses);
  if (!good) return fail(good.error());
  if (good->size() < anchors.quorum) {
    return refused("the checkpoint is cosigned by " + std::to_string(good->size()) +
                   " of the trusted witnesses, and " + std::to_string(anchors.quorum) +
                   " are needed");
  }
  return good;
}

Result<StampedCheckpoint> check_stamped(const SignedCheckpoint& checkpoint, ByteView stamp,
                                        const std::vector<TrustedLogKey>& keys,
                                        const TrustAnchors& anchors) {
  if (auto done = check_log_signature(checkpoint, keys); !done) return fail(done.error());
  const auto witnesses = check_witnesses(checkpoint, anchors);
  if (!witnesses) return fail(witnesses.error());
  auto time = verify_stamp(stamp, view_of(checkpoint.note.text), anchors.stamps_pem);
  if (!time) return fail(time.error());
  StampedCheckpoint out{*std::move(time), {}};
  for (const GoodSignature& one : *witnesses) {
    const auto seen_s = static_cast<std::int64_t>(one.time_s.value_or(0));
    if (std::llabs(seen_s - out.stamp.time_s) > kWitnessTolerance_s) {
      return refused("the clock of " + one.key.name + " and the time stamp disagree by over a day");
    }
    out.proven.push_back("The witness " + one.key.name + " saw this same tree at " +
                         readable_time(seen_s) + ".");
  }
  out.proven.push_back("The time stamp authority " + out.stamp.authority +
                       " confirms that it existed at " + readable_time(out.stamp.time_s) + ".");
  return out;
}

}  // namespace gatehouse::evidence
