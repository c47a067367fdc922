#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "cse/core/working_set.h"
#include "cse/primitive/handler.h"

namespace gatehouse {

struct OperationContext;
struct Draft;

/// The places where services join the way of a request. The core calls them and knows none of them;
/// cse/node wires.

/// Runs inside the transaction of a request, after its procedure: sees its changes, may add to them
/// (outbox entries).
class TransactionParticipant {
 public:
  virtual ~TransactionParticipant() = default;
  /// `changes` in order; what the participant changes itself is not shown to it again. An Error
  /// undoes the request.
  virtual Result<void> on_changes(std::span<const Change> changes, OperationContext& context) = 0;
};

/// An answer that waits; sent when the last one who holds it lets go, with the resource as it is
/// then.
struct HeldAnswer {
  HeldAnswer() = default;
  HeldAnswer(const HeldAnswer&) = delete;
  HeldAnswer& operator=(const HeldAnswer&) = delete;
  ~HeldAnswer() {
    if (send) send();
  }
  std::function<void()> send;
};

/// A request whose changes are on disk. Lives for the call only.
struct Committed {
  const Request& request;
  const std::string& originator;
  std::vector<Change> changes;

  /// The request is not answered while this is kept: for what the standard does before the
  /// response. Keep it for a bounded time.
  std::shared_ptr<void> hold_answer() const {
    if (!held) held = std::make_shared<HeldAnswer>();
    return held;
  }
  mutable std::shared_ptr<HeldAnswer> held = nullptr;
};

/// Told after the commit, on the write lane's thread: must be quick, and post whatever takes time.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  virtual void committed(const Committed& event) = 0;
};

/// Requests for other CSEs. Source: TS-0004 clause 7.3.2 (transit).
class Transit {
 public:
  virtual ~Transit() = default;
  virtual void forward(Request request, const std::string& originator, Reply reply) = 0;
};

/// RETRIEVE of more than one resource. Source: TS-0004 clauses 7.3.3.17 and 7.3.3.1.
class Retrieval {
 public:
  virtual ~Retrieval() = default;
  /// filterUsage 1: addresses of matching descendants.
  virtual Response discover(const Request& request, const ResourcePtr& target,
                            ResourceReader& resources, const std::string& originator) = 0;
  /// resultContent 4, 5, 6, 8, 11, 12: the target with its children, references to them, or what
  /// the originator may do.
  virtual Response with_children(const Request& request, const ResourcePtr& target,
                                 ResourceReader& resources, const std::string& originator) = 0;
  /// filterUsage 2 on RETRIEVE, UPDATE, DELETE: does the target itself match?
  virtual Result<bool> matches(const FilterCriteria& filter, const ResourcePtr& resource,
                               ResourceReader& resources) = 0;
};

/// A condition of the filter criteria that needs knowledge of its own: geo query (gmty, geom, gsf),
/// semanticsFilter (smf). Discovery, conditional requests and retrieval of children ask it. Source:
/// TS-0001 clause 8.1.2 (filterCriteria).
class FilterCondition {
 public:
  virtual ~FilterCondition() = default;
  /// Does one resource fulfil the condition? Called for many; `resources` gives its children and
  /// neighbours.
  using Test = std::function<Result<bool>(const ResourcePtr& resource, ResourceReader& resources)>;
  /// Reads and checks what the request says, once, before any resource is looked at. Called only if
  /// the filter has the condition. Threading: any. Errors: 4000, or the condition's own (4143
  /// INVALID_SPARQL_QUERY).
  virtual Result<Test> prepare(const FilterCriteria& filter, const std::string& originator) = 0;
};

/// RETRIEVE with resultContent 10: the result of a semantic query over the target and what is below
/// it. Source: TS-0001 clauses 8.1.2 and 10.2.14.
class SemanticRetrieval {
 public:
  virtual ~SemanticRetrieval() = default;
  /// The originator has the RETRIEVE privilege on `target`. Answers with m2m:qres.
  virtual Response query(const Request& request, const ResourcePtr& target,
                         ResourceReader& resources, const std::string& originator) = 0;
};

/// Requests that are not answered by their result (responseType 1, 2, flexBlocking) or not now
/// (operation execution time).
class NonBlocking {
 public:
  virtual ~NonBlocking() = default;
  /// Acknowledges by `reply` and runs `request` (made blocking) through the handler later or at
  /// once.
  virtual void accept(Request request, const std::string& originator, Reply reply) = 0;
};

/// A NOTIFY addressed to a resource of this CSE that receives messages (an <AE>: hand it on; the
/// CSEBase; fopt).
class NotifyProcedure {
 public:
  virtual ~NotifyProcedure() = default;
  virtual void notify(Request request, const ResourcePtr& target, const std::string& originator,
                      Reply reply) = 0;
};

/// Reaches an entity by its identity, over whatever leads there: points of access, polling channel,
/// another CSE.
class Messenger {
 public:
  virtual ~Messenger() = default;
  /// `target`: an AE-ID-Stem of this CSE ("CAE1"), a structured or unstructured address of an <AE>
  /// or <remoteCSE>, an SP-relative ID ("/id-mn", "/id-mn/CAE1"), or a URL ("http://…",
  /// "mqtt://…"). `request.to` is filled in if empty. Failure is an answer: 5103
  /// TARGET_NOT_REACHABLE or 5107 with the reason.
  virtual void send_to(const std::string& target, Request request, Reply reply) = 0;
};

