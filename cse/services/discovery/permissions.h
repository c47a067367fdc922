#pragma once
#include "cse/core/cse.h"

namespace gatehouse {

/// What one originator may do: for resultContent 12 and for the filter criterion operations.
/// Source: TS-0001 clause 8.1.2 (Release 4).
class Permissions {
 public:
  /// All operations, as a sum of bits. Source: TS-0004 clause 6.3.4.2 (accessControlOperations).
  static constexpr std::int64_t kAll = 63;

  /// `ops` as one sum. Errors: kBadRequest for what is no sum of operations.
  static Result<std::int64_t> asked_for(const std::vector<std::int64_t>& operations);

  Permissions(const Cse& cse, const Request& request, const std::string& originator)
      : cse_(cse), request_(request), originator_(originator) {}

  /// Those of `asked` that the originator may do on the resource.
  Result<std::int64_t> of(const ResourcePtr& resource, std::int64_t asked,
                          ResourceReader& resources) const;
  /// The answer to resultContent 12: what the originator may do, written as the privileges of an
  /// <accessControlPolicy> with one rule, or none. The standard at hand names the option and not
  /// the form of its answer; this one is of a type that every serialization knows (m2m:setOfAcrs).
  Result<Value> shown(const ResourcePtr& target, ResourceReader& resources) const;

 private:
  const Cse& cse_;
  const Request& request_;
  const std::string& originator_;
};

}  // namespace gatehouse
