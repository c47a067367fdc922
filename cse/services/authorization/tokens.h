#pragma once
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cse/core/grants.h"
#include "cse/core/resource_reader.h"
#include "cse/core/settings.h"

namespace gatehouse {

/// The claims of a oneM2M JWT whose signature is that of its issuer, by their JWT names (`iss`,
/// `azp`, `aud`, `nbf`, `exp`, `jti`, `tkps` …); an Error for any other. Must not block.
using VerifyToken = std::function<Result<Value>(std::string_view token)>;

/// What the tokens of a request permit: those it brings (`tkns`), and those it names (`tids`) of
/// which a <token> is kept here. Each must be signed by its issuer, be held by the originator, be
/// meant for this CSE (`aud`, absolute CSE-IDs, maybe with '*'; absent: for all) and be valid now.
/// Source: TS-0003 clauses 7.3.2.3 (step 7.1) and 7.3.2.5, table 7.3.2.6.2-1.
/// Errors: kOriginatorHasNoPrivilege: one of them is not so (7.1.4); kNotImplemented: `ltids`, as
/// this CSE assigns none; kBadRequest: too many.
Result<std::vector<TokenPermission>> permissions_of_tokens(const Request& request,
                                                           const std::string& originator,
                                                           const CseSettings& settings,
                                                           ResourceReader& resources,
                                                           const VerifyToken& verify);

/// Is it the identifier of the originator, as stem, SP-relative or absolute?
bool names_originator(const std::string& id, const std::string& originator,
                      const CseSettings& settings);

}  // namespace gatehouse
