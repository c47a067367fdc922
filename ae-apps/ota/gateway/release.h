#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ae-apps/ota/gateway/inquiry.h"
#include "ae-apps/ota/gateway/update.h"

namespace gatehouse::gateway {

/// How far the ECUs of a release have come, together.
enum class ReleaseState : std::uint8_t {
  kPreparing,    ///< the images go into inactive slots; nothing new runs
  kTrying,       ///< ECUs boot on trial, those with one slot are written last
  kCommitted,    ///< decided: all of them stay. From here on only forward
  kRollingBack,  ///< decided: all of them go back
};
std::string_view name_of(ReleaseState state);  ///< "rolling-back"

/// What must outlive a loss of power about a release. That it was decided is one write of this
/// record: kCommitted is stored only after every ECU has proven that it runs the new image on
/// trial, and no ECU is told to keep it before that write is durable. Without it all go back, most
/// of them by themselves, since a trial lasts for one boot.
struct Release {
  struct Member {
    std::string ecu, job;  ///< serial number, Job::id
    std::string before;    ///< SHA-256 of the payload that ran before, hexadecimal; empty: none ran
    std::string target;    ///< and of the new one
    bool touched = false;  ///< it may have been written to
    bool settled = false;  ///< stays, or went back, for good; its job goes on by itself
    friend bool operator==(const Member&, const Member&) = default;
  };
  std::string id;  ///< the Director's name for it
  ReleaseState state = ReleaseState::kPreparing;
  std::vector<Member> members;  ///< in the order in which they are updated
  std::string culprit;          ///< of a roll-back: serial number; may be empty
  std::optional<Failure> failure;

  friend bool operator==(const Release&, const Release&) = default;
};

std::string encode_release(const Release& release);
/// Errors: kBadRequest for anything that encode_release would not write.
Result<Release> decode_release(std::string_view text);

/// Releases under way as files of a folder: release-<id>.json, each replaced as a whole. Threading:
/// one thread.
class ReleaseJournal {
 public:
  explicit ReleaseJournal(std::string folder) : folder_(std::move(folder)) {}
  /// Before and after each write.
  void set_hook(WriteHook hook) { hook_ = std::move(hook); }

  /// nullopt: there is none. Errors: kInternalServerError if it cannot be read; then nothing about
  /// it may be decided.
  Result<std::optional<Release>> load(const std::string& id) const;
  Result<void> save(const Release& release);
  Result<void> remove(const std::string& id);
  /// Identifiers of all that are there.
  std::vector<std::string> pending() const;
  /// The one under way that this ECU is a member of; empty: none. Any thread.
  std::string holding(const std::string& ecu) const;

 private:
  std::string file_of(const std::string& id) const;
  std::string folder_;
  WriteHook hook_;
};

/// Updates the ECUs of one release together, or none of them: consent, conditions, prepare on all,
/// try on all, decide, confirm on all or roll back all; each job goes on to its own report as soon
/// as its ECU has settled. What was decided is never given up: an ECU that does not answer is told
/// later, and whoever looks after the vehicle is told of it (display, `progress`, a report with the
/// purpose "delayed").
/// No ECU is written or reset while the vehicle is not fit (readiness.h). Before the decision that
/// is waited for until Job::fit_by, then all go back; after it for as long as it takes. The
/// maintenance window counts until the first ECU runs on trial: a release that has come so far is
/// not left half-way until the next window. What never waits, since it resets nothing: the
/// decision, confirming what runs on trial, discarding what is held. Nor does giving an image to an
/// ECU that runs nothing: it has nothing to lose. Threading: run() on one thread; stop() from any.
class ReleaseRun {
 public:
  /// `jobs`: the journal's open jobs of this release. All outlive it.
  ReleaseRun(UpdateTools& tools, ReleaseJournal& journal, EcuLinks& ecus, std::string id);

  /// kGathers: not all orders are there and verified; kClosed: each job stands at kRebooted or
  /// kFailed; kTryLater, kAsks and kInterrupted: call it again. After kTryLater some of its jobs
  /// may stand there already.
  Update::End run();
  void stop();
  /// After kTryLater: how long to wait. Longer each time, as long as an ECU does not answer.
  std::chrono::milliseconds pause() const;

 private:
  using End = Update::End;
  struct Part {
    Release::Member* member;
    Update* update;
    Member* link;
  };

  End go();
  std::optional<End> gather();
  std::optional<End> ask();
  std::optional<End> begin();
  std::optional<End> open_parts();
  Question question() const;

  std::optional<End> prepare();
  std::optional<End> try_all();
  Result<void> put_on_trial(Part& part);
  std::optional<End> confirm_all();
  Result<void> confirm(Part& part);
  std::optional<End> roll_back_all();
  Result<void> roll_back(Part& part);
  std::optional<End> settle(Result<void> (ReleaseRun::*how)(Part&), const char* event);
  std::optional<End> conclude(const Part& part);
  End finish();

  std::optional<End> enter(ReleaseState state);
  std::optional<End> give_up(const std::string& culprit, std::string stage, std::string reason);
  std::optional<End> abandon_all(const std::string& stage, const std::string& reason);
  std::optional<End> advance_all(JobState state);
  Result<void> write(Part& part);
  Result<void> may_touch(const EcuStand& stand);
  std::optional<End> wait_until_fit(const std::string& ecu);
  std::optional<End> later(const Release::Member& member, const std::string& reason);
  void tell_of_delay(const Release::Member& member, const std::string& reason);

  UpdateTools& tools_;
  ReleaseJournal& journal_;
  EcuLinks& ecus_;
  Release release_;
  std::map<std::string, std::unique_ptr<Update>> updates_;  ///< by serial number
  std::vector<Part> parts_;
  ToldWaits told_waits_;                ///< before the decision
  std::set<std::string> told_;          ///< ECUs whose delay was reported
  std::string asked_;                   ///< Question::job, while that is open; empty: none is
  std::string unfit_;                   ///< why the ECU at hand must not be touched now
  std::string waits_for_;               ///< as it was told last
  bool midway_ = false;                 ///< an ECU runs the new image on trial
  bool late_ = false;                   ///< this run() met an ECU that has to be told later
  std::chrono::milliseconds pause_{0};  ///< of the last run() that was late
  std::atomic<bool> stopping_{false};
};

}  // namespace gatehouse::gateway
