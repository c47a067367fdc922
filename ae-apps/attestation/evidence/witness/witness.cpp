#include "ae-apps/attestation/evidence/witness/witness.h"

#include <algorithm>

namespace gatehouse::evidence {
namespace {

constexpr std::size_t kMaxBodyBytes = kMaxNoteBytes + 8 * 1024;
constexpr const char* kSizeType = "text/x.tlog.size";

std::string origin_hash_of(const std::string& origin) {
  return to_hex(crypto::sha256(view_of(origin)));
}

WitnessAnswer refusal(int status, std::string text) {
  return {status, "text/plain; charset=utf-8", std::move(text) + "\n"};
}

}  // namespace

Witness::Witness(Medium& medium, NoteSigner signer, WitnessSettings settings, Clock clock)
    : medium_(medium),
      signer_(std::move(signer)),
      settings_(std::move(settings)),
      clock_(std::move(clock)) {}

Result<Witness::Submission> Witness::parse(std::string_view body) {
  if (body.size() > kMaxBodyBytes) return fail(Rsc::kBadRequest, "the request is too long");
  const std::size_t end = body.find('\n');
  const std::size_t gap = body.find("\n\n");
  if (!body.starts_with("old ") || gap == std::string_view::npos) {
    return fail(Rsc::kBadRequest, "the request is \"old SIZE\", a proof, an empty line, a note");
  }
  const auto old_size = parse_decimal(body.substr(4, end - 4));
  if (!old_size) return fail(old_size.error());
  auto proof = parse_proof_lines(body.substr(end + 1, gap - end));
  if (!proof) return fail(proof.error());
  auto checkpoint = parse_signed_checkpoint(body.substr(gap + 2));
  if (!checkpoint) return fail(checkpoint.error());
  return Submission{*old_size, *std::move(proof), *std::move(checkpoint)};
}

WitnessAnswer Witness::add_checkpoint(std::string_view body) {
  const auto submission = parse(body);
  if (!submission) return refusal(400, submission.error().detail);
  const Checkpoint& checkpoint = submission->checkpoint.checkpoint;
  std::vector<VerifierKey> keys;
  for (const VerifierKey& key : settings_.log_keys) {
    if (key.name == checkpoint.origin) keys.push_back(key);
  }
  if (keys.empty()) return refusal(404, "this log is not known here");
  const auto good = check_signatures(submission->checkpoint.note, keys);
  if (!good) return refusal(403, good.error().detail);
  if (good->empty()) return refusal(403, "the checkpoint is not signed by the log");
  if (submission->old_size > checkpoint.size) {
    return refusal(400, "the old size is larger than the checkpoint's");
  }
  const std::lock_guard lock(mutex_);
  return judge(*submission);
}

WitnessAnswer Witness::judge(const Submission& submission) {
  const Checkpoint& checkpoint = submission.checkpoint.checkpoint;
  const auto last = load(checkpoint.origin);
  if (!last) return refusal(500, last.error().detail);
  const bool known = last->has_value();
  const std::uint64_t last_size = known ? (*last)->checkpoint.size : 0;
  const Hash last_root = known ? (*last)->checkpoint.root : empty_root();
  if (submission.old_size != last_size) {
    return {409, kSizeType, std::to_string(last_size) + "\n"};
  }
  if (checkpoint.size == 0 && checkpoint.root != empty_root()) {
    return refusal(422, "an empty tree has another root");
  }
  const auto consistent =
      verify_consistency(last_size, checkpoint.size, submission.proof, last_root, checkpoint.root);
  if (!consistent) {
    if (known) keep_refusal(submission, **last);
    return refusal(422, consistent.error().detail);
  }
  return cosign(submission, known ? &**last : nullptr);
}

WitnessAnswer Witness::cosign(const Submission& submission, const SignedCheckpoint* last) {
  // A clock that was set back must not make a newer statement look older.
  const std::uint64_t time_s = std::max(clock_(), last == nullptr ? 1 : time_of(*last));
  const auto line = signer_.sign(submission.checkpoint.note.text, time_s);
  if (!line) return refusal(500, line.error().detail);
  Note kept{submission.checkpoint.note.text, {}};
  for (const NoteSignature& signature : submission.checkpoint.note.signatures) {
    const bool by_log =
        std::ranges::any_of(settings_.log_keys, [&signature](const VerifierKey& key) {
          return key.name == signature.name && key.id == signature.id;
        });
    if (by_log) kept.signatures.push_back(signature);
  }
  kept.signatures.push_back(*line);
  const std::string file = "state/" + origin_hash_of(submission.checkpoint.checkpoint.origin);
  const std::string text = to_text(kept);
  if (const auto done = replace_durably(medium_, file, view_of(text)); !done) {
    return refusal(500, "the witness cannot keep its state");
  }
  // The folder's own name: durable once, and cheap.
  if (const auto done = medium_.sync_folder(""); !done) {
    return refusal(500, "the witness cannot keep its state");
  }
  return {200, "text/plain; charset=utf-8", to_text(*line)};
}

/// Two signed checkpoints that do not fit are proof against the log. Bounded: a file each for the
/// first so many.
void Witness::keep_refusal(const Submission& submission, const SignedCheckpoint& last) {
  const std::string stem = "refused/" + origin_hash_of(last.checkpoint.origin) + "-";
  for (std::size_t i = 0; i < settings_.max_kept_refusals; ++i) {
    const std::string file = stem + std::to_string(i);
    const auto there = medium_.read(file, 4 * kMaxNoteBytes);
    if (there && *there) continue;
    const std::string text = to_text(last.note) + "\nagainst\n\n" +
                             to_text(submission.checkpoint.note) + "\nwith the proof\n\n" +
                             proof_lines(submission.proof);
    // The refusal stands whether or not it can be kept.
    const auto kept = replace_durably(medium_, file, view_of(text));
    static_cast<void>(kept);
    return;
  }
}

Result<std::optional<SignedCheckpoint>> Witness::load(const std::string& origin) {
  const auto content = medium_.read("state/" + origin_hash_of(origin), 2 * kMaxNoteBytes);
  if (!content) return fail(content.error());
  if (!*content) return std::optional<SignedCheckpoint>();
  auto last = parse_signed_checkpoint(text_of(**content));
  if (!last) return fail(Rsc::kInternalServerError, "the state is damaged");
  std::vector<VerifierKey> keys = settings_.log_keys;
  keys.insert(keys.begin(), signer_.verifier());
  const auto good = check_signatures(last->note, keys);
  const bool own = good && !good->empty() && good->front().key == signer_.verifier();
  if (!own || last->checkpoint.origin != origin) {
    return fail(Rsc::kInternalServerError, "the state is damaged or of another witness");
  }
  return std::optional<SignedCheckpoint>(*std::move(last));
}

std::uint64_t Witness::time_of(const SignedCheckpoint& checkpoint) const {
  const auto own = check_signatures(checkpoint.note, {signer_.verifier()});
  return own && !own->empty() ? own->front().time_s.value_or(1) : 1;
}

WitnessAnswer Witness::latest(std::string_view origin_hash) {
  for (const VerifierKey& key : settings_.log_keys) {
    if (origin_hash_of(key.name) != origin_hash) continue;
    const std::lock_guard lock(mutex_);
    const auto last = load(key.name);
    if (!last) return refusal(500, last.error().detail);
    if (*last) return {200, "text/plain; charset=utf-8", to_text((*last)->note)};
    break;
  }
  return refusal(404, "nothing cosigned for this log");
}

}  // namespace gatehouse::evidence
