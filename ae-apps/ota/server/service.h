#pragma once
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "ae-apps/ota/campaign/desk.h"
#include "ae-apps/ota/program/step_log.h"
#include "ae-apps/ota/server/campaign_port.h"
#include "ae-apps/ota/server/director.h"
#include "ae-apps/ota/server/repositories.h"
#include "ae-apps/sdk/ae.h"

namespace gatehouse::ota_server {

/// The Director at work, and the campaigns with it: takes what the CSE and the image store tell,
/// stores every change before anything follows from it, and sends what is pending until it has
/// arrived. Threading: any thread; tick() on one.
class Service {
 public:
  using Clock = std::function<Timestamp()>;
  /// Called when there is something for tick() to do.
  using Wake = std::function<void()>;
  struct Parts {
    crypto::Random& random;
    ota::StepLog& log;
    Clock clock;
    Wake wake = [] {};
    /// Where orders are issued before they are sent; nullptr: images say their targets themselves.
    Repositories* repositories = nullptr;
  };

  /// Takes up the state of the folder. Everything given by reference outlives it. Errors:
  /// kInternalServerError (disk); a file of the state that cannot be read is an error too, since
  /// going on without it would forget which nonces were used.
  static Result<std::unique_ptr<Service>> open(const ServerSettings& settings, Parts parts,
                                               std::vector<ImageFacts> images);

  /// Policies, containers and subscriptions; then all instances that came while we were away.
  /// `ae` outlives the service or its detach(). Errors are those of the CSE.
  Result<void> attach(sdk::Ae& ae);
  void detach();

  void image_uploaded(const ImageFacts& image);
  /// The Image repository describes other images now.
  void targets_changed();
  /// Sends what is pending, as far as it is time to try; lets things grow old.
  void tick();

 private:
  struct Attempt {
    Timestamp next;
    std::chrono::seconds pause;
  };
  Service(const ServerSettings& settings, Parts parts);
  Result<void> restore();
  Result<void> store(const Director::Changes& changes);
  void change(const std::function<void(Timestamp)>& how);
  void flush();
  void follow(Timestamp now);
  void fill_fleet();
  Result<void> prepare(sdk::Ae& ae);
  void take(const std::string& container, const Value& attributes);
  Result<void> catch_up(sdk::Ae& ae, const std::string& container);
  Result<void> send(const Outgoing& what);
  Result<void> send_history(const Outgoing& what);
  Result<void> issue_orders(const std::string& vehicle);
  void renew_orders();
  std::vector<Outgoing> due();

  const ServerSettings& settings_;
  const Parts parts_;
  std::mutex mutex_;  ///< of the director and of what is stored
  Director director_;
  CampaignPort port_;
  campaign::Manager campaigns_;
  campaign::Desk desk_;                      ///< locks by itself
  bool stored_ = true;                       ///< nothing is sent while this is false
  std::map<std::string, Attempt> attempts_;  ///< failed ones, by Outgoing::key; of tick() only
  sdk::Ae* ae_ = nullptr;                    ///< of tick() only
  std::vector<sdk::Subscription> subscriptions_;
};

}  // namespace gatehouse::ota_server
