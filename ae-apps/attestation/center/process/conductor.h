#pragma once
#include <set>

#include "ae-apps/attestation/center/center.h"
#include "ae-apps/attestation/center/process/archive.h"
#include "ae-apps/attestation/evidence/operation/place.h"
#include "cse/primitive/value.h"

namespace gatehouse::center {

/// How the Conductor reaches others. Each call may fail; then it is made again later.
struct Links {
  /// POST of a question ("challenge", "judge", "enrol", "enrolled") to the verifier. Errors:
  /// kTargetNotReachable (later); others are its refusals.
  std::function<Result<Value>(const std::string& question, const Value& content)> verifier;
  /// Puts a request into the `requests` of the device's support software.
  std::function<Result<void>(const std::string& device, const Value& request)> device;
  /// Has the OTA server look for updates of the device.
  std::function<Result<void>(const std::string& device)> update;
  /// What the OTA server wrote down about an ECU, oldest first.
  std::function<Result<std::vector<Value>>(const std::string& ecu)> history;
  /// Gives the device the rights of a trusted one, or takes them away.
  std::function<Result<void>(const std::string& device, bool trusted)> trust;
  /// For people and other AEs: how it goes.
  std::function<void(const Value& news)> tell;
};

struct ConductorSettings {
  std::function<Timestamp()> clock;
  std::set<std::string> devices;
  crypto::PublicKey verifier_key;
  std::chrono::seconds ask_again{5};        ///< a device that does not answer
  std::chrono::seconds attest_interval{0};  ///< without maintenance; 0: only when it is ordered
};

/// Walks the thirteen steps with every device. What it knows is in the log; what it waits for it
/// asks for again after a restart. Threading: one thread at a time.
class Conductor {
 public:
  /// All outlive it. Errors: as Center::resume.
  static Result<Conductor> resume(Archive& archive, crypto::SigningKey key,
                                  CenterSettings center_settings, ConductorSettings settings,
                                  Links links);

  /// `{"maintain":"car-1","reason":"…"}`, `{"attest":"car-1"}` or `{"tnc":"car-1"}`: the device
  /// shall attest itself by TNC. Errors: kBadRequest, kNotFound, kConflict.
  Result<void> command(const Value& command);
  /// An answer of a device. Errors: why it was refused.
  Result<void> report(const Value& report);
  /// Goes on with whatever waits for others or for time.
  void tick();
  /// Behind which record each open operation goes on, for who may have missed the news of it: who
  /// is killed has perhaps written a record, and told nobody.
  void tell_standing();

 private:
  /// What is not worth remembering: it is asked for again.
  struct Waiting {
    std::string id;  ///< of the request to the device; empty: none
    Timestamp asked;
    std::string challenge;
    bool update_asked = false;
    std::string asked_part;            ///< of whose update the user's answer was asked for
    std::set<std::string> no_consent;  ///< parts of which the device knows no answer of its user
    bool reboots_known = false;        ///< the device has said whether it was started anew
    unsigned attempts = 0;
    std::optional<Timestamp> certified;  ///< when it was tried last
    bool enrolling = false;
    bool periodic = false;
    bool tnc = false;                   ///< the device was told to speak TNC
    std::optional<Timestamp> attested;  ///< when it was asked last without maintenance
    std::optional<bool> trusted;        ///< by the newest verdict
    std::optional<bool> told_trust;     ///< as the CSE was told
    bool trust_untold = false;          ///< it could not be told, which was said
  };

  Conductor(Archive& archive, Center center, ConductorSettings settings, Links links)
      : archive_(&archive),
        center_(std::move(center)),
        settings_(std::move(settings)),
        links_(std::move(links)) {}

  void advance(const std::string& device);
  /// False: nothing more can be done now.
  Result<bool> step(const std::string& device);
  Result<bool> challenge(const std::string& device, const std::string& purpose);
  Result<bool> await_evidence(const std::string& device, const std::string& purpose);
  Result<bool> judge(const std::string& device);
  Result<bool> select(const std::string& device);
  /// How far the update of the parts is, by what the log says.
  struct Progress {
    std::set<std::string> delivered, answered, done;
    std::string failed;  ///< parts, for people
    bool changed = false;
  };
  Progress progress_of(const std::string& device) const;
  Result<bool> follow_update(const std::string& device);
  Result<bool> follow_part(const std::string& device, const std::string& part,
                           const Progress& progress);
  Result<bool> end_update(const std::string& device, const Progress& progress);
  Result<bool> ask_about(const std::string& device, const std::string& part, std::string_view what,
                         Value request = Value::object());
  Result<bool> measure_again(const std::string& device);
  Result<bool> undo(const std::string& device);
  Result<bool> close_failed(const std::string& device);
  Result<bool> ask_for_reboots(const std::string& device);
  Result<bool> confirm(const std::string& device);
  Result<bool> finish(const std::string& device);
  Result<bool> give_up(const std::string& device, const std::string& reason);

  Result<void> ask_device(const std::string& device, const std::string& id, Value request);
  Result<void> begin_enrolment(const std::string& device);
  Result<void> go_on_enrolling(const std::string& device, const Value& report);
  Result<void> begin_tnc(const std::string& device);
  void end_tnc(const std::string& device, const Value& report);
  Result<void> begin_periodic(const std::string& device);
  Result<void> end_periodic(const std::string& device, const Value& report);
  Result<Acknowledged> take(const std::string& device, std::string_view entry);
  Result<Acknowledged> state(const std::string& device, evidence::RecordKind kind,
                             std::map<std::string, std::string> facts);
  /// Of what it waits for; not when it was attested, and whether it is trusted.
  void forget(const std::string& device);
  void attest_by_schedule(const std::string& device);
  void set_trust(const std::string& device, const Value& verdict);
  void tell_trust(const std::string& device);
  void news(const std::string& device, std::string_view event, Value details);

  /// The same for the same place, so that a device that has answered says the same again. The hash
  /// in it keeps a Center with another log apart.
  static std::string request_id(const std::string& device, const evidence::Place& place,
                                std::string_view what);
  evidence::Place next_place(const std::string& device) const;
  /// The newest record of that kind in the open operation.
  std::optional<evidence::Record> newest(const std::string& device,
                                         evidence::RecordKind kind) const;
  std::vector<evidence::Record> all(const std::string& device, evidence::RecordKind kind) const;
  /// What the verifier's verdict in that record says of the device.
  Result<Value> verdict_in(const evidence::Record& record) const;
  /// What the verifier signed about that device.
  Result<Value> verdict_of(const std::string& device, const std::string& jws) const;
  /// Parts that run a superseded version: serial numbers and versions.
  Result<std::map<std::string, std::string>> outdated(const std::string& device) const;

  Archive* archive_;
  Center center_;
  ConductorSettings settings_;
  Links links_;
  std::map<std::string, Waiting> waiting_;
};

}  // namespace gatehouse::center
