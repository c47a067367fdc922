#pragma once
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "cse/services/cmdh/cmdh.h"

namespace gatehouse {

/// A request on its way through the policies.
struct Cmdh::Held {
  Request request;
  std::string originator;
  Reply reply;
  PolicyPtr policy;  ///< keeps what the next two point into
  const cmdh::AccessRule* rule = nullptr;
  const cmdh::Buffer* buffer = nullptr;
  std::size_t bytes = 0;
  Timestamp when{0};    ///< it may go
  Timestamp latest{0};  ///< it must be gone
  int attempts = 0;

  std::int64_t priority() const { return buffer ? buffer->priority : 1; }
  void refuse(const Error& error) const { reply(error_response(request, error)); }
};

/// What waits, within the limits of the policies and of this CSE. Threading: any.
struct Cmdh::Queue {
 public:
  Queue(std::size_t max_held, std::size_t max_bytes) : max_held_(max_held), max_bytes_(max_bytes) {}

  /// Its number. `purged`: what had to give way, newest first of the least important, or an older
  /// request of the same kind where only the latest counts. Source: TS-0004 clauses H.2.3 (step
  /// 3.3) and H.2.4. Errors: kTargetNotReachable: there is no room.
  Result<std::uint64_t> add(std::shared_ptr<Held> held, std::vector<std::shared_ptr<Held>>& purged);
  std::shared_ptr<Held> find(std::uint64_t number);
  /// False: somebody else has taken it.
  bool take(std::uint64_t number);
  std::size_t bytes_of_rule(const cmdh::AccessRule* rule);
  std::vector<std::shared_ptr<Held>> take_all_of_rule(const cmdh::AccessRule* rule);

 private:
  using Place = std::map<std::uint64_t, std::shared_ptr<Held>>::iterator;
  Place remove(Place place);
  void purge_older(const Held& held, std::vector<std::shared_ptr<Held>>& purged);
  bool make_room(const Held& held, std::vector<std::shared_ptr<Held>>& purged);

  const std::size_t max_held_, max_bytes_;
  std::mutex mutex_;  // guards all below
  std::map<std::uint64_t, std::shared_ptr<Held>> held_;
  std::uint64_t last_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace gatehouse
