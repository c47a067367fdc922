#pragma once
#include <map>
#include <string>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse::ota {

/// What a campaign left at the CSE.
struct R156Sources {
  Value definition;           ///< {"author", "definition"}
  std::vector<Value> states;  ///< oldest first
  std::vector<Value> vehicles;
  std::map<std::string, Result<std::vector<Value>>> histories;  ///< by ECU, as the server wrote
  std::map<std::string, Result<std::vector<Value>>> consents;   ///< by vehicle
};

/// The evidence that UN R156 asks of a software update: who released it and for what, versions
/// before and after, why it fits, what the user was told and answered, and the result, each with
/// the verified reports that prove it. What is not there is named in "gaps", never made up.
Value r156_report(const R156Sources& sources, const std::string& made_at);

/// The same as a page to be printed: no script, nothing from elsewhere.
std::string r156_html(const Value& report);

}  // namespace gatehouse::ota
