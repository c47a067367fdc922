#include "ae-apps/attestation/evidence/log/checkpoint.h"

#include <algorithm>
#include <charconv>

namespace gatehouse::evidence {
namespace {

constexpr std::string_view kProofHeader = "c2sp.org/tlog-proof@v1\n";

/// The next line without its line break; takes it off the text. Nothing without a line break.
std::optional<std::string_view> next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  return line;
}

tl::unexpected<Error> malformed(const char* what) { return fail(Rsc::kBadRequest, what); }

}  // namespace

Result<std::uint64_t> parse_decimal(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size() || value >> 63 != 0 ||
      (text.size() > 1 && text.front() == '0')) {
    return malformed("not a decimal number without leading zeroes");
  }
  return value;
}

Result<Hash> parse_hash(std::string_view base64) {
  const auto bytes = from_base64(base64);
  Hash hash{};
  if (!bytes || bytes->size() != hash.size()) return malformed("not a hash of 32 bytes in base64");
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

std::string to_text(const Checkpoint& checkpoint) {
  std::string text = checkpoint.origin + "\n" + std::to_string(checkpoint.size) + "\n" +
                     to_base64(checkpoint.root) + "\n";
  for (const std::string& line : checkpoint.extensions) text += line + "\n";
  return text;
}

Result<Checkpoint> parse_checkpoint(std::string_view text) {
  const auto origin = next_line(text);
  const auto size_line = next_line(text);
  const auto root_line = next_line(text);
  if (!origin || !size_line || !root_line || origin->empty()) {
    return malformed("a checkpoint has lines for origin, size and root");
  }
  const auto size = parse_decimal(*size_line);
  if (!size) return malformed("the checkpoint's size is no decimal number");
  const auto root = parse_hash(*root_line);
  if (!root) return malformed("the checkpoint's root is no hash of 32 bytes in base64");
  Checkpoint checkpoint{std::string(*origin), *size, *root, {}};
  while (!text.empty()) {
    const auto line = next_line(text);
    if (!line || line->empty()) return malformed("an extension line of the checkpoint is empty");
    checkpoint.extensions.emplace_back(*line);
  }
  return checkpoint;
}

Result<SignedCheckpoint> parse_signed_checkpoint(std::string_view bytes) {
  Result<Note> note = parse_note(bytes);
  if (!note) return fail(note.error());
  Result<Checkpoint> checkpoint = parse_checkpoint(note->text);
  if (!checkpoint) return fail(checkpoint.error());
  return SignedCheckpoint{*std::move(checkpoint), *std::move(note)};
}

Result<SignedCheckpoint> sign_checkpoint(const Checkpoint& checkpoint,
                                         const std::vector<NoteSigner>& signers) {
  SignedCheckpoint made{checkpoint, {to_text(checkpoint), {}}};
  for (const NoteSigner& signer : signers) {
    Result<NoteSignature> line = signer.sign(made.note.text);
    if (!line) return fail(line.error());
    made.note.signatures.push_back(*std::move(line));
  }
  return made;
}

std::string proof_lines(const Proof& proof) {
  std::string text;
  for (const Hash& hash : proof) text += to_base64(hash) + "\n";
  return text;
}

Result<Proof> parse_proof_lines(std::string_view text) {
  Proof proof;
  while (!text.empty()) {
    const auto line = next_line(text);
    const auto hash = line ? parse_hash(*line) : Result<Hash>(malformed("a line has no end"));
    if (!hash) return fail(hash.error());
    if (proof.size() == kMaxProofHashes) return malformed("a proof has at most 63 hashes");
    proof.push_back(*hash);
  }
  return proof;
}

std::string to_text(const ProofFile& file) {
  return std::string(kProofHeader) + "index " + std::to_string(file.index) + "\n" +
         proof_lines(file.proof) + "\n" + to_text(file.checkpoint.note);
}

Result<ProofFile> parse_proof_file(std::string_view text) {
  if (!text.starts_with(kProofHeader)) return malformed("not a tlog-proof of version 1");
  text.remove_prefix(kProofHeader.size());
  if (text.starts_with("extra ")) {
    const auto extra = next_line(text);
    if (!extra || !from_base64(extra->substr(6))) return malformed("the extra line is not base64");
  }
  const auto index_line = next_line(text);
  if (!index_line || !index_line->starts_with("index ")) return malformed("no index line");
  const auto index = parse_decimal(index_line->substr(6));
  if (!index) return fail(index.error());
  const std::size_t gap = text.starts_with('\n') ? 0 : text.find("\n\n") + 1;  // npos + 1 is 0
  if (gap == 0 && !text.starts_with('\n')) return malformed("no empty line before the checkpoint");
  Result<Proof> proof = parse_proof_lines(text.substr(0, gap));
  if (!proof) return fail(proof.error());
  Result<SignedCheckpoint> checkpoint = parse_signed_checkpoint(text.substr(gap + 1));
  if (!checkpoint) return fail(checkpoint.error());
  return ProofFile{*index, *std::move(proof), *std::move(checkpoint)};
}

}  // namespace gatehouse::evidence
