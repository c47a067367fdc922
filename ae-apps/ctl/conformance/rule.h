#pragma once
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "cse/primitive/request.h"
#include "cse/primitive/result.h"

namespace gatehouse::conformance {

/// What must hold for the value at `path` of an answer's content ("m2m:cnt/cni", "m2m:uril/0").
struct Expectation {
  std::string path;
  /// A literal, or an object with one condition: {"is":"absent"}, {"contains":…}, {"size":n},
  /// {"not":…}. "is" takes absent, present, string, integer, list, object, timestamp.
  Value wanted;
};

/// One request of a rule and what its answer must be.
struct Step {
  Value primitive;               ///< short names of TS-0004 table 8.2.2-1; may hold ${variables}
  std::vector<int> codes;        ///< response status codes that the standard allows here
  std::vector<Expectation> has;  ///< of the answer's content
  std::map<std::string, std::string> keep;  ///< variable to the path of its text in this answer
};

/// One sentence of the standard, and requests that show whether a CSE follows it. Each rule runs
/// below an <AE> of its own: ${ae} is its structured address, ${ae_id} its AE-ID, ${stranger} the
/// AE-ID of another, ${admin} the originator with all rights, ${base} the CSEBase's name.
struct Rule {
  std::string group;
  std::string identifier;  ///< "CNT-03"
  std::string clause;      ///< "TS-0004 7.4.6.2.1"
  std::string text;
  std::vector<Step> steps;
};

/// {"group":"container","rules":[{"id":…,"clause":…,"rule":…,"steps":[{"rqp":{…},"rsc":2001,
/// "has":{…},"keep":{…}}]}]}. Errors: kBadRequest that names the rule and the member at fault.
Result<std::vector<Rule>> parse_rules(std::string_view json);

/// All rules of this program, by group.
const std::vector<Rule>& all_rules();

}  // namespace gatehouse::conformance
