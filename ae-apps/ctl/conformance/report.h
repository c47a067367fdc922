#pragma once
#include <span>
#include <string>

#include "ae-apps/ctl/conformance/runner.h"

namespace gatehouse::conformance {

/// A line for each rule that failed, then the counts of each group: for a terminal.
std::string to_text(std::span<const Outcome> outcomes);
/// {"passed":n,"failed":n,"rules":[{"id":…,"group":…,"clause":…,"rule":…,"passed":…,"detail":…}]}
Value to_value(std::span<const Outcome> outcomes);
/// One page with all rules: clause, rule, result. `title` names the CSE.
std::string to_html(std::span<const Outcome> outcomes, const std::string& title);

}  // namespace gatehouse::conformance
