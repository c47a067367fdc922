#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/log/log.h"

namespace gatehouse::evidence {

/// A log's key with the sizes of trees for which its signature counts.
struct TrustedLogKey {
  VerifierKey key;
  std::uint64_t from_size = 0;
  std::uint64_t to_size = UINT64_MAX;  ///< inclusive
};

/// The statement by which a key of a log names the next one. It is itself an entry of the log, and
/// a note that both keys have signed. A tree that holds it (size > index) is signed by the new key;
/// the old key counts up to the first tree that holds it.
struct KeyChange {
  VerifierKey from, to;
  std::uint64_t index = 0;  ///< of the entry
  Note note;
};
/// The form only. Errors: kBadRequest.
Result<KeyChange> parse_key_change(std::string_view entry);
/// True if an entry of a log claims to be one.
bool looks_like_key_change(ByteView entry);

/// Appends the statement, publishes a checkpoint signed by both keys, and gives the index. Reopen
/// the log with `next` alone afterwards (and `current` as a former key). Errors: as Log::append and
/// Log::open.
Result<std::uint64_t> change_key(Medium& medium, crypto::Random& random,
                                 const LogSettings& settings, const NoteSigner& current,
                                 const NoteSigner& next);

/// Takes over a change that is proven to be in the log: its old key must be trusted already.
/// Errors: kNotAcceptable.
Result<void> follow(std::vector<TrustedLogKey>& keys, const KeyChange& change,
                    const std::string& origin);
/// The keys that count for a tree of that size.
std::vector<VerifierKey> keys_for(const std::vector<TrustedLogKey>& keys, const std::string& origin,
                                  std::uint64_t size);

}  // namespace gatehouse::evidence
