#pragma once
#include <array>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "certs/folder.h"
#include "certs/sim/apdu.h"
#include "cse/primitive/result.h"

namespace gatehouse::sim {

/// Keys of the applet, by their references. Source: NIST SP 800-73-4 part 1 table 4b.
enum class KeyReference : std::uint8_t {
  kAuthentication = 0x9A,  ///< after one PIN as often as wanted: TLS
  kSignature = 0x9C,       ///< a PIN before each signature: releases, consents
};

struct KeyRow {
  KeyReference reference;
  std::string_view name;             ///< on the command line and in the state
  std::uint32_t certificate_object;  ///< for GET DATA
  std::string_view pkcs11_id;        ///< what OpenSC calls it, percent-encoded
  bool pin_always;
};
inline constexpr std::array<KeyRow, 2> kKeys = {
    KeyRow{KeyReference::kAuthentication, "authentication", 0x5FC105, "%01", false},
    KeyRow{KeyReference::kSignature, "signature", 0x5FC10A, "%02", true},
};
const KeyRow* key_named(std::string_view name);

/// A PIN or PUK, as its salted hash, and how many tries it has left.
struct Secret {
  Bytes salt;
  Bytes hash;
  unsigned tries_left = 0;
  friend bool operator==(const Secret&, const Secret&) = default;
};
inline constexpr unsigned kMaxTries = 3;
/// 6 to 8 digits. Source: FIPS 201-3 clause 4.3.1, SP 800-73-4 part 2 clause 2.4.3.
bool good_pin(std::string_view pin);
Secret make_secret(std::string_view pin);
/// Takes as long for a wrong one as for the right one. Does not count.
bool matches(const Secret& secret, std::string_view pin);

struct CardKey {
  KeyReference reference = KeyReference::kAuthentication;
  Bytes private_key;  ///< DER of PKCS #8, EC P-256
  Bytes certificate;  ///< DER
  friend bool operator==(const CardKey&, const CardKey&) = default;
};

/// All that lasts in a card.
struct State {
  std::string label;
  Bytes serial;  ///< 16 bytes
  Secret pin, puk;
  std::vector<CardKey> keys;
  friend bool operator==(const State&, const State&) = default;
};

/// A new card: keys of its own, self-signed certificates with the label as common name. Errors:
/// kBadRequest (label: 1 to 32 of [A-Za-z0-9._-]; PIN, PUK: good_pin()).
Result<State> personalise(const std::string& label, std::string_view pin, std::string_view puk);
/// A random PIN of eight digits.
std::string random_pin();

/// Puts a certificate (PEM) for one of the card's keys into the card. Errors: kBadRequest if it is
/// none, is larger than 3000 bytes or has another public key.
Result<void> set_certificate(State& state, KeyReference reference, std::string_view pem);
/// The public key of the card's certificate as PEM. Errors: kNotFound.
Result<std::string> public_key_pem(const State& state, KeyReference reference);

/// ECDSA over a digest of 32 bytes, in DER. nullopt: there is no such key.
std::optional<Bytes> sign_digest(const State& state, KeyReference reference, ByteView digest);

/// The state as text, one line for each part.
std::string to_text(const State& state);
/// Errors: kInternalServerError naming the line that is none.
Result<State> state_from_text(std::string_view text);

/// The card's memory: the file `card` (mode 0600) of a folder, replaced as a whole and synced. One
/// process has a card at a time, as one reader has.
class StateFolder {
 public:
  /// Makes the folder (mode 0700) with `card`. Errors: kAlreadyExists.
  static Result<StateFolder> create(const std::filesystem::path& path, const State& state);
  /// Errors: kNotFound; kConflict while another process has the card.
  static Result<StateFolder> open(const std::filesystem::path& path);
  StateFolder(StateFolder&& other) noexcept
      : folder_(std::move(other.folder_)), lock_(std::exchange(other.lock_, -1)) {}
  StateFolder& operator=(StateFolder&&) = delete;
  ~StateFolder();

  Result<State> load() const;
  Result<void> save(const State& state) const;
  const pki::Folder& folder() const { return folder_; }

 private:
  StateFolder(pki::Folder folder, int lock) : folder_(std::move(folder)), lock_(lock) {}
  pki::Folder folder_;
  int lock_;
};

}  // namespace gatehouse::sim