/// Roles and tokens that requests bring, and whoever is consulted where access control refuses.
/// Source: TS-0003 clauses 7.3 and 7.4, TS-0001 clause 11.5.
class DynamicAuthorization {
 public:
  virtual ~DynamicAuthorization() = default;
  /// Might the request need authorize()? Cheap: asked for every request to this CSE.
  virtual bool concerns(const Request& request) const = 0;
  /// The ordinary way of the request, from here on.
  using Run = std::function<void(Request request, Reply reply)>;
  /// Verifies what the request brings (Request::grants), runs it, and where that answers 4103,
  /// consults and runs it once more. Never blocks.
  virtual void authorize(Request request, const std::string& originator, Run run, Reply reply) = 0;
};

/// Requests that wait until an entity without a server fetches them (<pollingChannel>).
class PollingQueue {
 public:
  virtual ~PollingQueue() = default;
  /// Keeps `request` for the entity with that <AE> or <remoteCSE>, and answers when the entity has.
  /// False: the entity has no polling channel (or no room in it); then `reply` is not called.
  /// Threading: any.
  virtual bool enqueue(const ResourceId& entity, const Request& request, const Reply& reply) = 0;
};

/// Makes what a service keeps in every CSE (<AEContactList> …) if it is not there yet. Run at each
/// start and after a reset, in the transaction that makes or finds the CSEBase; an Error ends the
/// start.
using Founder = std::function<Result<void>(OperationContext& context)>;
/// Stands in front of resources whose UPDATE somebody must allow first (blocking updates).
class Turnstile {
 public:
  /// A request that wants to pass.
  struct Passage {
    std::shared_ptr<const Request> request;  ///< UPDATE or DELETE
    std::string originator;
    ResourcePtr target;
    /// Runs the request on the write lane; with `dry` without effect.
    std::function<void(bool dry, Reply reply)> run;
    Reply reply;  ///< to the Originator
  };
  virtual ~Turnstile() = default;
  /// Threading: any; quick.
  virtual bool guards(const ResourceId& target) const = 0;
  /// Takes the request over. Threading: any.
  virtual void pass(Passage passage) = 0;
};

/// Takes a NOTIFY for a resource of one type; the NOTIFY privilege has been checked.
using NotifyTarget = std::function<void(Request request, const ResourcePtr& target,
                                        const std::string& originator, Reply reply)>;

/// What happens to a resource without changing it, for those that subscribed to it.
class EventSink {
 public:
  virtual ~EventSink() = default;
  /// A data point of `series` (a <timeSeries>) that was expected with dataGenerationTime
  /// `generation_time` (text of an m2m:timestamp) is missing. Call it once for each, in the job of
  /// the write lane that found out. Source: TS-0004 clause 7.5.1.2.9.
  virtual Result<void> missing_data(const ResourcePtr& series, const std::string& generation_time,
                                    OperationContext& context) = 0;
  /// A trigger for the AE behind `ae` has come in; `payload`: m2m:tgp. Write lane, as above.
  /// Source: TS-0001 table 9.6.8-3 (notificationEventType F).
  virtual Result<void> trigger_received(const ResourcePtr& ae, const Value& payload,
                                        OperationContext& context) = 0;
  /// Does anybody want to know of every attempt to access the resource? Threading: any; quick.
  virtual bool watches(const ResourceId& target) const = 0;
  /// A request for a watched resource has been answered. Threading: any.
  virtual void attempted(const Request& request, const std::string& originator,
                         const ResourcePtr& target, const Response& response) = 0;
};

/// Sees every request whose originator is proven, before anything else is done with it. Threading:
/// any; must be quick.
class RequestObserver {
 public:
  virtual ~RequestObserver() = default;
  virtual void received(const Request& request, const std::string& originator) = 0;
};

/// At the IN-CSE: the AE-IDs that the service provider assigns. Source: TS-0001 clause 10.2.2.2
/// (cases a, b and e), TS-0004 clause 7.4.5.2.1.
class ProviderRegistry {
 public:
  virtual ~ProviderRegistry() = default;
  /// The AE-ID-Stem that a registrar CSE speaks for: "S" and "SAE1" of "/id-mn/S" and
  /// "/id-mn/SAE1"; empty: the originator is no such.
  virtual std::string stem_of(const std::string& originator) const = 0;
  /// Completes or refuses the <AEAnnc> by which a registrar CSE asks for the AE-ID of an AE.
  virtual Result<void> enter(Draft& announced, OperationContext& context) = 0;
  /// The AE registers again, perhaps at another CSE, or has left (link INACTIVE): `attributes`, the
  /// whole <AEAnnc> after the update.
  virtual Result<void> enter_again(const Resource& announced, const Value& attributes,
                                   OperationContext& context) = 0;
};

/// Whatever is plugged in; a null pointer means "not in this node" and is answered as the standard
/// says.
struct Extensions {
  std::vector<TransactionParticipant*> participants;
  std::vector<CommitListener*> listeners;
  std::vector<Founder> founders;
  std::vector<std::function<void()>>
      after_reset;  ///< told when everything was removed (Cse::reset)
  std::vector<RequestObserver*> observers;
  Transit* transit = nullptr;
  Retrieval* retrieval = nullptr;
  FilterCondition* geo_query = nullptr;         ///< gmty, geom, gsf
  FilterCondition* semantics_filter = nullptr;  ///< smf
  SemanticRetrieval* semantic_retrieval = nullptr;
  NonBlocking* non_blocking = nullptr;
  NotifyProcedure* notify = nullptr;
  Messenger* messenger = nullptr;
  EventSink* events = nullptr;
  Turnstile* turnstile = nullptr;
  std::map<int, NotifyTarget> notify_targets;  ///< by resource type
  DynamicAuthorization* authorization = nullptr;
  ProviderRegistry* provider_registry = nullptr;
};

}  // namespace gatehouse
