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
  /// The answer to resultContent 12: the privileges as the originator has them, as one rule of
  /// type m2m:setOfAcrs below the root of the target.
  Result<Value> shown(const ResourcePtr& target, ResourceReader& resources) const;

 private:
  const Cse& cse_;
  const Request& request_;
  const std::string& originator_;
};

}  // namespace gatehouse
