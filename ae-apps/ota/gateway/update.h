#pragma once
#include <atomic>
#include <functional>
#include <map>
#include <optional>

#include "ae-apps/ota/gateway/board.h"
#include "ae-apps/ota/gateway/consent.h"
#include "ae-apps/ota/gateway/cse_side.h"
#include "ae-apps/ota/gateway/image_delivery.h"
#include "ae-apps/ota/gateway/job.h"
#include "ae-apps/ota/gateway/member.h"
#include "ae-apps/ota/gateway/primary.h"
#include "ae-apps/ota/program/step_log.h"

namespace gatehouse::gateway {

/// All that an update works with. Everything outlives it.
struct UpdateTools {
  const GatewaySettings& settings;
  JobJournal& journal;
  ConsentDesk& desk;
  CseSide& cse;
  Board& board;
  ota::StepLog& log;
  Primary& primary;
  /// Of the vehicle's windows and deadlines.
  std::function<Timestamp()> clock;
  Fetch fetch = sdk::download;
  /// After a state was stored; false: stop here, as a loss of power would. For tests.
  std::function<bool(const Job&)> stored = {};
  ota::DownloadLimits::Clock download_clock = {};  ///< empty: the system's steady one
  ota::DownloadLimits::Pause download_pause = {};
};

/// What the server was told about waiting, by stage and ECU, and when it is told again.
using ToldWaits = std::map<std::string, Timestamp>;

/// Takes one job from whatever state it is in to its report: steps E to H. Whatever fails leaves
/// the ECU on its old version, and is reported. Threading: run() on one thread; stop() from any.
class Update {
 public:
  enum class End : std::uint8_t {
    kClosed,
    kTryLater,     ///< somebody cannot be reached, or the vehicle is not fit; after pause()
    kAsks,         ///< the user was asked; after pause(), or when something is answered
    kGathers,      ///< is part of a release; on its own it goes no further
    kInterrupted,  ///< by stop(); goes on when run() is called again, also by another process
  };
  Update(UpdateTools& tools, Member& ecu, Job job);

  End run();
  void stop();
  const Job& job() const { return job_; }
  /// After kTryLater: how long to wait. Longer each time, as long as somebody does not answer.
  std::chrono::milliseconds pause() const;

  // For the release that it is part of (release.h).
  /// nullopt: done. Else it could not be stored, or is to stop.
  std::optional<End> advance(JobState state) { return enter(state); }
  std::optional<End> abandon(std::string stage, std::string reason) {
    return give_up(std::move(stage), std::move(reason));
  }
  /// Verifies the image again and writes it, to be tried and held.
  Result<void> write_held();
  Question question() const;
  void tell_consent(Decision decision, const std::string& by);
  /// Why no ECU may be written or reset now; empty: it may. `window`: the maintenance window
  /// counts, too. From the first reason on patience_over() is asked in the end.
  std::string why_unfit(bool window = true);
  bool patience_over() const;
  /// From now on, if not before; why_unfit() does it by itself.
  void begin_patience();
  /// Verifies an order again that was verified some time ago. Errors: it stands no more, or, if
  /// unreachable(), no server says so and the metadata has expired.
  Result<void> refresh_order();
  bool unreachable() const { return unreachable_; }
  /// Tells the server, which would take the order for lost, until when (m2m:timestamp) it waits for
  /// somebody in the vehicle: once, and later again if that fails.
  void tell_server(ToldWaits& told, const std::string& stage, const std::string& reason,
                   const std::string& until);
  /// That it waits until the vehicle is fit.
  void tell_unfit(const std::string& reason) { tell_wait('G', reason); }
  std::filesystem::path image_file() const;

 private:
  /// nullopt: on to the next state.
  using Step = std::optional<End>;
  Step step();
  Step begin();
  Step fetch();
  Step check();
  Step ask();
  Step wait_until_fit();
  Step flash();
  Result<void> write(bool held);
  bool runs_nothing();
  bool has_expired() const;
  Step wait_for_vehicle(const std::string& reason);
  Step complete();
  Step report_failure();

  Step enter(JobState state);
  Step give_up(std::string stage, std::string reason);
  Result<void> verify_order();
  Step wait_for_server(const char* stage, const std::string& reason);
  Step later();
  void tell_wait(char step, const std::string& reason);
  Result<void> load_image();
  Result<sdk::Downloaded> download();
  Fetch way() const;
  sdk::DownloadSettings tls_settings() const;
  bool rest(std::chrono::milliseconds wait);
  bool runs_already();
  void show(int percent);
  void show(std::uint64_t done, std::uint64_t total);
  Result<void> collect_report();
  Step close(sdk::UpdateStatus status, Value instance);
  bool runs_new() const;
  Result<void> keep_way_back();
  image::Policy image_policy(std::uint64_t least_release_counter) const;

  UpdateTools& tools_;
  Member& ecu_;
  const ImageDelivery delivery_;
  Job job_;
  std::optional<CheckedImage> image_;  ///< verified by this process
  std::atomic<bool> stopping_{false};
  bool cut_done_ = false;
  int shown_percent_ = -1;
  unsigned report_tries_ = 0;
  bool accepted_ = false;     ///< that was told
  bool asked_ = false;        ///< likewise
  bool looked_ = false;       ///< whether the ECU runs the new image already
  bool written_ = false;      ///< by this process: the ECU boots the new image when it is reset
  std::optional<bool> bare_;  ///< the ECU runs nothing but its boot loader, as far as it was asked
  bool reported_ = false;     ///< by this process
  bool late_ = false;         ///< this run() met somebody who does not answer
  bool unreachable_ = false;  ///< it was the OTA server, before the order could be verified
  std::string waits_for_;     ///< as it was told last
  ToldWaits told_server_;
  std::chrono::milliseconds pause_{0};  ///< of the last run() that was late
};

}  // namespace gatehouse::gateway
