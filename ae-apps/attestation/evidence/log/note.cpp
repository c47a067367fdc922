#include "ae-apps/attestation/evidence/log/note.h"

#include <algorithm>
#include <cstdio>

namespace gatehouse::evidence {
namespace {

constexpr std::size_t kKeyBytes = 32;
constexpr std::size_t kSignatureBytes = 64;
constexpr std::size_t kTimeBytes = 8;
constexpr std::string_view kLineStart = "\xE2\x80\x94 ";  // U+2014 and a blank
/// SubjectPublicKeyInfo of an Ed25519 key before its 32 bytes. Source: RFC 8410.
constexpr std::uint8_t kSpkiStart[] = {0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
                                       0x2b, 0x65, 0x70, 0x03, 0x21, 0x00};

ByteView raw_key(const crypto::PublicKey& key) { return ByteView(key.spki_der()).last(kKeyBytes); }

void put_big_endian(Bytes& out, std::uint64_t value, unsigned bytes) {
  for (unsigned i = bytes; i-- > 0;) out.push_back(static_cast<std::uint8_t>(value >> (8 * i)));
}

std::uint64_t big_endian(ByteView bytes) {
  std::uint64_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

/// Not empty, no control characters, no '+', none of Unicode's blanks that anybody can type.
bool good_name(std::string_view name) {
  static constexpr std::string_view kBlanks[] = {" ",
                                                 "+",
                                                 "\xC2\xA0",
                                                 "\xC2\x85",
                                                 "\xE1\x9A\x80",
                                                 "\xE2\x80\xA8",
                                                 "\xE2\x80\xA9",
                                                 "\xE2\x80\xAF",
                                                 "\xE2\x81\x9F",
                                                 "\xE3\x80\x80"};
  if (name.empty()) return false;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return false;
  }
  for (const std::string_view blank : kBlanks) {
    if (name.find(blank) != std::string_view::npos) return false;
  }
  for (std::size_t at = name.find("\xE2\x80"); at != std::string_view::npos && at + 2 < name.size();
       at = name.find("\xE2\x80", at + 1)) {
    const auto third = static_cast<unsigned char>(name[at + 2]);
    if (third >= 0x80 && third <= 0x8a) return false;  // U+2000 to U+200A
  }
  return true;
}

std::uint32_t key_id(std::string_view name, SignatureType type, ByteView key) {
  Bytes text = bytes_of(name);
  text.push_back('\n');
  text.push_back(static_cast<std::uint8_t>(type));
  append(text, key);
  return static_cast<std::uint32_t>(big_endian(ByteView(crypto::sha256(text)).first(4)));
}

/// What a cosignature signs. Source: C2SP tlog-cosignature.
std::string cosigned_text(std::uint64_t time_s, std::string_view text) {
  return "cosignature/v1\ntime " + std::to_string(time_s) + "\n" + std::string(text);
}

bool good_utf8_text(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    std::size_t more = 0;
    std::uint32_t point = c;
    if (c < 0x80) {
      if (c < 0x20 && c != '\n') return false;
    } else if (c >= 0xc2 && c < 0xe0) {
      more = 1;
      point = c & 0x1fu;
    } else if (c >= 0xe0 && c < 0xf0) {
      more = 2;
      point = c & 0x0fu;
    } else if (c >= 0xf0 && c < 0xf5) {
      more = 3;
      point = c & 0x07u;
    } else {
      return false;
    }
    if (i + more >= text.size() && more > 0) return false;
    for (std::size_t k = 1; k <= more; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0u) != 0x80) return false;
      point = point << 6 | (next & 0x3fu);
    }
    if ((more == 2 && point < 0x800) || (more == 3 && (point < 0x10000 || point > 0x10ffff)) ||
        (point >= 0xd800 && point < 0xe000)) {
      return false;
    }
    i += more + 1;
  }
  return true;
}

/// The time of a good cosignature, or nothing; a plain signature has the time 0.
std::optional<std::uint64_t> checked_time(const Note& note, const NoteSignature& signature,
                                          const VerifierKey& key) {
  const ByteView bytes = signature.signature;
  if (key.type == SignatureType::kEd25519) {
    const bool good = bytes.size() == kSignatureBytes && key.key.verify(view_of(note.text), bytes);
    return good ? std::optional<std::uint64_t>(0) : std::nullopt;
  }
  if (bytes.size() != kTimeBytes + kSignatureBytes) return std::nullopt;
  const std::uint64_t time_s = big_endian(bytes.first(kTimeBytes));
  if (time_s == 0 || time_s >> 63 != 0) return std::nullopt;
  const std::string text = cosigned_text(time_s, note.text);
  if (!key.key.verify(view_of(text), bytes.subspan(kTimeBytes))) return std::nullopt;
  return time_s;
}

}  // namespace

// --- VerifierKey -----------------------------------------------------------------------------

Result<VerifierKey> VerifierKey::make(std::string name, SignatureType type,
                                      const crypto::PublicKey& key) {
  if (!good_name(name)) return fail(Rsc::kBadRequest, "a key's name has no blanks and no '+'");
  if (key.algorithm() != crypto::Algorithm::kEd25519) {
    return fail(Rsc::kBadRequest, "notes are signed by Ed25519 keys only");
  }
  const std::uint32_t id = key_id(name, type, raw_key(key));
  return VerifierKey{std::move(name), id, type, key};
}

