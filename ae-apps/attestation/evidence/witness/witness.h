#pragma once
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/log/checkpoint.h"
#include "ae-apps/attestation/evidence/log/medium.h"

namespace gatehouse::evidence {

/// What a witness says to an HTTP request.
struct WitnessAnswer {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
};

struct WitnessSettings {
  /// The keys of the logs it knows; a key's name is its log's origin. A log that changes its key
  /// has two for a while.
  std::vector<VerifierKey> log_keys;
  std::size_t max_kept_refusals = 64;  ///< forks of a log, kept as proof of what it did
};

/// Says of each log that it knows: this is the largest tree that I have seen, and it continues all
/// that I have seen before. What it said last is durable before it says it. Source: C2SP
/// tlog-witness. Threading: any thread.
class Witness {
 public:
  using Clock = std::function<std::uint64_t()>;  ///< seconds since 1970
  /// `signer` makes cosignatures. The medium outlives the witness and is used by it alone.
  Witness(Medium& medium, NoteSigner signer, WitnessSettings settings, Clock clock);

  /// POST add-checkpoint. 200: one line, the cosignature.
  WitnessAnswer add_checkpoint(std::string_view body);
  /// GET <hash of the origin>/checkpoint, in the specification's words the monitoring interface.
  WitnessAnswer latest(std::string_view origin_hash);
  const VerifierKey& verifier() const { return signer_.verifier(); }

 private:
  struct Submission {
    std::uint64_t old_size = 0;
    Proof proof;
    SignedCheckpoint checkpoint;
  };
  static Result<Submission> parse(std::string_view body);
  WitnessAnswer judge(const Submission& submission);
  WitnessAnswer cosign(const Submission& submission, const SignedCheckpoint* last);
  void keep_refusal(const Submission& submission, const SignedCheckpoint& last);
  Result<std::optional<SignedCheckpoint>> load(const std::string& origin);
  std::uint64_t time_of(const SignedCheckpoint& checkpoint) const;

  Medium& medium_;
  const NoteSigner signer_;
  const WitnessSettings settings_;
  const Clock clock_;
  std::mutex mutex_;  ///< over reading and replacing the state of a log
};

}  // namespace gatehouse::evidence
