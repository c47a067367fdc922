#pragma once
#include <memory>
#include <ostream>
#include <set>

#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/gateway/ecu_link.h"
#include "ae-apps/ota/gateway/inquiry.h"
#include "ae-apps/ota/gateway/node_desk.h"
#include "ae-apps/ota/gateway/refused_answers.h"
#include "ae-apps/ota/gateway/release.h"
#include "ae-apps/ota/gateway/task_queue.h"
#include "ae-apps/ota/gateway/update.h"
#include "ae-apps/sdk/link.h"
#include "bindings/http/page.h"

namespace gatehouse::gateway {

/// What a test puts in place of the real thing.
struct GatewayParts {
  std::unique_ptr<sdk::Link> link;  ///< null: over the bindings
  Fetch fetch = sdk::download;
  std::function<bool(const Job&)> stored = {};  ///< as UpdateTools::stored
  Primary::Clock clock = {};                    ///< empty: the system's
  EcuLink::MakeTransport transport = {};        ///< to ECUs; empty: over the network
};

/// The vehicle's gateway: registered, watching for inquiries and orders, serving its display. Three
/// threads of its own: one answers inquiries and tells of refusals, one updates ECUs, one after the
/// other, one waits for field nodes meanwhile. Threading: any thread.
class Gateway {
 public:
  /// Registers, publishes the ECUs, takes up the jobs that a loss of power has left. The streams
  /// outlive it. Errors: state_dir, those of Ae::connect and of the CSE.
  static Result<std::unique_ptr<Gateway>> start(GatewaySettings settings, std::ostream& steps,
                                                std::ostream& log, GatewayParts parts = {});
  ~Gateway();  ///< stops; jobs go on at the next start

  std::string page_url() const;
  http::PageHandler pages();
  ConsentDesk& desk() { return desk_; }
  const JobJournal& journal() const { return *journal_; }
  /// Waits until every inquiry and order received so far is dealt with.
  bool settle(std::chrono::milliseconds at_most);
  void stop();

 private:
  Gateway(GatewaySettings settings, std::ostream& steps, std::ostream& log);
  Result<void> open(GatewayParts parts);
  Result<void> meet_ecus(const EcuLink::MakeTransport& transport);
  void import_bundles();
  void import_order(const std::filesystem::path& bundle, Member& ecu);
  bool brings_something_new(const std::filesystem::path& bundle, const VerifiedOrder& order,
                            Member& ecu);
  void resume_jobs();
  void inquired(const Value& inquiry);
  void offered(const std::string& serial);
  bool look_at_order(const std::string& serial);
  bool take(Job job);
  bool refuse_busy(Job order, const std::string& reason);
  void close_refused(const Job& order);
  void tell_refusals();
  void push_refusals();
  bool check_wanted(const std::string& by);
  void enqueue(Job job);
  bool try_soon(const std::shared_ptr<Update>& update, std::chrono::milliseconds pause);
  void attempt(const std::shared_ptr<Update>& update);
  bool once_answered(unsigned answers, std::chrono::milliseconds pause, std::function<void()> task);
  void gather(const std::string& release);
  void attempt_release(const std::string& id, const std::shared_ptr<ReleaseRun>& release);
  void go_on_after(const std::string& release);
  Update::End watched(const std::function<Update::End()>& run, std::function<void()> stop);

  const GatewaySettings settings_;
  ota::StepLog log_;
  Board board_;
  ConsentDesk desk_;
  std::unique_ptr<RefusedAnswers> refused_;
  std::unique_ptr<JobJournal> journal_;
  std::unique_ptr<NodeDesk> nodes_;  ///< null: there are no field nodes
  EcuLinks ecus_;
  std::unique_ptr<sdk::Ae> ae_;
  std::unique_ptr<CseSide> cse_;
  std::unique_ptr<Inquiries> inquiries_;
  crypto::SystemRandom random_;
  std::unique_ptr<ota::SecureClock> secure_clock_;
  std::unique_ptr<Primary> primary_;
  std::unique_ptr<UpdateTools> tools_;
  std::unique_ptr<ReleaseJournal> releases_;
  std::set<std::string> gathering_;  ///< releases; of the job queue's thread only
  std::set<std::string> queued_;     ///< jobs in the queue, by id; under mutex_
  const std::string csrf_token_;

  std::atomic<bool> check_waits_{false};
  std::atomic<bool> refusals_wait_{false};
  std::atomic<unsigned> answers_{0};  ///< of the user, so far
  std::mutex offer_mutex_;            ///< one order is looked at after the other
  std::mutex mutex_;                  ///< of what follows
  std::function<void()> stop_current_;
  bool stopped_ = false;
  TaskQueue inquiry_queue_;
  TaskQueue node_queue_;
  TaskQueue job_queue_;
};

}  // namespace gatehouse::gateway
