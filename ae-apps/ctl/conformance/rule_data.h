#pragma once
#include <string_view>
#include <vector>

namespace gatehouse::conformance {

/// The files of rules/, put into the program by CMake.
std::vector<std::string_view> rule_files();

}  // namespace gatehouse::conformance
