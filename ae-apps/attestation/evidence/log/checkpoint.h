#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "ae-apps/attestation/evidence/log/merkle.h"
#include "ae-apps/attestation/evidence/log/note.h"

namespace gatehouse::evidence {

/// What a log says about itself: so many entries, this root. Source: C2SP tlog-checkpoint.
struct Checkpoint {
  std::string origin;  ///< identifies the log
  std::uint64_t size = 0;
  Hash root{};
  std::vector<std::string> extensions;  ///< further lines; not empty

  friend bool operator==(const Checkpoint&, const Checkpoint&) = default;
};

/// The text that is signed: a line each for origin, size, root and every extension.
std::string to_text(const Checkpoint& checkpoint);
/// Errors: kBadRequest.
Result<Checkpoint> parse_checkpoint(std::string_view text);

/// A decimal number without leading zeroes, at most 2^63 - 1, as all of C2SP's texts have it.
Result<std::uint64_t> parse_decimal(std::string_view text);
/// 32 bytes in base64. Errors: kBadRequest.
Result<Hash> parse_hash(std::string_view base64);

/// A checkpoint as it travels, with the log's signature and those of witnesses.
struct SignedCheckpoint {
  Checkpoint checkpoint;
  Note note;

  friend bool operator==(const SignedCheckpoint&, const SignedCheckpoint&) = default;
};
/// The form only. Errors: kBadRequest.
Result<SignedCheckpoint> parse_signed_checkpoint(std::string_view bytes);
/// Errors: as NoteSigner::sign.
Result<SignedCheckpoint> sign_checkpoint(const Checkpoint& checkpoint,
                                         const std::vector<NoteSigner>& signers);

/// An entry's place in a log, in one text that needs no network to be checked: what a device keeps
/// as its receipt. Source: C2SP tlog-proof.
struct ProofFile {
  std::uint64_t index = 0;
  Proof proof;
  SignedCheckpoint checkpoint;

  friend bool operator==(const ProofFile&, const ProofFile&) = default;
};
std::string to_text(const ProofFile& file);
/// The form only; an `extra` line is passed over. Errors: kBadRequest.
Result<ProofFile> parse_proof_file(std::string_view text);
/// Base64 lines, one hash each. Errors: kBadRequest, also for more than 63.
Result<Proof> parse_proof_lines(std::string_view text);
std::string proof_lines(const Proof& proof);

}  // namespace gatehouse::evidence
