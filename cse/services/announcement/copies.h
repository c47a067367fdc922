#pragma once
#include <map>
#include <string>
#include <vector>

#include "cse/core/resource.h"
#include "cse/core/settings.h"

namespace gatehouse::announcement {

/// One announced copy of an original.
struct Copy {
  std::string address;                      ///< SP-relative: "/id-in/nod0a1b…"
  bool below_parent = false;                ///< a child of the copy of the original's parent
  std::map<std::string, std::string> sent;  ///< attribute to fingerprint of what the copy has
};

/// What the CSE remembers with an original, in its internal part: what was asked for ("/id-in" or
/// the address of a parent) to what is there. `{"annc":{"/id-in":{"a":"/id-in/nod1","b":true,
/// "s":{"lbl":"9f…"}}}}`.
class Copies {
 public:
  static Copies of(const Resource& original);
  static bool any(const Resource& original);

  /// By what was asked for or by the address of the copy; end() if there is none.
  const std::pair<const std::string, Copy>* find(const std::string& target_or_address) const;
  void set(const std::string& target, Copy copy) { copies_[target] = std::move(copy); }
  Copy* of_target(const std::string& target);
  void erase(const std::string& target) { copies_.erase(target); }
  const std::map<std::string, Copy>& all() const { return copies_; }
  /// `internal` with these copies instead of those it has.
  Value written_into(Value internal) const;

 private:
  std::map<std::string, Copy> copies_;
};

/// What has to be done so that the copies are as the original says.
struct Step {
  enum class Kind { kCreate, kUpdate, kDelete };
  Kind kind;
  std::string target;   ///< an entry of `at`: a CSE-ID or the address of a parent
  std::string address;  ///< of the copy; empty for kCreate
  Value attributes;     ///< kCreate: all of them; kUpdate: changed ones, null for those that went
};

/// Nothing if all is well. Deletions come first. A change of `acpi` is a step of its own (TS-0001
/// clause 9.6.1.3.2: alone in its UPDATE), after the one for the other attributes.
std::vector<Step> pending_steps(const Resource& original, const CseSettings& settings);

/// lnk, et, acpi, lbl, … of a copy: every MA attribute and the OA attributes named in `aa`, with
/// identifiers that the other CSE can resolve. Source: TS-0001 clause 9.6.26.1.
Value announced_attributes(const Resource& original, const CseSettings& settings);

/// Short and the same in every run: what an attribute was when it was sent.
std::map<std::string, std::string> fingerprints(const Value& attributes);

/// `at` as it is kept: SP-relative, without this CSE and duplicates; a CSE-ID for which there is a
/// copy becomes the copy's address.
std::vector<std::string> normalised_targets(const Resource& original, const CseSettings& settings);
/// `aa` as it is kept: the OA attributes of the type, each once.
std::vector<std::string> normalised_names(const Resource& original);

/// "/id-in" of "/id-in/cse-in/x".
std::string cse_of(const std::string& address);
/// The SP-relative address of an original: its copies' link.
std::string link_of(const Resource& original, const CseSettings& settings);
Value list_of_strings(const std::vector<std::string>& texts);

}  // namespace gatehouse::announcement
