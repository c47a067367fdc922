#pragma once
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "ae-apps/ota/campaign/campaign.h"

namespace gatehouse::campaign {

/// Something that is to be written to the CSE. Paths are below the server's <AE>.
struct Write {
  enum class Kind : std::uint8_t {
    kCampaign,  ///< the containers of a campaign, its definition as the first instance, its
                ///< commands
    kInstance,  ///< an instance of the container `path`
    kVehicle,   ///< the same; the container may have to be made first
    kGroup,     ///< a <group> at `path` with `members`
    kStatus,    ///< the <flexContainer> at `path`
    kEcu,       ///< the ECU of the serial number `path` as a device (management_views.h)
    kSoftware,  ///< the campaign `path` as [software], likewise
    kRecord,    ///< the campaign `path` takes no commands any more; what it wrote stays
  };
  Kind kind = Kind::kInstance;
  std::string path;
  std::string name = {};  ///< rn of an instance; empty: the CSE names it
  Value content = {};
  std::vector<std::string> members = {}, labels = {};
};

/// What became of a definition or a command; an instance of campaign-log says it to its author.
struct Verdict {
  bool accepted = false;
  std::string reason;         ///< of a refusal: begins with the member at fault
  std::string campaign = {};  ///< that an order has made
};

/// All campaigns, without I/O. What comes from the CSE goes in, what is to be written comes out, in
/// an order in which a restart at any point goes on well. Threading: one thread at a time.
class Manager {
 public:
  static constexpr std::size_t kMaxCampaigns = 200;  ///< that are not over
  /// That are over and still know their vehicles, for "retry" and late reports. Of more, orders of
  /// updateFirmware and then the oldest become records: their resources stay, their name and their
  /// images stay taken. One whose vehicles have not all answered is kept.
  static constexpr std::size_t kMaxEnded = 200;
  static constexpr std::size_t kVehiclesOfPlan = 200;  ///< in one instance

  /// `updates` outlives it.
  explicit Manager(Updates& updates) : updates_(updates) {}

  Fleet& fleet() { return fleet_; }
  const Fleet& fleet() const { return fleet_; }

  /// One instance of `campaign-definitions`; `instance` is its name, `author` its creator. Whatever
  /// it is: nothing changes unless it is accepted, and the verdict is written down.
  Verdict take_definition(const Value& content, const std::string& author,
                          const std::string& instance, Timestamp now);
  /// One instance of `campaign-commands`.
  Verdict take_command(const Value& content, const std::string& by, const std::string& instance,
                       Timestamp now);
  /// An UPDATE of an ECU's updateFirmware: a campaign of that ECU alone, with `by` as its author,
  /// so somebody else approves. Nothing is made that could not be carried out.
  Verdict take_order(const std::string& serial, const Value& requested, const std::string& by,
                     Timestamp now);
  /// An UPDATE of a campaign's [software].
  Verdict take_software(const std::string& campaign, const Value& requested, const std::string& by,
                        Timestamp now);
  /// From now on ECUs are shown as devices.
  void show_ecus() { shows_ecus_ = true; }
  /// The server has noted something about this ECU, which runs that version.
  void touched(const std::string& serial, const std::string& version, Timestamp now);
  void tick(Timestamp now);

  const Campaign* find(const std::string& name) const;
  std::vector<std::string> names() const;
  /// Images that only campaigns hand out.
  std::set<std::string> images() const;
  /// Labels that filters ask for.
  std::set<std::string> labels() const;

  /// Writes the vehicle's resource, with the labels "ecu:…" and "hw:…".
  void announce(Fleet::Index vehicle) { unannounced_.push_back(vehicle); }
  /// What is to be written next; whoever takes it writes it, in this order.
  std::vector<Write> take_writes(std::size_t most, Timestamp now);

  // After a restart, campaign by campaign, then resume().
  Result<void> restore(const Value& definition, const Value& state,
                       const std::vector<Value>& participants);
  /// One that had become a record. Errors: as restore().
  Result<void> restore_record(const Value& definition);
  void resume(Timestamp now);

  /// "/id-mn" as the name of a resource: "id-mn".
  static std::string resource_name(const std::string& vehicle);

 private:
  struct Entry {
    std::unique_ptr<Campaign> campaign;
    std::vector<std::size_t> grouped;  ///< how many members each stage's group has
    Timestamp counted;                 ///< when the numbers were written last
  };
  Verdict judge_definition(const Value& content, const std::string& author);
  Verdict judge_command(const Value& content, const std::string& by, const std::string& instance,
                        Timestamp now);
  void write_verdict(const std::string& what, const std::string& instance, const std::string& by,
                     const Verdict& verdict, Timestamp now);
  Verdict judge_order(const std::string& serial, const Value& requested, const std::string& by);
  std::string ordered_already(const std::string& serial, const std::string& image) const;
  bool is_taken(const std::string& name) const;
  void retire();
  void keep_record(const Definition& definition);
  std::string taken_group(const Definition& definition) const;
  void keep_groups(const Definition& definition);
  void write_ecu(const std::string& serial);
  void write_software(const Campaign& campaign);
  void write_vehicle(Fleet::Index vehicle);
  void write_fleet(std::size_t most);
  void write_plan(const Campaign& campaign, const std::string& instance);
  void write_state(Campaign& campaign);
  void write_groups(Entry& entry);
  void collect(Entry& entry, std::size_t most, Timestamp now);

  Updates& updates_;
  Fleet fleet_;
  std::map<std::string, Entry> campaigns_;
  std::set<std::string> records_, record_images_;  ///< names and images of campaigns that are gone
  std::map<std::string, std::string> groups_;      ///< campaigns by the names of their groups
  std::deque<Write> writes_;
  std::map<std::string, Value> software_;       ///< as written last, by campaign
  std::map<std::string, std::string> ordered_;  ///< campaigns that orders have made, by ECU
  std::deque<Fleet::Index> unannounced_;
  std::set<std::string> changed_ecus_;  ///< to be shown again
  Fleet::Index next_shown_ = 0;         ///< the vehicle that is to be shown first
  bool shows_ecus_ = false;
};

}  // namespace gatehouse::campaign
