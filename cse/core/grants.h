#pragma once
#include <string>
#include <vector>

#include "cse/primitive/value.h"

namespace gatehouse {

/// One permission of a verified token. Source: TS-0001 clause 9.6.39 (tokenPermissions), TS-0003
/// clause 7.3.2.5.
struct TokenPermission {
  std::vector<std::string> resources;  ///< it is for these only; empty: for any (roles only)
  Value privileges;                    ///< m2m:setOfAcrs; null: none
  std::vector<std::string> roles;
};

/// What access control may count besides the originator's identity: roles that were proven to be
/// the originator's, and the permissions of tokens that were verified for this request.
/// Source: TS-0003 clauses 7.3.2.5 and 7.4.3.
struct Grants {
  std::vector<std::string> roles;
  std::vector<TokenPermission> permissions;
};

}  // namespace gatehouse
