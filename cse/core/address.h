#pragma once
#include <string>
#include <vector>

#include "cse/core/resource_reader.h"
#include "cse/core/settings.h"

namespace gatehouse {

/// The identifier of the CSEBase resource: the CSE-ID without its slash.
ResourceId csebase_id(const CseSettings& settings);

/// "//sp.example" of an absolute identifier; empty for any other. Source: TS-0004 clause 6.2.
std::string provider_of(const std::string& identifier);

/// The identifier of the <remoteCSE> that stands for the IN-CSE of another service provider.
ResourceId provider_csr_id(const std::string& sp_id);

/// Does the address name this CSE (CSE-relative, or with its CSE-ID and, if given, its SP-ID)?
bool is_local(const Address& address, const CseSettings& settings);

/// The resource behind any form of address of this CSE; null if it is elsewhere, virtual or absent.
/// Errors: the store's only; a malformed address is absent.
Result<ResourcePtr> find_local(const std::string& address, const CseSettings& settings,
                               ResourceReader& resources);

/// What a `to` of this CSE leads to.
struct Target {
  ResourcePtr resource;  ///< null: nothing there
  std::string
      virtual_name;  ///< "la", "fopt" … if the path goes on into a virtual child of `resource`
  std::vector<std::string> rest;  ///< what follows the virtual name
};

/// Walks the segments. `is_virtual(type, name)` says which names are virtual children.
Result<Target> resolve(const Address& address, const CseSettings& settings,
                       ResourceReader& resources, const class Behaviours& behaviours);

/// SP-relative form of an identifier of this CSE: "CAE1" gives "/id-in/CAE1", "/id-in/x" stays.
std::string to_sp_relative(const std::string& id, const CseSettings& settings);

}  // namespace gatehouse
