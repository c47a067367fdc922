#pragma once
#include <atomic>
#include <memory>
#include <optional>

#include "cse/core/cse.h"

namespace gatehouse {

/// Rules of <schedule> beside its table: below a <subscription> or <crossResourceSubscription> its
/// name is "notificationSchedule", a <CSEBase> has one at most, networkCoordinated (nco) is for
/// those below a <node> (4102 elsewhere) and not offered (5001), as no Underlying Network is spoken
/// to. Source: TS-0001 clause 9.6.9, TS-0004 clause 7.4.9.
void add_schedules(Cse& cse);

/// From `now` on, when can the entity (an <AE> or <remoteCSE>) be reached over its network?
/// The <schedule>s below the <node> that its nodeLink (nl) names say so; without any it always can.
/// nullopt: never again.
Result<std::optional<Timestamp>> reachable_from(const Resource& entity, Timestamp now,
                                                const CseSettings& settings,
                                                ResourceReader& resources);

/// A Messenger that holds a request for an entity until its node's schedules let it through, if
/// that is before the request expires; else it answers TARGET_NOT_REACHABLE at once. Sits in front
/// of another one. Source: TS-0001 clauses 9.6.9 and 10.2.5 (the periods in which a node
/// communicates).
class ScheduledMessenger final : public Messenger {
 public:
  struct Settings {
    std::size_t max_held = 10'000;  ///< requests that wait; further ones are refused
    std::chrono::milliseconds default_patience{10'000};  ///< for a request without rqet
  };
  /// Both outlive this.
  ScheduledMessenger(Cse& cse, Messenger& next) : ScheduledMessenger(cse, next, Settings{}) {}
  ScheduledMessenger(Cse& cse, Messenger& next, Settings settings)
      : cse_(cse),
        next_(next),
        settings_(settings),
        held_(std::make_shared<std::atomic<std::size_t>>(0)) {}

  void send_to(const std::string& target, Request request, Reply reply) override;

 private:
  Cse& cse_;
  Messenger& next_;
  const Settings settings_;
  std::shared_ptr<std::atomic<std::size_t>> held_;
};

}  // namespace gatehouse
