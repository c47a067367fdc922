#pragma once
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ae-apps/ota/campaign/definition.h"
#include "ae-apps/ota/crypto/random.h"
#include "ae-apps/ota/image/requirements.h"
#include "ae-apps/ota/server/record.h"
#include "ae-apps/ota/server/report_message.h"
#include "ae-apps/ota/server/settings.h"

namespace gatehouse::ota_server {

/// A line for stdout: `STEP <letter> event=<event> name=value …`.
struct StepLine {
  char letter;
  std::string event;
  std::vector<std::pair<std::string, std::string>> fields;
};

/// Something that has to reach a CSE, again and again until delivered() is called.
struct Outgoing {
  enum class Kind : std::uint8_t { kInquiry, kOffer, kHistory };
  Kind kind;
  std::string key;           ///< unique among all that is pending
  std::string to;            ///< container (kInquiry, kHistory) or [firmware] (kOffer)
  std::string serial;        ///< kOffer, kHistory
  std::uint64_t number = 0;  ///< kHistory
  Value content;             ///< con, or the attributes to update
};

/// Why a campaign on these terms leaves the ECU out; empty: it does not.
std::string objection(const campaign::Terms& terms, const Ecu& ecu);

/// All that the server decides, without doing any of it: which question to ask, which report to
/// believe, which image to offer, when an update is done. Time comes with each call, randomness
/// through Random; what must be stored (take_changes) and sent (pending) is handed out as data. So
/// whoever stores first and sends then can stop at any point and go on later. Threading: one thread
/// at a time.
class Director {
 public:
  static constexpr std::size_t kMaxInquiries = 256;
  static constexpr std::size_t kMaxUnsentHistory = 1'000;  ///< of an ECU; the oldest fall off
  static constexpr std::size_t kMaxFailedImages = 64;      ///< remembered for an ECU
  static constexpr unsigned kMaxRenewals = 3;

  /// `random` outlives it.
  Director(Rules rules, std::vector<Vehicle> vehicles, crypto::Random& random);

  // What happens.
  /// The images of the store at the start; nothing follows from them.
  void set_images(std::vector<ImageFacts> images) { images_ = std::move(images); }
  /// A new image: every vehicle with an ECU for it is asked what that runs.
  void add_image(const ImageFacts& image, Timestamp now);
  /// What the Image repository describes: names of targets by the SHA-256 of the image. Vehicles
  /// are asked about what is newly described.
  void set_targets(const std::map<std::string, std::string>& by_sha256, Timestamp now);
  void take_command(const Value& content, Timestamp now);
  void take_report(const Value& content, Timestamp now);
  /// Inquiries and offers grow old; vehicles are asked by schedule.
  void tick(Timestamp now);

  // What is to be done.
  std::vector<Outgoing> pending() const;
  /// What a vehicle shall install now: all its open offers, as (serial number, hardware id, image).
  struct Order {
    std::string serial, hardware_id, image, release;
  };
  std::vector<Order> orders_of(const std::string& vehicle) const;
  std::set<std::string> vehicles_with_orders() const;
  /// Of the ECU; empty: no such ECU.
  std::string vehicle_of(const std::string& serial) const;
  /// Address of its <node>; empty: no such ECU.
  std::string node_of(const std::string& serial) const;
  /// Just before it is sent. False: it is not to be sent any more.
  bool begin_sending(const Outgoing& what);
  /// The CSE has taken it.
  void delivered(const Outgoing& what);
  std::vector<StepLine> take_steps() { return std::exchange(steps_, {}); }

  // What campaigns see and do (campaign_port.h).
  struct Facts {
    const Ecu* ecu;
    const EcuRecord* record;
  };
  std::optional<Facts> facts_of(const std::string& serial) const;
  const ImageFacts* image(const std::string& sha256) const;
  /// What its manifest requires of the ECU's vehicle, as that is after the update (of the whole
  /// release, if it is part of one), and verified reports do not show. nullopt: nothing is missing.
  std::optional<image::Unmet> unmet(const std::string& serial, const ImageFacts& what) const;
  /// Why it was not offered; empty: it is, with all others of its release if it is part of one.
  std::string order(const std::string& serial, const std::string& image,
                    const campaign::Terms& terms, Timestamp now);
  /// Unless the vehicle is being asked just now.
  void ask_vehicle(const std::string& cse_id, Timestamp now);
  /// Takes back an offer of this image that nobody has begun to send. False: there is none.
  bool withdraw(const std::string& serial, const std::string& image, Timestamp now);
  /// The image may be tried again.
  void forgive(const std::string& serial, const std::string& image);
  /// Images that are not offered unless somebody orders it.
  void hold_images(const std::set<std::string>& sha256);
  /// Serial numbers of ECUs of which something was noted.
  std::set<std::string> take_touched() { return std::exchange(touched_, {}); }

