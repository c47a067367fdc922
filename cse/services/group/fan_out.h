#pragma once
#include <map>
#include <mutex>

#include "cse/core/cse.h"

namespace gatehouse {

/// <fanOutPoint>: one request to every member of a group, their answers as one. Source: TS-0004
/// clause 7.4.14.
class FanOutPoint final : public VirtualResource {
 public:
  explicit FanOutPoint(Cse& cse) : cse_(cse) {}

  void handle(Request request, const ResourcePtr& group, std::vector<std::string> rest,
              const std::string& originator, Reply reply) override;

 private:
  Result<void> authorize(const Request& request, const ResourcePtr& group,
                         const std::string& originator);
  Result<std::vector<std::string>> members_for(const Request& request, const Resource& group) const;
  /// False: this group has seen the identifier. Kept until the request expires, so that groups in a
  /// circle end.
  bool remember(const std::string& group_request_identifier, const ResourceId& group,
                Timestamp until);
  void remove_deleted(const ResourceId& group, std::vector<std::string> members);

  Cse& cse_;
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, Timestamp> seen_;
};

}  // namespace gatehouse
