#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ae-apps/ota/campaign/definition.h"

namespace gatehouse::campaign {

/// All vehicles with their ECUs and labels, in memory, made for filters over very many of them:
/// words are numbers, so that a filter is a walk over numbers. Threading: one thread at a time.
class Fleet {
 public:
  using Index = std::uint32_t;  ///< of a vehicle; never changes, nothing is ever taken out

  struct Ecu {
    std::string serial;
    std::uint32_t hardware = 0, version = 0;  ///< words
  };
  struct Vehicle {
    std::string id;  ///< "/id-mn"
    std::vector<Ecu> ecus;
    std::vector<std::uint32_t> labels;  ///< words, sorted
  };

  /// A vehicle that is there already stays as it is.
  Index add(const std::string& id);
  /// Serial numbers are unique over all vehicles; one that is there already stays where it is.
  void add_ecu(Index vehicle, const std::string& serial, const std::string& hardware_id);
  /// As a verified report says.
  void set_version(const std::string& serial, const std::string& version);
  /// Exactly these vehicles have the label now.
  void set_label(const std::string& label, const std::vector<std::string>& vehicles);

  std::size_t size() const { return vehicles_.size(); }
  const Vehicle& at(Index vehicle) const { return vehicles_[vehicle]; }
  const Vehicle* find(const std::string& id) const;
  Index index_of(const Vehicle& vehicle) const {
    return static_cast<Index>(&vehicle - vehicles_.data());
  }
  bool has_label(const std::string& label) const;  ///< some vehicle
  const Vehicle* owner_of(const std::string& serial) const;
  const std::string& word(std::uint32_t number) const { return words_[number]; }
  /// Grows whenever this filter may find something else.
  std::uint64_t revision(const Filter& filter) const {
    return revision_ + (filter.versions.empty() ? 0 : version_revision_);
  }

  /// Vehicles that fit, in the order in which they were added. `hardware`: one ECU of one of these
  /// kinds at least, and of these each runs one of filter.versions; empty: any.
  std::vector<Index> select(const Filter& filter, const std::vector<std::string>& hardware) const;
  /// Why the vehicle does not fit; empty: it does.
  std::string objection(Index vehicle, const Filter& filter,
                        const std::vector<std::string>& hardware) const;

 private:
  struct Compiled;
  Compiled compile(const Filter& filter, const std::vector<std::string>& hardware) const;
  bool fits(const Vehicle& vehicle, const Compiled& filter) const;
  std::uint32_t intern(const std::string& word);
  std::uint32_t number_of(const std::string& word) const;  ///< kUnknown: nobody has used it

  std::vector<Vehicle> vehicles_;
  std::unordered_map<std::string, Index> by_id_;
  std::unordered_map<std::string, std::pair<Index, std::uint32_t>> by_serial_;
  std::vector<std::string> words_;
  std::unordered_map<std::string, std::uint32_t> numbers_;
  std::uint64_t revision_ = 0, version_revision_ = 0;
};

}  // namespace gatehouse::campaign
