#pragma once
#include <string>
#include <utility>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse::oem {

/// Runs a program of the PATH to its end, without a shell, with these variables added to its
/// environment. Its output is shown only when it fails. Errors: kNotFound if there is no such
/// program; kInternalServerError with the end of its output.
Result<void> run_program(const std::vector<std::string>& command,
                         const std::vector<std::pair<std::string, std::string>>& variables);

}  // namespace gatehouse::oem
