#pragma once
#include <cstdint>
#include <memory>
#include <utility>

namespace gatehouse {

/// An ordered map whose copies cost nothing: a copy shares all nodes, a change copies only the path
/// to the root. So a snapshot is a copy, and a transaction works on a copy that replaces the
/// original when it commits. A treap; every operation is O(log n) expected. Threading: as std::map
/// for one object; copies are independent.
template <class Key, class Value>
class PersistentMap {
 public:
  const Value* find(const Key& key) const {
    const Node* node = root_.get();
    while (node && node->key != key) node = (key < node->key ? node->left : node->right).get();
    return node ? &node->value : nullptr;
  }

  std::size_t size() const { return size_; }

  /// Inserts, or replaces the value.
  void put(const Key& key, Value value) {
    if (!find(key)) ++size_;
    root_ = with(root_, key, std::move(value), next_priority());
  }

  /// Erasing nothing succeeds.
  void erase(const Key& key) {
    if (!find(key)) return;
    --size_;
    root_ = without(root_, key);
  }

  /// Calls `visit(key, value)` in ascending order, from the first key for which `is_before(key)` is
  /// false, until `visit` answers false. `is_before` must be true for a prefix of the keys.
  template <class IsBefore, class Visit>
  void ascend(const IsBefore& is_before, const Visit& visit) const {
    ascend_from(root_.get(), is_before, visit);
  }

  /// The same downwards, from the last key for which `is_behind(key)` is false.
  template <class IsBehind, class Visit>
  void descend(const IsBehind& is_behind, const Visit& visit) const {
    descend_from(root_.get(), is_behind, visit);
  }

 private:
  struct Node;
  using Link = std::shared_ptr<const Node>;
  struct Node {
    Key key;
    Value value;
    std::uint64_t priority;  // no child has a greater one
    Link left, right;
  };

  static Link make(const Node& from, Link left, Link right) {
    return std::make_shared<const Node>(
        Node{from.key, from.value, from.priority, std::move(left), std::move(right)});
  }

  static Link with(const Link& node, const Key& key, Value value, std::uint64_t priority) {
    if (!node) {
      return std::make_shared<const Node>(Node{key, std::move(value), priority, nullptr, nullptr});
    }
    if (key < node->key) {
      Link left = with(node->left, key, std::move(value), priority);
      if (left->priority <= node->priority) return make(*node, std::move(left), node->right);
      return make(*left, left->left, make(*node, left->right, node->right));
    }
    if (node->key < key) {
      Link right = with(node->right, key, std::move(value), priority);
      if (right->priority <= node->priority) return make(*node, node->left, std::move(right));
      return make(*right, make(*node, node->left, right->left), right->right);
    }
    return std::make_shared<const Node>(
        Node{key, std::move(value), node->priority, node->left, node->right});
  }

  static Link without(const Link& node, const Key& key) {
    if (key < node->key) return make(*node, without(node->left, key), node->right);
    if (node->key < key) return make(*node, node->left, without(node->right, key));
    return merged(node->left, node->right);
  }

  static Link merged(const Link& left, const Link& right) {  // all of left is before all of right
    if (!left) return right;
    if (!right) return left;
    if (left->priority > right->priority) {
      return make(*left, left->left, merged(left->right, right));
    }
    return make(*right, merged(left, right->left), right->right);
  }

  template <class IsBefore, class Visit>
  static bool ascend_from(const Node* node, const IsBefore& is_before, const Visit& visit) {
    if (!node) return true;
    if (!is_before(node->key)) {
      if (!ascend_from(node->left.get(), is_before, visit)) return false;
      if (!visit(node->key, node->value)) return false;
    }
    return ascend_from(node->right.get(), is_before, visit);
  }

  template <class IsBehind, class Visit>
  static bool descend_from(const Node* node, const IsBehind& is_behind, const Visit& visit) {
    if (!node) return true;
    if (!is_behind(node->key)) {
      if (!descend_from(node->right.get(), is_behind, visit)) return false;
      if (!visit(node->key, node->value)) return false;
    }
    return descend_from(node->left.get(), is_behind, visit);
  }

  /// splitmix64 over a counter: spreads well, and the same history gives the same tree.
  std::uint64_t next_priority() {
    std::uint64_t z = (counter_ += 0x9e3779b97f4a7c15ULL);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
  }

  Link root_;
  std::size_t size_ = 0;
  std::uint64_t counter_ = 0;
};

}  // namespace gatehouse
