#pragma once
#include <map>
#include <string>
#include <vector>

#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::uptane {

/// Who shall sign for a role, and how many of them.
struct RoleSpec {
  std::vector<crypto::PublicKey> keys;
  std::uint64_t threshold = 1;
};
using RoleSpecs = std::map<std::string, RoleSpec, std::less<>>;

/// The members that all metadata has. `type`: "root", "targets" (also of delegated roles) …
Value metadata_head(std::string_view type, std::uint64_t version, Timestamp expires);

/// Errors of all below: kBadRequest if a threshold cannot be met or met by nobody, or a key is
/// there twice.

/// Version 1, with consistent snapshots. `roles`: root, targets, snapshot, timestamp.
Result<Value> make_root(const RoleSpecs& roles, Timestamp expires);
/// Puts other keys in the place of a role's; keys that no role names any more go.
Result<void> set_role(Value& root, std::string_view role, const RoleSpec& spec);

/// A target as the Image repository describes it.
struct TargetSpec {
  std::string name;  ///< path in the repository, "brake/1.4.0.ghfw"
  std::uint64_t length = 0;
  Hashes hashes;
  std::vector<std::string> hardware_ids;
  std::uint64_t release_counter = 0;
  std::string version;  ///< for people
  Value sbom = {};      ///< {"length","sha256"} of the bill of materials (CycloneDX); null: none
  Value forms = {};     ///< other forms for the way (../coding/form.h); null: none
  bool encrypted_only = false;  ///< to nobody in the clear
};
Value make_targets(Timestamp expires);
/// Inserts or replaces.
void set_target(Value& targets, const TargetSpec& target);
/// False: there was none.
bool erase_target(Value& targets, std::string_view name);

/// Who else may speak, and for what.
struct DelegationSpec {
  std::string name;  ///< of the role: letters, digits, '.', '_' and '-'
  RoleSpec keys;
  std::vector<std::string> paths;         ///< at least one
  std::vector<std::string> hardware_ids;  ///< empty: any
  bool terminating = false;
};
/// Inserts or replaces, by the role's name; a new one comes last. Errors besides: kBadRequest for a
/// name that cannot be a file's.
Result<void> set_delegation(Value& targets, const DelegationSpec& delegation);
bool is_role_name(std::string_view name);

/// Takes a key away from all roles of a root or all delegations of targets metadata. Errors:
/// kNotFound if nobody names it; kNotAcceptable if a threshold could not be met any more.
Result<void> revoke_key(Value& content, const std::string& key_id);

/// A file as snapshot and timestamp announce it.
Value file_record(std::string_view text, std::uint64_t version);

}  // namespace gatehouse::uptane
