#pragma once
#include <cstdint>
#include <vector>

#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::evidence {

/// A hash of the tree. Source: RFC 9162 clause 2.1 (the tree of RFC 6962), with SHA-256.
using Hash = crypto::Sha256Digest;
using Proof = std::vector<Hash>;

/// No proof is longer: a tree has at most 2^63 leaves.
inline constexpr std::size_t kMaxProofHashes = 63;

Hash leaf_hash(ByteView entry);
Hash node_hash(const Hash& left, const Hash& right);
/// The root of the tree without leaves.
Hash empty_root();

/// Where proofs take the hashes of complete subtrees from: tiles on disk, or memory.
class HashSource {
 public:
  virtual ~HashSource() = default;
  /// The hash over the leaves [index * 2^level, (index + 1) * 2^level), all of which exist.
  /// Errors: kInternalServerError if it cannot be had.
  virtual Result<Hash> at(unsigned level, std::uint64_t index) = 0;
};

/// The root of the first `size` leaves.
Result<Hash> root_of(HashSource& source, std::uint64_t size);
/// From the leaf's sibling up to the root's child. Errors: kBadRequest unless index < size.
Result<Proof> inclusion_proof(HashSource& source, std::uint64_t index, std::uint64_t size);
/// Empty if the sizes are equal or the old one is 0. Errors: kBadRequest unless old <= new.
Result<Proof> consistency_proof(HashSource& source, std::uint64_t old_size, std::uint64_t new_size);

/// Errors: kNotAcceptable with what does not fit. Source: RFC 9162 clause 2.1.3.2.
Result<void> verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                              const Proof& proof, const Hash& root);
/// Errors: kNotAcceptable with what does not fit. Source: RFC 9162 clause 2.1.4.2; the empty tree
/// is consistent with every tree, and then the proof is empty.
Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const Proof& proof,
                                const Hash& old_root, const Hash& new_root);

/// A tree whose hashes are all in memory: 64 bytes a leaf. For checking and for tests.
class MemoryTree final : public HashSource {
 public:
  void add(const Hash& leaf);
  std::uint64_t size() const { return levels_.empty() ? 0 : levels_.front().size(); }
  Result<Hash> at(unsigned level, std::uint64_t index) override;

 private:
  std::vector<std::vector<Hash>> levels_;
};

/// The right edge of a growing tree: O(log n) memory, enough for its root.
class Frontier {
 public:
  Frontier() = default;
  /// `edge`: the roots of the complete subtrees of a tree of that size, the largest first.
  Frontier(std::uint64_t size, std::vector<Hash> edge) : size_(size), edge_(std::move(edge)) {}
  void add(const Hash& leaf);
  std::uint64_t size() const { return size_; }
  Hash root() const;

 private:
  std::uint64_t size_ = 0;
  std::vector<Hash> edge_;  ///< of the complete subtrees, the largest first
};

}  // namespace gatehouse::evidence
