#pragma once
#include <algorithm>
#include <string>
#include <vector>

#include "cse/codec/codec.h"

namespace gatehouse {

/// Private to this folder: puts a Value together from a decoder's events and keeps its limits. A
/// false return means that the decoder has to stop; problem() then says why.
class TreeBuilder {
 public:
  explicit TreeBuilder(const DecodeLimits& limits) : limits_(limits) {}

  bool add(Value value) { return place(std::move(value)) != nullptr; }
  /// Begins `value`, an empty list or object.
  bool open(Value value) {
    if (open_.size() >= limits_.max_depth) {
      return stop("nested deeper than " + std::to_string(limits_.max_depth) + " levels");
    }
    Value* container = place(std::move(value));
    if (container) open_.push_back(container);
    return container != nullptr;
  }
  /// The name of the next value, in an object.
  bool key(std::string_view name) {
    Value::Object& members = *open_.back()->as_object();
    if (members.empty()) members.reserve(4);
    members.push_back(Member{std::string(name), Value()});
    return true;
  }
  bool close() {
    if (const Value::Object* members = open_.back()->as_object()) {
      const std::string* twice = duplicate_name(*members);
      if (twice) {
        return stop("the member name \"" + twice->substr(0, 64) + "\" stands twice in one object");
      }
    }
    open_.pop_back();
    return true;
  }
  bool stop(std::string problem) {
    problem_ = std::move(problem);
    return false;
  }
  const std::string& problem() const { return problem_; }
  Value take() { return std::move(root_); }

  /// A member name that stands twice in the object, or nullptr.
  static const std::string* duplicate_name(const Value::Object& members) {
    constexpr std::size_t kFew = 12;  // up to here comparing all pairs is faster than sorting
    if (members.size() <= kFew) {
      for (auto one = members.begin(); one != members.end(); ++one) {
        for (auto other = members.begin(); other != one; ++other) {
          if (one->name == other->name) return &one->name;
        }
      }
      return nullptr;
    }
    std::vector<const std::string*> names;
    names.reserve(members.size());
    for (const Member& member : members) names.push_back(&member.name);
    std::sort(names.begin(), names.end(),
              [](const std::string* a, const std::string* b) { return *a < *b; });
    const auto twice =
        std::adjacent_find(names.begin(), names.end(),
                           [](const std::string* a, const std::string* b) { return *a == *b; });
    return twice == names.end() ? nullptr : *twice;
  }

 private:
  /// Puts the value at its place and returns that; nullptr if there are too many. A parent grows
  /// only after its last child is closed, so the pointers in open_ stay valid.
  Value* place(Value value) {
    if (++count_ > limits_.max_values) {
      problem_ = "more than " + std::to_string(limits_.max_values) + " values";
      return nullptr;
    }
    Value* spot = &root_;
    if (!open_.empty()) {
      if (Value::Object* members = open_.back()->as_object()) {
        spot = &members->back().value;
      } else {
        spot = &open_.back()->as_array()->emplace_back();
      }
    }
    *spot = std::move(value);
    return spot;
  }

  const DecodeLimits& limits_;
  Value root_;
  std::vector<Value*> open_;
  std::size_t count_ = 0;
  std::string problem_;
};

}  // namespace gatehouse
