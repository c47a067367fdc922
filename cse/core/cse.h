#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "cse/core/access_control.h"
#include "cse/core/committed_view.h"
#include "cse/core/extensions.h"
#include "cse/core/pace.h"
#include "cse/core/procedures.h"
#include "cse/core/write_lane.h"
#include "cse/primitive/handler.h"

namespace gatehouse {

/// The core of a CSE: takes primitives from the bindings, decides, answers.
///
///   receive ▸ originator proven? ▸ addressed here, or forwarded? ▸ type's procedure ▸ access ▸
///   commit ▸ respond
///
/// Reads run on the caller's thread beside the writes; writes go through the lane. Made by
/// cse/node, which also adds the services (`extensions()`, `behaviours()`) before start().
class Cse final : public PrimitiveHandler {
 public:
  /// Everything given here outlives the Cse. `schemas` and `behaviours` are complete before
  /// start().
  Cse(CseSettings settings, const Schemas& schemas, Behaviours& behaviours, Store& store,
      Scheduler& scheduler, std::uint16_t process_part);
  ~Cse() override;

  /// Creates the CSEBase and its first policies if the store is new, and starts the lane.
  /// Errors: the store's; kConflict if the store belongs to a CSE of another CSE-ID or name.
  Result<void> start();
  /// Tests: no lane thread; writes run when run_pending() is called.
  Result<void> start_manual();
  std::size_t run_pending() { return lane_->run_pending(); }
  /// Ends the lane after what is queued.
  void stop();

  void handle(Request&& request, Reply reply) override;

  /// Removes every resource and begins anew, as at the first start; what services keep in memory
  /// follows from the changes. For tests (upper tester): one job, however large the tree is.
  void reset(std::function<void(Response&&)> done);

  // For services.
  const CseSettings& settings() const { return settings_; }
  const Schemas& schemas() const { return schemas_; }
  Behaviours& behaviours() { return behaviours_; }
  const Behaviours& behaviours() const { return behaviours_; }
  Extensions& extensions() { return extensions_; }
  const AccessControl& access() const { return access_; }
  Scheduler& scheduler() { return scheduler_; }
  Pace& pace() { return pace_; }
  IdGenerator& ids() { return ids_; }
  Store& store() { return store_; }
  /// Everything committed, for one piece of work on this thread.
  CommittedView view() { return CommittedView(store_, cache_, schemas_, scheduler_.now()); }
  /// Work of the CSE's own on the lane, as originator = the CSE-ID. An unsuccessful response undoes
  /// it. The changes are shown to participants and listeners like those of a request. `done` may be
  /// empty.
  void submit(std::function<Response(OperationContext&)> work,
              std::function<void(Response&&)> done = {});
  /// A request of the CSE's own, to anybody: fills in from, request identifier and release, and
  /// goes the usual way.
  void request(Request request, Reply reply);
  /// RETRIEVE of a resource that a virtual one stands for, with the access checks of the resource
  /// itself.
  Response retrieve(const Request& request, const ResourcePtr& target,
                    const std::string& originator);
  /// The newest child of that type (<latest>); null if there is none.
  Result<ResourcePtr> latest_instance(const ResourceId& parent, int type, CommittedView& view);

 private:
  Result<std::string> originator_of(const Request& request, ResourceReader& resources,
                                    Reply& reply) const;
  void dispatch(Request&& request, std::string originator, Reply reply);
  void dispatch_local(Request&& request, const Address& address, std::string originator,
                      Reply reply);
  void retrieve(Request&& request, const ResourcePtr& target, const std::string& originator,
                CommittedView& view, Reply reply);
  void write(std::shared_ptr<const Request> request, std::string originator, Reply reply);
  void prepare_then_write(Request&& request, const ResourcePtr& target, std::string originator,
                          Reply reply);
  class RequestJob;
  /// `seen`: what the request addresses, as far as is known; may be null.
  void enqueue(std::shared_ptr<const Request> request, std::string originator, bool dry_run,
               ResourcePtr seen, Reply reply);
  Response run(const Request& request, const std::string& originator, const Resource* seen,
               WorkingSet& resources) const;
  void tell_listeners(const Committed& event);
  Result<void> bootstrap();
  Result<void> found(OperationContext& context) const;
  ProcedureContext procedures(const Resource* seen = nullptr) const {
    return {settings_, schemas_, behaviours_, access_, extensions_, seen};
  }

  const CseSettings settings_;
  const Schemas& schemas_;
  Behaviours& behaviours_;
  Store& store_;
  Scheduler& scheduler_;
  IdGenerator ids_;
  ResourceCache cache_;
  AccessControl access_;
  Extensions extensions_;
  Pace pace_;
  std::unique_ptr<WriteLane> lane_;
};

/// Checks of a request primitive that need no resource: operation, parameters, times, release.
/// Source: TS-0004 clause 7.3.2.1 (Recv-1). Errors: 4000, 4001, 4008, 5001.
Result<void> check_request(const Request& request, const CseSettings& settings, Timestamp now);

/// Whose requests are looked at: those of registered entities, or everybody's (a dialect).
enum class Admission { kRegistered, kEverybody };

/// Who is asking, in the form that access control knows; and whether the transport and the
/// registrations bear that out. Source: TS-0004 clause 7.3.2.1, TS-0003 clause 8. Errors: 4000 (no
/// or malformed From), 4106, 4107.
Result<std::string> proven_originator(const Request& request, const CseSettings& settings,
                                      ResourceReader& resources,
                                      Admission admission = Admission::kRegistered);

}  // namespace gatehouse
