#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse {

/// A pre-shared key and whom it proves.
struct PskEntry {
  std::string identity;                  ///< KpsaID, "mn@gatehouse.example"
  std::string key;                       ///< the bytes themselves
  std::vector<std::string> originators;  ///< as Peer::identities
};

/// "/id-mn", "CAE1", or "/id-mn/CAE1" (which also allows "CAE1") as Peer::identities; empty: it is
/// no whole CSE-ID or AE-ID.
std::vector<std::string> forms_of_originator(const std::string& text);

/// Who may come with which key, wherever that is known. Threading: any.
class PskSource {
 public:
  virtual ~PskSource() = default;
  /// Asked in a handshake, and when it is done. May wait for a bounded time for somebody who knows.
  /// nullopt: unknown, expired, revoked.
  virtual std::optional<PskEntry> find(std::string_view identity) = 0;
};

/// The pre-shared keys of a listener, or the one of a client. Source: TS-0003 clause 8.2.2.2
/// (provisioned symmetric key SAEF).
class PskTable {
 public:
  /// Reads lines `identity key-in-hex originator[,originator…]`; `#` begins a comment. An
  /// originator is "/id-mn", "CAE1", or "/id-mn/CAE1" (which also allows "CAE1"). Errors:
  /// kInternalServerError naming the file and the line, for a file that others than its owner may
  /// read, a key of less than 16 or more than 64 bytes, an identity twice, no line at all.
  static Result<PskTable> load(const std::string& file);

  /// nullptr: not known.
  const PskEntry* find(std::string_view identity) const;
  const PskEntry& first() const { return entries_.begin()->second; }
  std::vector<std::string> identities() const;

 private:
  std::map<std::string, PskEntry, std::less<>> entries_;
};

/// A table as a source.
class FixedPskSource final : public PskSource {
 public:
  explicit FixedPskSource(PskTable table) : table_(std::move(table)) {}
  std::optional<PskEntry> find(std::string_view identity) override {
    const PskEntry* entry = table_.find(identity);
    return entry ? std::optional(*entry) : std::nullopt;
  }

 private:
  const PskTable table_;
};

}  // namespace gatehouse
