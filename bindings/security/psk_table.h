#pragma once
#include <map>
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

 private:
  std::map<std::string, PskEntry, std::less<>> entries_;
};

}  // namespace gatehouse
