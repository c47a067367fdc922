#include "ae-apps/attestation/evidence/log/merkle.h"

#include <gtest/gtest.h>

namespace gatehouse::evidence {
namespace {

/// The leaves and roots that the Certificate Transparency implementations test themselves with.
const char* const kLeaves[] = {"",
                               "00",
                               "10",
                               "2021",
                               "3031",
                               "40414243",
                               "5051525354555657",
                               "606162636465666768696a6b6c6d6e6f"};
const char* const kRoots[] = {"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                              "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                              "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                              "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                              "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                              "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                              "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                              "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

Hash numbered_leaf(std::uint64_t number) {
  const std::string text = "entry " + std::to_string(number);
  return leaf_hash(view_of(text));
}

MemoryTree tree_of(std::uint64_t size) {
  MemoryTree tree;
  for (std::uint64_t i = 0; i < size; ++i) tree.add(numbered_leaf(i));
  return tree;
}

// RFC 9162 clause 2.1.1
TEST(Merkle, GivesTheKnownRoots) {
  MemoryTree tree;
  Frontier frontier;
  EXPECT_EQ(to_hex(frontier.root()),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  for (std::size_t i = 0; i < std::size(kLeaves); ++i) {
    const Hash leaf = leaf_hash(*from_hex(kLeaves[i]));
    tree.add(leaf);
    frontier.add(leaf);
    EXPECT_EQ(to_hex(*root_of(tree, i + 1)), kRoots[i]);
    EXPECT_EQ(to_hex(frontier.root()), kRoots[i]);
  }
}

// RFC 9162 clause 2.1.3
TEST(Merkle, EveryInclusionProofHoldsForItsPlaceOnly) {
  constexpr std::uint64_t kSize = 40;
  MemoryTree tree = tree_of(kSize);
  for (std::uint64_t size = 1; size <= kSize; ++size) {
    const Hash root = *root_of(tree, size);
    for (std::uint64_t index = 0; index < size; ++index) {
      const Proof proof = *inclusion_proof(tree, index, size);
      EXPECT_TRUE(verify_inclusion(numbered_leaf(index), index, size, proof, root));
      EXPECT_FALSE(verify_inclusion(numbered_leaf(index + 1), index, size, proof, root));
      EXPECT_FALSE(verify_inclusion(numbered_leaf(index), index + 1, size, proof, root));
    }
  }
}

// RFC 9162 clause 2.1.4
TEST(Merkle, EveryConsistencyProofHoldsForItsTreesOnly) {
  constexpr std::uint64_t kSize = 40;
  MemoryTree tree = tree_of(kSize);
  for (std::uint64_t to = 1; to <= kSize; ++to) {
    for (std::uint64_t from = 0; from <= to; ++from) {
      const Proof proof = *consistency_proof(tree, from, to);
      const Hash old_root = *root_of(tree, from);
      const Hash new_root = *root_of(tree, to);
      ASSERT_TRUE(verify_consistency(from, to, proof, old_root, new_root)) << from << " " << to;
      Hash other = new_root;
      other[0] ^= 1;
      EXPECT_FALSE(verify_consistency(from, to, proof, old_root, other) && from != 0);
      Hash older = old_root;
      older[31] ^= 1;
      EXPECT_FALSE(verify_consistency(from, to, proof, older, new_root));
    }
  }
}

TEST(Merkle, AProofWithOneHashAlteredAddedOrMissingIsRefused) {
  constexpr std::uint64_t kSize = 21;
  MemoryTree tree = tree_of(kSize);
  const Hash root = *root_of(tree, kSize);
  const Hash old_root = *root_of(tree, 13);
  const Proof included = *inclusion_proof(tree, 9, kSize);
  const Proof consistent = *consistency_proof(tree, 13, kSize);
  const auto both_refuse = [&](const Proof& inclusion, const Proof& consistency) {
    EXPECT_FALSE(verify_inclusion(numbered_leaf(9), 9, kSize, inclusion, root));
    EXPECT_FALSE(verify_consistency(13, kSize, consistency, old_root, root));
  };
  for (std::size_t i = 0; i < std::min(included.size(), consistent.size()); ++i) {
    Proof a = included;
    Proof b = consistent;
    a[i][5] ^= 0x10;
    b[i][5] ^= 0x10;
    both_refuse(a, b);
    a.erase(a.begin() + static_cast<std::ptrdiff_t>(i));
    b.erase(b.begin() + static_cast<std::ptrdiff_t>(i));
    both_refuse(a, b);
  }
  both_refuse({}, {});
  both_refuse(Proof(64, root), Proof(64, root));
}

TEST(Merkle, AFrontierTakenUpFromItsEdgeGrowsOn) {
  MemoryTree tree = tree_of(300);
  std::vector<Hash> edge = {*tree.at(8, 0), *tree.at(5, 8), *tree.at(3, 36), *tree.at(2, 74)};
  Frontier frontier(300, std::move(edge));
  EXPECT_EQ(frontier.root(), *root_of(tree, 300));
  tree.add(numbered_leaf(300));
  frontier.add(numbered_leaf(300));
  EXPECT_EQ(frontier.root(), *root_of(tree, 301));
}

}  // namespace
}  // namespace gatehouse::evidence
