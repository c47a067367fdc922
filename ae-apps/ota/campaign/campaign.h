#pragma once
#include <array>
#include <deque>
#include <string>
#include <unordered_map>
#include <vector>

#include "ae-apps/ota/campaign/definition.h"
#include "ae-apps/ota/campaign/fleet.h"
#include "ae-apps/ota/campaign/updates.h"

namespace gatehouse::campaign {

/// draft --approve--> approved --its start--> running --all done--> finished
/// running <--pause, a threshold / resume--> paused; any of them --stop--> stopped
enum class State : std::uint8_t { kDraft, kApproved, kRunning, kPaused, kStopped, kFinished };
constexpr std::size_t kStates = 6;
std::string_view name_of(State state);

/// How far a vehicle, or one of its ECUs, is.
enum class Progress : std::uint8_t {
  kWaiting,   ///< for its stage, the rate limit, the window, or another update
  kAsked,     ///< what it runs
  kTold,      ///< to update
  kUpdated,   ///< every ECU has proven that it runs its image
  kFailed,    ///< an ECU did not succeed
  kDeclined,  ///< the user did not want it
  kExcluded,  ///< it must not have it
  kCurrent,   ///< it ran all of it before
};
constexpr std::size_t kProgresses = 8;
std::string_view name_of(Progress progress);

/// One ECU that is to run an image.
struct Goal {
  std::string serial, image;
  Progress progress = Progress::kWaiting;
  std::string reason = {};
  Proven before = {}, after = {};
};

/// A vehicle of the campaign.
struct Participant {
  static constexpr int kNoStage = -1;
  Fleet::Index vehicle = 0;
  int stage = kNoStage;
  Progress progress = Progress::kWaiting;
  std::string reason = {};
  unsigned attempts = 0;  ///< all
  unsigned tries = 0;     ///< since somebody's last "retry"
  std::vector<Goal> goals = {};
  Timestamp changed = {}, asked = {};
  bool unwritten = false;
};

using Counts = std::array<std::uint64_t, kProgresses>;

/// One line of a dry run.
struct PlanEntry {
  Fleet::Index vehicle = 0;
  int stage = Participant::kNoStage;
  bool gets = false;
  std::string reason = {};  ///< why not, or what comes first
  std::vector<Goal> goals = {};
};
struct Plan {
  std::vector<PlanEntry> entries;  ///< every vehicle of the fleet
  std::vector<std::uint64_t> of_stage;
  std::uint64_t gets = 0;
  std::vector<std::string> warnings;  ///< names and labels that the fleet has not; empty stages
};

/// One campaign, without I/O: commands, time and touched ECUs come in, calls of Updates and
/// documents to be written come out. A vehicle counts as updated when the server has verified a
/// report of the booted image for each of its ECUs. Threading: one thread at a time; fleet and
/// updates outlive it.
class Campaign {
 public:
  Campaign(Definition definition, const Fleet& fleet, Updates& updates);

  /// Errors: kBadRequest naming the member, for images that cannot go to anybody.
  Result<void> check_images();
  /// Errors: kBadRequest naming the member, for vehicles and ECUs that are listed twice or are not
  /// in the fleet: a mistyped name would narrow or widen the campaign in silence.
  Result<void> check_names() const;
  /// Errors: kConflict, kOperationNotAllowed: not in this state, or not by this one.
  Result<void> command(const Command& command, const std::string& by, Timestamp now);
  Plan plan() const;
  /// The server has noted something about this ECU.
  void touched(const std::string& serial, Timestamp now);
  void tick(Timestamp now);

  const Definition& definition() const { return definition_; }
  State state() const { return state_; }
  const std::string& reason() const { return reason_; }
  bool over() const { return state_ == State::kStopped || state_ == State::kFinished; }
  /// When it came into this state.
  Timestamp since() const { return at_; }
  const Counts& counts() const { return total_; }
  const std::vector<Participant>& participants() const { return participants_; }
  /// Nobody runs its images, neither by it nor before.
  bool reached_nobody() const;
  /// Index of the stage that began last.
  std::size_t active_stage() const { return active_; }

