#pragma once
#include <optional>
#include <unordered_map>

#include "cse/core/cse.h"

namespace gatehouse {

/// Whom a search is for and where it looks.
struct SearchScope {
  const Cse& cse;
  const Request& request;
  const std::string& originator;
  const ResourcePtr& top;
  Privilege privilege;
  std::int64_t deepest;  ///< level of the last descendants to look at; 1: direct children
  Timestamp now;
  bool discovery = true;  ///< what is below an inactive <AE> is passed over
};

/// What one search may still do before it must answer: an index entry looked at is 1, a resource
/// read and judged kRead.
struct Work {
  static constexpr std::int64_t kRead = 20;
  std::int64_t left;
  void spend(std::int64_t units) { left -= units; }
  bool used_up() const { return left <= 0; }
};

/// What a search knows of one resource as the parent of others: asked once, for all its children.
struct Place {
  ResourcePtr parent;           ///< null: expired or gone
  std::int64_t level = -1;      ///< below the top of the search, which is 0; -1: not below it
  bool hidden = false;          ///< it or something above it is an inactive <AE>
  std::optional<bool> allowed;  ///< may see children that have no policies of their own
};

/// The places of one search. Cost of a new one: as many look-ups as resources above it are new.
class Places {
 public:
  explicit Places(const SearchScope& scope) : scope_(scope) {}
  /// Valid until the next call.
  Result<Place*> of(const ResourceId& parent, ResourceReader& resources, Work& work);

 private:
  static constexpr std::size_t kMaxKept = 20'000;
  Result<Place> made(const ResourceId& parent, ResourceReader& resources, Work& work);

  const SearchScope& scope_;
  std::unordered_map<ResourceId, Place> known_;
};

/// Is it an <AE> that is registered, but not active? Source: TS-0001 table 9.6.5-2
/// (registrationStatus).
bool is_inactive_ae(const Resource& resource);

}  // namespace gatehouse
