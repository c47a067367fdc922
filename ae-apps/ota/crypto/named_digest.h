#pragma once
#include <memory>
#include <optional>
#include <string_view>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::crypto {

/// A digest chosen by the name that metadata gives it: "sha256", "sha384", "sha512", "sha3-256",
/// "sha3-512", "blake2b" (512 bits); capitals and a hyphen behind "sha" make no difference.
class NamedDigest {
 public:
  /// nullopt: a name that is not in the list.
  static std::optional<NamedDigest> make(std::string_view name);
  NamedDigest(NamedDigest&&) noexcept;
  NamedDigest& operator=(NamedDigest&&) noexcept;
  ~NamedDigest();

  void update(ByteView bytes);
  /// Of all bytes so far. Once.
  Bytes finish();

 private:
  struct State;
  explicit NamedDigest(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::crypto