  // What is to be stored.
  struct Changes {
    bool exchange = false;
    std::set<std::string> ecus;  ///< serial numbers
    bool none() const { return !exchange && ecus.empty(); }
  };
  Changes take_changes() { return std::exchange(changes_, {}); }
  void put_back(const Changes& changes);          ///< they could not be stored
  Value exchange() const;                         ///< inquiries and what was processed
  Value record(const std::string& serial) const;  ///< null: no such ECU
  /// Errors: kBadRequest for what the above would not give.
  Result<void> restore_exchange(const Value& stored);
  Result<void> restore_record(const std::string& serial, const Value& stored);

  /// Instances by name, so that none is processed twice after a restart. False: it was, already.
  bool first_time(const std::string& instance);
  const std::vector<Vehicle>& vehicles() const { return vehicles_; }

 private:
  struct Known {
    const Vehicle* vehicle;
    const Ecu* ecu;
    EcuRecord record;
  };
  using Fields = std::vector<std::pair<std::string, std::string>>;

  void ask(const Vehicle& vehicle, std::vector<std::string> ecus, bool whole, unsigned renewed,
           Timestamp now);
  const Vehicle* find_vehicle(const std::string& cse_id) const;
  Known* find_ecu(const std::string& serial);
  Known* find_ecu_of(const ReportMessage& message, const std::string& serial, Timestamp now);
  Inquiry* find_inquiry(const std::string& id);
  bool has_live_inquiry(const std::string& vehicle, Timestamp now) const;

  void take_ask(const Command& command, Timestamp now);
  void take_offer(const Command& command, Timestamp now);
  void take_inventory(const ReportMessage& message, Timestamp now);
  void take_inventory_entry(const ReportMessage& message, const ReportEntry& entry, Timestamp now);
  void take_offline(const ReportMessage& message, const Vehicle& vehicle, Timestamp now);
  void take_delay(const ReportMessage& message, Timestamp now);
  void take_outcome(const ReportMessage& message, Timestamp now);
  Known* owner_of_offer(const ReportMessage& message, Timestamp now);
  void judge(Known& known, const ReportMessage& message, const image::VersionReport& report,
             Timestamp now);
  void fail_offer(Known& known, std::string reason, const Value& details, Timestamp now,
                  bool nonce_stays = false);
  void renew(const Inquiry& late, Timestamp now);

  Result<image::VersionReport> verify(const Known& known, const ReportEntry& entry,
                                      const std::string& nonce) const;
  void notice(Known& known, const Disturbances& told, Timestamp now);
  static std::string surprise(const EcuRecord& record, const image::VersionReport& report);
  std::string believe(Known& known, const image::VersionReport& report, Timestamp now);
  void consider(Known& known, Timestamp now);
  std::string order(Known& known, const std::string& image, bool force, Timestamp now);
  void offer(Known& known, const ImageFacts& image, bool forced, Timestamp now,
             const std::string& release = {});
  std::string offer_release(const Vehicle& vehicle, const image::ReleaseRequirement& release,
                            const campaign::Terms& terms, Timestamp now);
  void reject(Known* known, char letter, const std::string& ecu, const std::string& reason,
              Timestamp now);
  void note(Known& known, std::string_view event, Value details, Timestamp now);
  void step(char letter, std::string event, Fields fields);
  void close_offer(Known& known);
  void follow(const Known& known);

  Rules rules_;
  std::vector<Vehicle> vehicles_;
  crypto::Random& random_;
  std::vector<ImageFacts> images_;
  std::map<std::string, Known> ecus_;  ///< by serial number
  std::map<std::string, const Vehicle*> by_id_;
  std::set<std::string> busy_;      ///< ECUs with an open offer or unsent history
  std::set<std::string> touched_;   ///< for take_touched()
  std::vector<Inquiry> inquiries_;  ///< oldest first
  std::uint64_t next_inquiry_ = 1;
  std::map<std::string, Timestamp> asked_;  ///< vehicles, and when last; if there is an interval
  std::vector<std::string> processed_;      ///< instances, the newest last
  std::vector<StepLine> steps_;
  Changes changes_;
};

}  // namespace gatehouse::ota_server
