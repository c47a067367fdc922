#include "ae-apps/attestation/evidence/log/merkle.h"

#include <bit>

namespace gatehouse::evidence {
namespace {

/// Hash of the leaves [from, to), to > from. Recursion depth is at most 64.
Result<Hash> range_hash(HashSource& source, std::uint64_t from, std::uint64_t to) {
  const std::uint64_t count = to - from;
  if (std::has_single_bit(count)) {
    const auto level = static_cast<unsigned>(std::countr_zero(count));
    return source.at(level, from >> level);
  }
  const std::uint64_t left = std::bit_floor(count);
  Result<Hash> a = range_hash(source, from, from + left);
  if (!a) return a;
  const Result<Hash> b = range_hash(source, from + left, to);
  if (!b) return b;
  return node_hash(*a, *b);
}

/// The largest power of two below `count`, which is at least 2.
std::uint64_t split_of(std::uint64_t count) { return std::bit_floor(count - 1); }

Result<void> add_inclusion(HashSource& source, std::uint64_t index, std::uint64_t from,
                           std::uint64_t to, Proof& proof) {
  while (to - from > 1) {
    const std::uint64_t middle = from + split_of(to - from);
    const bool left = index < middle;
    const Result<Hash> sibling =
        left ? range_hash(source, middle, to) : range_hash(source, from, middle);
    if (!sibling) return fail(sibling.error());
    proof.push_back(*sibling);
    (left ? to : from) = middle;
  }
  return {};
}

tl::unexpected<Error> refused(const char* reason) { return fail(Rsc::kNotAcceptable, reason); }

}  // namespace

Hash leaf_hash(ByteView entry) {
  static constexpr std::uint8_t kLeaf[] = {0};
  crypto::Sha256 hash;
  hash.update(kLeaf);
  hash.update(entry);
  return hash.finish();
}

Hash node_hash(const Hash& left, const Hash& right) {
  std::array<std::uint8_t, 65> both;
  both[0] = 1;
  std::copy(left.begin(), left.end(), both.begin() + 1);
  std::copy(right.begin(), right.end(), both.begin() + 33);
  return crypto::sha256(both);
}

Hash empty_root() { return crypto::sha256({}); }

Result<Hash> root_of(HashSource& source, std::uint64_t size) {
  if (size == 0) return empty_root();
  return range_hash(source, 0, size);
}

Result<Proof> inclusion_proof(HashSource& source, std::uint64_t index, std::uint64_t size) {
  if (index >= size) return fail(Rsc::kBadRequest, "the tree has no leaf of that index");
  Proof proof;
  if (auto done = add_inclusion(source, index, 0, size, proof); !done) return fail(done.error());
  return Proof(proof.rbegin(), proof.rend());
}

Result<Proof> consistency_proof(HashSource& source, std::uint64_t old_size,
                                std::uint64_t new_size) {
  if (old_size > new_size) return fail(Rsc::kBadRequest, "the old tree is larger than the new one");
  if (old_size == 0 || old_size == new_size) return Proof();
  // RFC 9162 clause 2.1.4.1, from the root downwards; `whole`: the old tree is all of this subtree
  // and its root is known.
  std::uint64_t from = 0;
  std::uint64_t to = new_size;
  bool whole = true;
  Proof proof;
  while (old_size != to) {
    const std::uint64_t middle = from + split_of(to - from);
    const bool left = old_size <= middle;
    const Result<Hash> sibling =
        left ? range_hash(source, middle, to) : range_hash(source, from, middle);
    if (!sibling) return fail(sibling.error());
    proof.push_back(*sibling);
    if (left) {
      to = middle;
    } else {
      from = middle;
      whole = false;
    }
  }
  if (!whole) {
    const Result<Hash> own = range_hash(source, from, to);
    if (!own) return fail(own.error());
    proof.push_back(*own);
  }
  return Proof(proof.rbegin(), proof.rend());
}

Result<void> verify_inclusion(const Hash& leaf, std::uint64_t index, std::uint64_t size,
                              const Proof& proof, const Hash& root) {
  if (index >= size) return refused("the index lies outside of the tree");
  std::uint64_t fn = index;
  std::uint64_t sn = size - 1;
  Hash hash = leaf;
  for (const Hash& step : proof) {
    if (sn == 0) return refused("the inclusion proof is too long");
    if ((fn & 1) != 0 || fn == sn) {
      hash = node_hash(step, hash);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      hash = node_hash(hash, step);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return refused("the inclusion proof is too short");
  if (hash != root) return refused("the inclusion proof does not lead to the root");
  return {};
}

Result<void> verify_consistency(std::uint64_t old_size, std::uint64_t new_size, const Proof& proof,
                                const Hash& old_root, const Hash& new_root) {
  if (old_size > new_size) return refused("the old tree is larger than the new one");
  if (old_size == 0 || old_size == new_size) {
    if (!proof.empty()) return refused("the consistency proof must be empty");
    if (old_size == 0 && old_root != empty_root()) return refused("an empty tree has another root");
    if (old_size == new_size && old_root != new_root) {
      return refused("two trees of one size have different roots");
    }
    return {};
  }
  if (proof.empty()) return refused("the consistency proof is empty");
  std::size_t at = 0;
  std::uint64_t fn = old_size - 1;
  std::uint64_t sn = new_size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  Hash fr = std::has_single_bit(old_size) ? old_root : proof[at++];
  Hash sr = fr;
  for (; at < proof.size(); ++at) {
    if (sn == 0) return refused("the consistency proof is too long");
    if ((fn & 1) != 0 || fn == sn) {
      fr = node_hash(proof[at], fr);
      sr = node_hash(proof[at], sr);
      while ((fn & 1) == 0 && fn != 0) {
        fn >>= 1;
        sn >>= 1;
      }
    } else {
      sr = node_hash(sr, proof[at]);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return refused("the consistency proof is too short");
  if (fr != old_root) return refused("the consistency proof does not contain the old root");
  if (sr != new_root) return refused("the consistency proof does not lead to the new root");
  return {};
}

// --- MemoryTree ------------------------------------------------------------------------------

void MemoryTree::add(const Hash& leaf) {
  Hash hash = leaf;
  for (std::size_t level = 0;; ++level) {
    if (level == levels_.size()) levels_.emplace_back();
    levels_[level].push_back(hash);
    const std::size_t count = levels_[level].size();
    if (count % 2 != 0) return;
    hash = node_hash(levels_[level][count - 2], hash);
  }
}

Result<Hash> MemoryTree::at(unsigned level, std::uint64_t index) {
  if (level >= levels_.size() || index >= levels_[level].size()) {
    return fail(Rsc::kInternalServerError, "the tree has no such node");
  }
  return levels_[level][static_cast<std::size_t>(index)];
}

// --- Frontier --------------------------------------------------------------------------------

void Frontier::add(const Hash& leaf) {
  Hash hash = leaf;
  for (std::uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    hash = node_hash(edge_.back(), hash);
    edge_.pop_back();
  }
  edge_.push_back(hash);
  ++size_;
}

Hash Frontier::root() const {
  if (edge_.empty()) return empty_root();
  Hash hash = edge_.back();
  for (std::size_t i = edge_.size() - 1; i > 0; --i) hash = node_hash(edge_[i - 1], hash);
  return hash;
}

}  // namespace gatehouse::evidence
