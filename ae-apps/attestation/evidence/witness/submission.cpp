#include "ae-apps/attestation/evidence/witness/submission.h"

namespace gatehouse::evidence {
namespace {

/// What a witness that was not at the size we assumed told us of its size.
Result<std::uint64_t> size_in(const WitnessAnswer& answer) {
  std::string_view text = answer.body;
  if (text.ends_with('\n')) text.remove_suffix(1);
  return parse_decimal(text);
}

Result<NoteSignature> read_answer(const WitnessAnswer& answer, const SignedCheckpoint& checkpoint,
                                  const VerifierKey& key) {
  if (answer.status == 422) {
    return fail(Rsc::kConflict, key.name + " has seen another tree of this log: " + answer.body);
  }
  if (answer.status != 200) {
    return fail(Rsc::kNotAcceptable,
                key.name + " answered " + std::to_string(answer.status) + ": " + answer.body);
  }
  const auto lines = parse_note(checkpoint.note.text + "\n" + answer.body);
  if (!lines) return fail(Rsc::kNotAcceptable, key.name + " answered without a cosignature");
  const auto good = check_signatures(*lines, {key});
  if (!good) return fail(good.error());
  for (const NoteSignature& line : lines->signatures) {
    if (line.name == key.name && line.id == key.id) return line;
  }
  return fail(Rsc::kNotAcceptable, key.name + " answered without a cosignature of its own");
}

}  // namespace

std::string submission_of(std::uint64_t old_size, const Proof& proof, const Note& checkpoint) {
  return "old " + std::to_string(old_size) + "\n" + proof_lines(proof) + "\n" + to_text(checkpoint);
}

Result<NoteSignature> ask_witness(const Log& log, const WitnessLink& witness,
                                  const WitnessTransport& transport) {
  const SignedCheckpoint& checkpoint = log.published();
  const std::string url = witness.url + "/add-checkpoint";
  const auto first = transport(url, submission_of(0, {}, checkpoint.note));
  if (!first) return fail(first.error());
  if (first->status != 409) return read_answer(*first, checkpoint, witness.key);
  const auto known = size_in(*first);
  if (!known) return fail(Rsc::kNotAcceptable, witness.key.name + " answered 409 without a size");
  if (*known > checkpoint.checkpoint.size) {
    return fail(Rsc::kConflict, witness.key.name + " has seen this log with " +
                                    std::to_string(*known) + " entries: it was rolled back");
  }
  const auto proof = log.prove_consistency(*known);
  if (!proof) return fail(proof.error());
  const auto second = transport(url, submission_of(*known, *proof, checkpoint.note));
  if (!second) return fail(second.error());
  return read_answer(*second, checkpoint, witness.key);
}

Result<SignedCheckpoint> collect_cosignatures(Log& log, const std::vector<WitnessLink>& witnesses,
                                              std::size_t quorum,
                                              const WitnessTransport& transport) {
  std::vector<NoteSignature> lines;
  std::vector<VerifierKey> keys;
  std::string reasons;
  for (const WitnessLink& witness : witnesses) {
    auto line = ask_witness(log, witness, transport);
    if (line) {
      lines.push_back(*std::move(line));
      keys.push_back(witness.key);
    } else {
      reasons += (reasons.empty() ? "" : "; ") + line.error().detail;
    }
  }
  if (lines.size() < quorum) {
    return fail(Rsc::kTargetNotReachable, std::to_string(lines.size()) + " of " +
                                              std::to_string(quorum) +
                                              " witnesses cosigned, because " + reasons);
  }
  return log.add_cosignatures(log.published().checkpoint, lines, keys);
}

}  // namespace gatehouse::evidence
