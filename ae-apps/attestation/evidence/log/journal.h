#pragma once
#include <string>
#include <vector>

#include "ae-apps/attestation/evidence/log/medium.h"
#include "ae-apps/ota/crypto/random.h"

namespace gatehouse::evidence {

/// The entries that are not yet all in published tiles, in one file: a header, then a frame for
/// each batch. A frame is whole or it is not there; a torn one can only be the last. So a good
/// frame behind a bad one means damage, and is never passed over.
class Journal {
 public:
  struct Found {
    std::uint64_t first = 0;  ///< index of the first entry
    std::vector<Bytes> entries;
  };
  explicit Journal(Medium& medium) : medium_(medium) {}

  /// Reads what is there and cuts off a torn frame. nullopt: no file. Errors: kNotAcceptable if
  /// acknowledged entries are damaged; kInternalServerError.
  Result<std::optional<Found>> open();
  /// A new file in place of the old one, atomically. `entries` (they begin at `first`) are in it.
  Result<void> begin(std::uint64_t first, const std::vector<Bytes>& entries,
                     crypto::Random& random);
  /// Durable on return. After an Error the batch is not there; if not even that is certain, the
  /// journal takes nothing more until it is opened again.
  Result<void> append(std::uint64_t first, const std::vector<Bytes>& batch);

  std::uint64_t bytes() const { return good_bytes_; }
  bool broken() const { return broken_; }

 private:
  Bytes frame(std::uint64_t first, const std::vector<Bytes>& batch) const;
  std::optional<std::size_t> read_frame(ByteView bytes, Found& found) const;
  bool later_frame(ByteView bytes) const;

  Medium& medium_;
  Bytes salt_;  ///< of this file: no entry can look like a frame
  std::uint64_t batch_ = 0;
  std::uint64_t good_bytes_ = 0;
  bool broken_ = true;  ///< until opened
};

}  // namespace gatehouse::evidence
