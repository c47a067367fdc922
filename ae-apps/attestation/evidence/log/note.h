#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ae-apps/ota/crypto/keys.h"

namespace gatehouse::evidence {

/// How a signature line of a note was made. Source: C2SP signed-note, tlog-cosignature.
enum class SignatureType : std::uint8_t {
  kEd25519 = 0x01,      ///< over the text
  kCosignature = 0x04,  ///< over a time and the text of a checkpoint: a witness
};

/// A public key with the name under which it signs notes. Its text form ("vkey") is
/// `name+hex(id)+base64(type || key)`.
struct VerifierKey {
  std::string name;
  std::uint32_t id = 0;  ///< first four bytes of SHA-256(name || 0A || type || key)
  SignatureType type = SignatureType::kEd25519;
  crypto::PublicKey key;

  /// Errors: kBadRequest if the key is not Ed25519, or the name is empty or has blanks or '+'.
  static Result<VerifierKey> make(std::string name, SignatureType type,
                                  const crypto::PublicKey& key);
  /// Errors: kBadRequest, also for an id that does not belong to the key.
  static Result<VerifierKey> parse(std::string_view vkey);
  std::string to_text() const;

  friend bool operator==(const VerifierKey& a, const VerifierKey& b) {
    return a.name == b.name && a.id == b.id && a.type == b.type && a.key == b.key;
  }
};

struct NoteSignature {
  std::string name;
  std::uint32_t id = 0;
  Bytes signature;  ///< what follows the id

  friend bool operator==(const NoteSignature&, const NoteSignature&) = default;
};

/// A text with signature lines. Source: C2SP signed-note.
struct Note {
  std::string text;  ///< ends in a line break
  std::vector<NoteSignature> signatures;

  friend bool operator==(const Note&, const Note&) = default;
};

inline constexpr std::size_t kMaxNoteBytes = 64 * 1024;
inline constexpr std::size_t kMaxNoteSignatures = 64;

/// The form only; no signature is checked. Errors: kBadRequest.
Result<Note> parse_note(std::string_view bytes);
/// One signature line, with its line break. Errors: kBadRequest.
Result<NoteSignature> parse_signature_line(std::string_view line);
std::string to_text(const Note& note);
std::string to_text(const NoteSignature& signature);

/// A signature of a note that was found to be good.
struct GoodSignature {
  VerifierKey key;
  std::optional<std::uint64_t> time_s;  ///< of a cosignature, seconds since 1970
};

/// The good signatures by these keys, in the order of the keys, each key once. Lines of others are
/// passed over. Errors: kNotAcceptable if a line claims one of the keys and is not by it: such a
/// note is a forgery as a whole.
Result<std::vector<GoodSignature>> check_signatures(const Note& note,
                                                    const std::vector<VerifierKey>& keys);

/// Signs notes under one name.
class NoteSigner {
 public:
  /// Errors: as VerifierKey::make.
  static Result<NoteSigner> make(std::string name, SignatureType type, crypto::SigningKey key);
  const VerifierKey& verifier() const { return verifier_; }
  /// `time_s` goes into a cosignature and is not used otherwise. Errors: kInternalServerError if
  /// the key's token is gone.
  Result<NoteSignature> sign(std::string_view text, std::uint64_t time_s = 0) const;

 private:
  NoteSigner(VerifierKey verifier, crypto::SigningKey key)
      : verifier_(std::move(verifier)), key_(std::move(key)) {}
  VerifierKey verifier_;
  crypto::SigningKey key_;
};

}  // namespace gatehouse::evidence