  // What is written down, and read again after a restart.
  Value state_document() const;
  Value document(const Participant& participant) const;
  Value document(const Plan& plan, std::size_t first, std::size_t count) const;
  enum class Unwritten : std::uint8_t { kNothing, kCounts, kState };
  Unwritten unwritten_state() const { return unwritten_; }
  void state_written() { unwritten_ = Unwritten::kNothing; }
  /// Indices of participants whose document has changed; they count as written.
  std::vector<std::size_t> take_unwritten(std::size_t most);
  bool has_unwritten() const { return !unwritten_participants_.empty(); }
  void put_back(std::size_t participant) { mark(participant); }
  Result<void> restore_state(const Value& document);
  Result<void> restore_participant(const Value& document);
  /// After the last restore: what happened while nobody looked.
  void resume(Timestamp now);

 private:
  struct StageState {
    std::uint64_t size = 0;
    Counts counts{};
    std::deque<std::size_t> queue;  ///< participants that wait
    std::optional<Timestamp> succeeded;
    std::uint64_t accepted_failures = 0;  ///< somebody said "resume" all the same
    bool released = false;                ///< its hold is over
    bool waived = false;                  ///< its success is not asked for any more
    std::uint64_t count(Progress progress) const {
      return counts[static_cast<std::size_t>(progress)];
    }
    std::uint64_t pending() const {
      return count(Progress::kWaiting) + count(Progress::kAsked) + count(Progress::kTold);
    }
    /// Vehicles by which success and errors are measured.
    std::uint64_t base() const {
      return size - count(Progress::kExcluded) - count(Progress::kDeclined) -
             count(Progress::kCurrent);
    }
  };
  struct Judgement {
    enum class Kind : std::uint8_t { kGo, kAsk, kBusy, kCurrent, kNo } kind = Kind::kGo;
    std::string reason;
  };

  void enter(State state, std::string reason, const std::string& by, Timestamp now);
  void pause(std::string reason, const std::string& by, Timestamp now);
  Result<void> approve(const std::string& by, Timestamp now);
  Result<void> retry(const Command& command, const std::string& by, Timestamp now);
  void release(const std::string& by, Timestamp now);
  void withdraw_unsent(Timestamp now);

  std::vector<Goal> goals_of(Fleet::Index vehicle) const;
  Judgement judge(std::vector<Goal>& goals) const;
  std::vector<Fleet::Index> in_cohort_order(std::vector<Fleet::Index> vehicles) const;
  void assign(Timestamp now);
  std::vector<std::string> wrong_names() const;
  void warn(Plan& plan) const;
  std::size_t add(Participant participant);
  void dispatch(Timestamp now);
  bool dispatch_next(StageState& stage, std::vector<std::size_t>& later, Timestamp now);
  bool tell(std::size_t index, Timestamp now);
  void settle(std::size_t index, Timestamp now);
  void take_answer(std::size_t index, Timestamp now);
  void wait_again(std::size_t index, std::string reason, bool first, Timestamp now);
  void set(std::size_t index, Progress progress, std::string reason, Timestamp now);
  void mark(std::size_t index);
  void give_up_asking(Timestamp now);
  void check_errors(std::size_t stage, Timestamp now);
  void advance(Timestamp now);
  bool succeeded(const StageState& stage, const Stage& rule) const;
  void refill(Timestamp now);
  std::uint64_t open() const;

  const Definition definition_;
  const Fleet& fleet_;
  Updates& updates_;
  std::vector<Image> images_;
  std::vector<std::string> hardware_;
  std::unordered_map<std::string, std::string> image_of_;  ///< by hardware id

  State state_ = State::kDraft;
  std::string reason_, by_;
  Timestamp at_;
  std::vector<std::string> approved_by_;
  bool begun_ = false;
  std::size_t active_ = 0;
  std::vector<StageState> stages_;
  Counts total_{};
  std::vector<Participant> participants_;
  std::unordered_map<Fleet::Index, std::size_t> by_vehicle_;
  std::unordered_map<std::string, std::size_t> by_serial_;
  std::deque<std::size_t> asked_;  ///< oldest first; may hold such as have answered
  std::uint64_t fleet_revision_ = 0;
  std::int64_t credit_ = 0;  ///< vehicle minutes, in millionths
  std::optional<Timestamp> refilled_;
  Unwritten unwritten_ = Unwritten::kState;
  std::deque<std::size_t> unwritten_participants_;
};

}  // namespace gatehouse::campaign
