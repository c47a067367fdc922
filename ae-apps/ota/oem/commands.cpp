#include "ae-apps/ota/oem/commands.h"

#include <chrono>
#include <cstdio>
#include <fstream>

#include "ae-apps/ota/crypto/files.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::oem {
namespace {

constexpr std::size_t kPieceBytes = 64 * 1024;

std::string now_text() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const std::string text =
      to_text({std::chrono::duration_cast<std::chrono::microseconds>(now).count()});
  return text.substr(0, text.find(','));  // whole seconds do for a release
}

Result<Draft> load(const std::string& file) {
  const auto content = crypto::read_file(file, kMaxFileBytes);
  if (!content) return fail(content.error());
  auto draft = parse_draft(*content);
  if (!draft) return fail(draft.error().rsc, "'" + file + "': " + draft.error().detail);
  return draft;
}

/// The error of a key names the key, without what stands behind the '?': that may be a PIN.
Result<crypto::SigningKey> load_key(const std::string& source) {
  auto key = crypto::SigningKey::load(source);
  if (key) return key;
  return fail(key.error().rsc,
              "key " + source.substr(0, source.find('?')) + ": " + key.error().detail);
}

Result<std::size_t> store(const Draft& draft, const std::string& file) {
  const auto bytes = encode(draft);
  if (!bytes) return fail(bytes.error());
  if (auto done = write_whole(file, *bytes); !done) return fail(done.error());
  return bytes->size();
}

}  // namespace

Result<void> write_whole(const std::string& file, ByteView content) {
  const std::string unfinished = file + ".new";
  std::ofstream out(unfinished, std::ios::binary | std::ios::trunc);
  const std::string_view text = text_of(content);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();
  if (!out || std::rename(unfinished.c_str(), file.c_str()) != 0) {
    (void)std::remove(unfinished.c_str());
    return fail(Rsc::kInternalServerError, "'" + file + "' cannot be written");
  }
  return {};
}

Result<void> make(const std::string& payload_file, image::Manifest manifest,
                  const std::string& out_file, std::ostream& out) {
  auto payload = crypto::read_file(payload_file, kMaxPayloadBytes);
  if (!payload) return fail(payload.error());
  if (manifest.created.empty()) manifest.created = now_text();
  const auto draft = make_draft(std::move(manifest), *std::move(payload));
  if (!draft) return fail(draft.error());
  const auto size = store(*draft, out_file);
  if (!size) return fail(size.error());
  out << out_file << ": " << *size << " bytes, not signed yet\n" << draft->manifest_json << '\n';
  return {};
}

Result<void> sign_file(const std::string& in_file, const std::vector<std::string>& keys,
                       const std::string& out_file, std::ostream& out) {
  auto draft = load(in_file);
  if (!draft) return fail(draft.error());
  for (const std::string& source : keys) {
    const auto key = load_key(source);
    if (!key) return fail(key.error());
    if (auto done = sign(*draft, *key); !done) return done;
    out << "signed by " << (key->in_token() ? "a key in a token, " : "a key file, ")
        << name_of(key->algorithm()) << ", key id " << to_hex(key->public_key().key_id()) << '\n';
  }
  const auto size = store(*draft, out_file);
  if (!size) return fail(size.error());
  out << out_file << ": " << *size << " bytes, " << draft->signatures.size() << " signature"
      << (draft->signatures.size() == 1 ? "" : "s") << '\n';
  return {};
}

Result<void> inspect(const std::string& file, std::ostream& out) {
  const auto draft = load(file);
  if (!draft) return fail(draft.error());
  const image::Manifest& manifest = draft->manifest;
  out << "name             " << manifest.name << "\nversion          " << manifest.version
      << "\nrelease counter  " << manifest.release_counter << "\nhardware id      "
      << manifest.hardware_id << "\ncreated          " << manifest.created << "\npayload          "
      << manifest.payload_bytes << " bytes, as hashed\nsha256           "
      << to_hex(manifest.payload_sha256) << '\n';
  for (const std::string& requirement : manifest.requirements) {
    out << "requires         " << requirement << '\n';
  }
  if (!manifest.notes.empty()) out << "notes            " << manifest.notes << '\n';
  if (manifest.duration_s != 0) out << "duration         " << manifest.duration_s << " s\n";
  if (!manifest.unavailable.empty()) {
    out << "unavailable      " << manifest.unavailable << '\n';
  }
  if (draft->signatures.empty()) out << "signatures       none: a draft\n";
  for (const image::Signature& signature : draft->signatures) {
    out << "signature        " << name_of(signature.algorithm) << ", key id "
        << to_hex(signature.key_id) << ", not verified here\n";
  }
  return {};
}

Result<void> verify(const std::string& file, image::Policy policy, std::ostream& out) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return fail(Rsc::kNotFound, "'" + file + "' cannot be read");
  image::Verifier verifier(std::move(policy));
  Bytes piece(kPieceBytes);
  while (in && verifier.verdict() == image::Verdict::kIncomplete) {
    in.read(reinterpret_cast<char*>(piece.data()), static_cast<std::streamsize>(piece.size()));
    verifier.feed(ByteView(piece).first(static_cast<std::size_t>(in.gcount())));
  }
  // One more byte than declared is found too.
  if (in.read(reinterpret_cast<char*>(piece.data()), 1)) verifier.feed(ByteView(piece).first(1));
  const image::Verdict verdict = verifier.finish();
  if (verdict != image::Verdict::kGood) {
    const std::string detail = verifier.detail().empty() ? "" : " (" + verifier.detail() + ")";
    return fail(Rsc::kContentsUnacceptable, "'" + file + "': " + std::string(name_of(verdict)) +
                                                ": " + std::string(explain(verdict)) + detail);
  }
  const image::Manifest& manifest = verifier.header()->manifest;
  out << file << ": good: " << manifest.name << ' ' << manifest.version << " for "
      << manifest.hardware_id << '\n';
  return {};
}

Result<void> export_public_key(const std::string& key, const std::string& out_file) {
  const auto loaded = load_key(key);
  if (!loaded) return fail(loaded.error());
  return write_whole(out_file, view_of(loaded->public_key().to_pem()));
}

}  // namespace gatehouse::oem
