#pragma once
#include <chrono>
#include <memory>

#include "cse/core/cse.h"

namespace gatehouse {

struct AnnouncementSettings {
  std::chrono::milliseconds first_retry{2'000};  ///< pause after a CSE was not reachable, doubled …
  std::chrono::milliseconds last_retry{60'000};  ///< … up to this
  /// How long the answer to a request that announces, changes or deletes announced resources waits
  /// for the other CSEs. Source: TS-0001 clause 10.2.18 (the answer tells the actual announceTo).
  std::chrono::milliseconds patience{2'000};
  std::size_t max_in_flight = 16;  ///< originals that wait for another CSE's answer
};

namespace announcement {
class Announcer;
}

/// Announcement of resources to other CSEs, and the rules of what others announce here.
/// Source: TS-0001 clauses 9.6.26 and 10.2.18, TS-0004 clauses 7.4.26 and 7.3.2.6.
///
/// What has to be announced is written to the outbox in the transaction of its cause, so neither a
/// crash nor a CSE that is down loses it: an entry of `at` stays pending while that CSE cannot be
/// reached, and is dropped when that CSE refuses it. One request per original is on its way at any
/// time; later changes join the next one. Copies are updated with what differs from what was sent.
///
/// Construct it when the schemas are complete (announced variants too), before Cse::start().
class Announcement final : public TransactionParticipant, public CommitListener {
 public:
  explicit Announcement(Cse& cse, AnnouncementSettings settings = {});
  ~Announcement() override;

  /// Resumes what is pending. After Cse::start().
  void start();
  void stop();

  Result<void> on_changes(std::span<const Change> changes, OperationContext& context) override;
  void committed(const Committed& event) override;

 private:
  /// The answer to a request waits until its changes have arrived. Before wake().
  void hold_answer(const Committed& event);

  std::shared_ptr<announcement::Announcer> announcer_;
};

}  // namespace gatehouse