Result<VerifierKey> VerifierKey::parse(std::string_view vkey) {
  const std::size_t first = vkey.find('+');
  const std::size_t second = first == std::string_view::npos ? first : vkey.find('+', first + 1);
  if (second == std::string_view::npos || second != first + 9) {
    return fail(Rsc::kBadRequest, "a verifier key is name+8 hexadecimal digits+base64");
  }
  const auto id = from_hex(vkey.substr(first + 1, 8));
  const auto bytes = from_base64(vkey.substr(second + 1));
  if (!id || !bytes || bytes->size() != 1 + kKeyBytes) {
    return fail(Rsc::kBadRequest, "a verifier key holds an id of 4 and a key of 33 bytes");
  }
  const auto type = static_cast<SignatureType>(bytes->front());
  if (type != SignatureType::kEd25519 && type != SignatureType::kCosignature) {
    return fail(Rsc::kBadRequest, "the verifier key is of a type that is not known");
  }
  Bytes spki(std::begin(kSpkiStart), std::end(kSpkiStart));
  append(spki, ByteView(*bytes).subspan(1));
  const auto key = crypto::PublicKey::from_der(spki);
  if (!key) return fail(key.error());
  Result<VerifierKey> made = make(std::string(vkey.substr(0, first)), type, *key);
  if (made && made->id != big_endian(*id)) {
    return fail(Rsc::kBadRequest, "the verifier key's id does not belong to the key");
  }
  return made;
}

std::string VerifierKey::to_text() const {
  Bytes id_bytes;
  put_big_endian(id_bytes, id, 4);
  Bytes typed = {static_cast<std::uint8_t>(type)};
  append(typed, raw_key(key));
  return name + "+" + to_hex(id_bytes) + "+" + to_base64(typed);
}

// --- Note ------------------------------------------------------------------------------------

Result<NoteSignature> parse_signature_line(std::string_view line) {
  const auto wrong = [] {
    return fail(Rsc::kBadRequest, "a signature line is \"\xE2\x80\x94 name base64\"");
  };
  if (!line.starts_with(kLineStart) || !line.ends_with('\n')) return wrong();
  line.remove_prefix(kLineStart.size());
  line.remove_suffix(1);
  const std::size_t blank = line.find(' ');
  if (blank == std::string_view::npos || !good_name(line.substr(0, blank))) return wrong();
  const auto bytes = from_base64(line.substr(blank + 1));
  if (!bytes || bytes->size() < 5) return wrong();
  return NoteSignature{std::string(line.substr(0, blank)),
                       static_cast<std::uint32_t>(big_endian(ByteView(*bytes).first(4))),
                       Bytes(bytes->begin() + 4, bytes->end())};
}

Result<Note> parse_note(std::string_view bytes) {
  if (bytes.size() > kMaxNoteBytes) return fail(Rsc::kBadRequest, "the note is too long");
  if (!good_utf8_text(bytes)) return fail(Rsc::kBadRequest, "the note is no plain UTF-8 text");
  const std::size_t gap = bytes.rfind("\n\n");
  if (gap == std::string_view::npos) return fail(Rsc::kBadRequest, "the note has no signatures");
  Note note{std::string(bytes.substr(0, gap + 1)), {}};
  std::string_view rest = bytes.substr(gap + 2);
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::size_t length = end == std::string_view::npos ? rest.size() : end + 1;
    Result<NoteSignature> line = parse_signature_line(rest.substr(0, length));
    if (!line) return fail(line.error());
    if (note.signatures.size() == kMaxNoteSignatures) {
      return fail(Rsc::kBadRequest, "the note has too many signatures");
    }
    note.signatures.push_back(*std::move(line));
    rest.remove_prefix(length);
  }
  if (note.signatures.empty()) return fail(Rsc::kBadRequest, "the note has no signatures");
  return note;
}

std::string to_text(const NoteSignature& signature) {
  Bytes bytes;
  put_big_endian(bytes, signature.id, 4);
  append(bytes, signature.signature);
  return std::string(kLineStart) + signature.name + " " + to_base64(bytes) + "\n";
}

std::string to_text(const Note& note) {
  std::string text = note.text + "\n";
  for (const NoteSignature& signature : note.signatures) text += to_text(signature);
  return text;
}

Result<std::vector<GoodSignature>> check_signatures(const Note& note,
                                                    const std::vector<VerifierKey>& keys) {
  std::vector<GoodSignature> good;
  for (const VerifierKey& key : keys) {
    bool counted = false;
    for (const NoteSignature& signature : note.signatures) {
      if (signature.name != key.name || signature.id != key.id) continue;
      const auto time_s = checked_time(note, signature, key);
      if (!time_s) {
        return fail(Rsc::kNotAcceptable,
                    "the signature that claims to be by " + key.name + " is forged or damaged");
      }
      if (counted) continue;
      counted = true;
      GoodSignature found{key, std::nullopt};
      if (key.type == SignatureType::kCosignature) found.time_s = time_s;
      good.push_back(std::move(found));
    }
  }
  return good;
}

// --- NoteSigner ------------------------------------------------------------------------------

Result<NoteSigner> NoteSigner::make(std::string name, SignatureType type, crypto::SigningKey key) {
  Result<VerifierKey> verifier = VerifierKey::make(std::move(name), type, key.public_key());
  if (!verifier) return fail(verifier.error());
  return NoteSigner(*std::move(verifier), std::move(key));
}

Result<NoteSignature> NoteSigner::sign(std::string_view text, std::uint64_t time_s) const {
  NoteSignature line{verifier_.name, verifier_.id, {}};
  std::string message(text);
  if (verifier_.type == SignatureType::kCosignature) {
    message = cosigned_text(time_s, text);
    put_big_endian(line.signature, time_s, kTimeBytes);
  }
  const Result<Bytes> signature = key_.sign(view_of(message));
  if (!signature) return fail(signature.error());
  append(line.signature, *signature);
  return line;
}

}  // namespace gatehouse::evidence
