#pragma once
#include <atomic>
#include <chrono>
#include <memory>

#include "cse/core/cse.h"

namespace gatehouse {

class Deliveries;

/// Requests that are answered later: <request> keeps them and their results. Source: TS-0001
/// clauses 9.6.12 and 8.2; TS-0004 clauses 7.3.2.2, 7.3.2.3, 7.4.12. Plugs itself into `cse`, which
/// outlives it.
///  - nonBlockingRequestSynch: acknowledged 1001 with the address of a <request>, which the
///  originator reads;
///  - nonBlockingRequestAsynch: acknowledged 1002; the result also goes to the notification URIs,
///  or to the originator;
///  - noResponse: acknowledged 1000, the result is dropped;
///  - operationExecutionTime: run then, whatever the response type; a blocking one is answered
///  then.
/// Who deletes the <request> of what still waits recalls it: it is not run. What has been forwarded
/// cannot be recalled (5220).
/// What was waiting when the process ended is marked FAILED at the next start.
/// A result that says that the next CSE cannot be reached (5107) is no result yet: the request
/// waits for the link and is sent again until it, or the <request>, expires. Source: TS-0001
/// clause 6.2.3 (store and forward).
class DeferredRequests final : public NonBlocking {
 public:
  struct Settings {
    std::chrono::seconds first_retry{2},
        last_retry{60};                ///< while a link is down, doubled each time
    std::size_t max_waiting = 10'000;  ///< accepted and not yet done; more are refused (5000)
  };
  explicit DeferredRequests(Cse& cse);
  DeferredRequests(Cse& cse, Settings settings);
  /// After Cse::start().
  void start();
  /// Before start(): for requests that ask for deliveryAggregation; outlives this.
  void set_deliveries(Deliveries& deliveries) { deliveries_ = &deliveries; }
  void accept(Request request, const std::string& originator, Reply reply) override;

 private:
  struct Job;
  void run(const std::shared_ptr<Job>& job);
  /// Its <request> was deleted, or its time is over.
  bool is_recalled(const Job& job);
  /// Sets requestStatus of the <request>, if there is one, and goes on.
  void mark(const Job& job, int status, std::function<void()> then);
  void finish(const std::shared_ptr<Job>& job, Response result);
  bool waits_for_link(const std::shared_ptr<Job>& job, const Response& result);
  void notify(const std::shared_ptr<Job>& job, const Value& result);

  Cse& cse_;
  const Settings settings_;
  Deliveries* deliveries_ = nullptr;
  std::shared_ptr<std::atomic<std::size_t>> waiting_;  ///< counted down by the jobs
};

}  // namespace gatehouse
