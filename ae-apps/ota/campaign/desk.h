#pragma once
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "ae-apps/ota/campaign/manager.h"
#include "ae-apps/sdk/ae.h"

namespace gatehouse::campaign {

/// lbl of the container of a campaign that is a record.
inline constexpr const char* kRecordLabel = "fota:campaign-record";

/// The campaigns at the CSE: definitions and commands come from containers there, commands also by
/// <mgmtCmd> (command_objects.h), and all that is known of a campaign is written there, from where
/// a restart takes it up again. Resources: see README.md. Threading: attach() first; work() on one
/// thread; the rest any.
class Desk {
 public:
  using Task = std::function<void(Manager&, Timestamp)>;
  /// Runs the task with the manager locked, and then does what follows from it.
  using Locked = std::function<void(const Task&)>;
  struct Parts {
    Locked locked;
    std::function<void(const std::string&)> say;  ///< to people
    std::function<void()> wake;                   ///< there is something for work() to do
    std::vector<std::string> operators;  ///< create campaigns, command them, set vehicles' labels
    bool shows_ecus = false;             ///< as devices (management_views.h)
  };

  explicit Desk(Parts parts) : parts_(std::move(parts)) {}

  /// Resources, what is stored there, then what came while we were away. Errors: those of the CSE,
  /// and kInternalServerError for a campaign that cannot be read.
  Result<void> attach(sdk::Ae& ae);
  void detach();
  /// Writes what is to be written, for some tenths of a second at most. True: there is more.
  bool work();

 private:
  Result<void> prepare(sdk::Ae& ae);
  Result<void> restore(sdk::Ae& ae);
  Result<void> restore_campaign(sdk::Ae& ae, const std::string& address);
  Result<void> restore_records(sdk::Ae& ae);
  Result<void> watch(sdk::Ae& ae, const std::string& container);
  void take(const std::string& container, const Value& attributes);
  void catch_up(sdk::Ae& ae, const std::string& container);
  void read_labels(sdk::Ae& ae);
  Result<void> perform(const Write& write);
  Result<void> make_campaign(const Write& write);
  Result<void> push(const std::string& container, const std::string& name, const Value& content);
  Result<void> write_vehicle(const Write& write);
  Result<void> write_group(const Write& write);
  Result<void> write_status(const Write& write);
  Result<void> prepare_commands(sdk::Ae& ae);
  Result<void> make_commands(sdk::Ae& ae, const std::string& campaign);
  Verdict judge(const std::string& container, const Value& content, const std::string& by,
                const std::string& name);
  Result<Value> asked(const Request& notification);
  Result<Value> executed(const Request& notification);
  Result<Value> consent(const Value& question);
  Result<void> guard(const std::string& address, const std::string& ecu,
                     const std::string& campaign);
  Result<void> write_ecu(const Write& write);
  Result<void> make_ecu(const Write& write, const std::string& node);
  Result<void> write_software(const Write& write);
  Result<void> write_record(const Write& write);
  void prune_executed();
  std::string known_as(const std::string& originator) const;

  const Parts parts_;
  sdk::Ae* ae_ = nullptr;
  std::string look_policy_, fleet_policy_,
      command_policy_;  ///< addresses; what is made below has its own acpi
  std::vector<sdk::Subscription> subscriptions_;
  std::deque<Write> writes_;  ///< taken from the manager and not there yet; of work() only
  std::chrono::steady_clock::time_point labels_read_{}, next_try_{};
  bool complained_ = false;
  bool without_status_ = false;    ///< the CSE does not know the <flexContainer>
  bool without_commands_ = false;  ///< the CSE does not let us make a <mgmtCmd>
  /// Whose UPDATE the CSE asks us about: an ECU's or a campaign's.
  struct Guarded {
    std::string ecu, campaign;
  };
  std::mutex guarded_mutex_;
  std::map<std::string, Guarded> guarded_;  ///< by identifier and address of the <subscription>
  std::set<std::string> made_;              ///< ECUs and campaigns that are there; of work() only
  bool without_consent_ = false;            ///< the CSE does not ask
  bool without_ecus_ = false;               ///< the CSE does not know [flexNode]
  std::mutex executed_mutex_;
  std::set<std::string> executed_;  ///< <mgmtCmd>s with a new instance; by resource identifier
};

}  // namespace gatehouse::campaign
