#pragma once
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cse/schema/schema.h"

namespace gatehouse {

/// What a repair may need to know of this CSE.
struct DialectFacts {
  std::string cse_id;         ///< "/id-in"
  std::string csebase_name;   ///< "cse-in"
  std::string sp_id;          ///< "//gatehouse.example"
  std::string administrator;  ///< "CAdmin"
  std::vector<std::string> release_versions = {"2a", "3", "4"};
  /// What an originator of another form stands for: "admin:admin" is "CAdmin".
  std::map<std::string, std::string> originators;
  const Schemas* schemas = nullptr;              ///< outlives this
  std::function<std::string()> make_identifier;  ///< of a request without one
};

/// Makes a request that departs from the standard in one way what the standard wants. False: it
/// does not depart so. `refusal` is what a strict node has answered, null if none has: then a
/// repair of something else than that is none.
using Repair = bool (*)(Request& request, const DialectFacts& facts, const Error* refusal);

/// Parameters of the request.
namespace repair {
bool mapped_originator(Request& request, const DialectFacts& facts, const Error* refusal);
bool release_version(Request& request, const DialectFacts& facts, const Error* refusal);
bool request_id(Request& request, const DialectFacts& facts, const Error* refusal);
bool type_outside_create(Request& request, const DialectFacts& facts, const Error* refusal);
bool address_without_cse_id(Request& request, const DialectFacts& facts, const Error* refusal);
bool cse_id_as_base(Request& request, const DialectFacts& facts, const Error* refusal);
bool administrators_ae(Request& request, const DialectFacts& facts, const Error* refusal);

/// Its content.
bool scalars(Request& request, const DialectFacts& facts, const Error* refusal);
bool ae_releases(Request& request, const DialectFacts& facts, const Error* refusal);
bool api_prefix(Request& request, const DialectFacts& facts, const Error* refusal);
bool sub_criteria(Request& request, const DialectFacts& facts, const Error* refusal);
bool content_type(Request& request, const DialectFacts& facts, const Error* refusal);
bool acme_monitor(Request& request, const DialectFacts& facts, const Error* refusal);
bool nested_content_type(Request& request, const DialectFacts& facts, const Error* refusal);
bool fractional_times(Request& request, const DialectFacts& facts, const Error* refusal);
bool later_release(Request& request, const DialectFacts& facts, const Error* refusal);
}  // namespace repair

/// What other CSEs refuse and the standard does not.
namespace objection {
std::optional<Error> whole_coordinates(const Request& request);
}  // namespace objection

/// A plain RETRIEVE of the CSEBase.
bool is_look_at_csebase(const Request& request, const DialectFacts& facts);

}  // namespace gatehouse
