#pragma once
#include <deque>
#include <map>
#include <mutex>
#include <unordered_map>

#include "cse/core/cse.h"

namespace gatehouse {

/// <pollingChannel> and <pollingChannelURI>: requests for entities that cannot be reached wait
/// until they fetch them. Source: TS-0001 clauses 9.6.21, 9.6.22, 10.2.5.14; TS-0004
/// clauses 7.4.22, 7.4.23. Requests wait in this process's memory and each ends with its deadline;
/// an entity that polls one process of several gets what waits in that one.
class PollingChannels final : public PollingQueue,
                              public std::enable_shared_from_this<PollingChannels> {
 public:
  struct Settings {
    std::size_t max_aggregated = 100;  ///< requests in one answer
    std::size_t max_waiting = 1'000;   ///< requests for one entity, and its polls; more are refused
    std::chrono::milliseconds poll{30'000};  ///< of a long poll without request expiration
    std::chrono::milliseconds answer{
        60'000};  ///< for a request without expiration to be fetched and answered
  };
  PollingChannels(Cse& cse, Settings settings) : cse_(cse), settings_(settings) {}
  /// Adds the behaviours; after this the object must be owned by a shared_ptr.
  static std::shared_ptr<PollingChannels> add(Cse& cse, Settings settings);

  bool enqueue(const ResourceId& entity, const Request& request, const Reply& reply) override;
  /// A RETRIEVE of the channel: answered with the next request, or 4008 when none comes in time.
  /// `aggregated` (requestAggregation): all that wait, as m2m:agrp.
  void poll(const ResourceId& entity, Request request, bool aggregated, Reply reply);
  /// A NOTIFY to the channel with m2m:rsp: the answer to a request fetched before.
  void answer(const ResourceId& entity, const Request& request, const Reply& reply);

 private:
  struct Waiting {
    Request request;
    Reply reply;
    std::uint64_t number;
  };
  struct Poll {
    Request request;
    Reply reply;
    std::uint64_t number;
    bool aggregated;
  };
  struct Channel {
    std::deque<Waiting> waiting;
    std::map<std::string, Waiting> fetched;  ///< by request identifier
    std::deque<Poll> polls;
  };
  Timestamp deadline_of(const Request& request, std::chrono::milliseconds otherwise) const;
  void expire_request(const ResourceId& entity, std::uint64_t number, Timestamp when);
  void expire_poll(const ResourceId& entity, std::uint64_t number, Timestamp when);
  static Response fetched_response(const std::vector<Request>& requests, bool aggregated);
  static bool knows(const Channel& channel, const std::string& request_identifier);
  /// Gives the request an identifier of the CSE's own: another originator chose the same, and the
  /// answer names nothing else. Its originator is answered with the one it chose.
  void rename(Waiting& waiting);

  Cse& cse_;
  const Settings settings_;
  std::mutex mutex_;
  std::uint64_t next_number_ = 0;
  std::unordered_map<ResourceId, Channel> channels_;
};

}  // namespace gatehouse
