#include "ae-apps/attestation/evidence/log/key_change.h"

namespace gatehouse::evidence {
namespace {

constexpr std::string_view kHeader = "gatehouse-log-key-change/v1\n";

std::string text_of_change(const VerifierKey& from, const VerifierKey& to, std::uint64_t index) {
  return std::string(kHeader) + from.to_text() + "\n" + to.to_text() + "\n" +
         std::to_string(index) + "\n";
}

std::string_view line_of(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

}  // namespace

bool looks_like_key_change(ByteView entry) { return text_of(entry).starts_with(kHeader); }

Result<KeyChange> parse_key_change(std::string_view entry) {
  auto note = parse_note(entry);
  if (!note) return fail(note.error());
  std::string_view text = note->text;
  if (!text.starts_with(kHeader)) return fail(Rsc::kBadRequest, "not a change of a log's key");
  text.remove_prefix(kHeader.size());
  auto from = VerifierKey::parse(line_of(text));
  auto to = VerifierKey::parse(line_of(text));
  const auto index = parse_decimal(line_of(text));
  if (!from || !to || !index || !text.empty() || from->name != to->name ||
      from->type != SignatureType::kEd25519 || to->type != SignatureType::kEd25519) {
    return fail(Rsc::kBadRequest, "a key change names two keys of one log, and an index");
  }
  return KeyChange{*std::move(from), *std::move(to), *index, *std::move(note)};
}

Result<std::uint64_t> change_key(Medium& medium, crypto::Random& random,
                                 const LogSettings& settings, const NoteSigner& current,
                                 const NoteSigner& next) {
  auto log = Log::open(medium, random, settings, {current, next}, {current.verifier()});
  if (!log) return fail(log.error());
  Note note{text_of_change(current.verifier(), next.verifier(), log->size()), {}};
  for (const NoteSigner* signer : {&current, &next}) {
    auto line = signer->sign(note.text);
    if (!line) return fail(line.error());
    note.signatures.push_back(*std::move(line));
  }
  const auto index = log->append({bytes_of(to_text(note))});
  if (!index) return index;
  if (const auto published = log->publish(); !published) return fail(published.error());
  return index;
}

Result<void> follow(std::vector<TrustedLogKey>& keys, const KeyChange& change,
                    const std::string& origin) {
  const auto good = check_signatures(change.note, {change.from, change.to});
  if (!good) return fail(good.error());
  if (good->size() != 2) {
    return fail(Rsc::kNotAcceptable, "a key change must be signed by both keys of the log");
  }
  if (change.from.name != origin) {
    return fail(Rsc::kNotAcceptable, "the key change is of another log");
  }
  for (TrustedLogKey& old : keys) {
    if (!(old.key == change.from) || change.index < old.from_size || change.index >= old.to_size) {
      continue;
    }
    old.to_size = change.index + 1;
    keys.push_back({change.to, change.index + 1, UINT64_MAX});
    return {};
  }
  return fail(Rsc::kNotAcceptable, "the key change is by a key that is not trusted at its place");
}

std::vector<VerifierKey> keys_for(const std::vector<TrustedLogKey>& keys, const std::string& origin,
                                  std::uint64_t size) {
  std::vector<VerifierKey> found;
  for (const TrustedLogKey& one : keys) {
    if (one.key.name == origin && size >= one.from_size && size <= one.to_size) {
      found.push_back(one.key);
    }
  }
  return found;
}

}  // namespace gatehouse::evidence
