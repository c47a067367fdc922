#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cse/schema/flex_containers.h"

namespace gatehouse::node {

/// The specialisations of <flexContainer> of the standard and of users' files (their format:
/// parse_flex_definitions). Errors: kBadRequest with file, line and rule: "lamps.json:3:
/// my:lamp/mode: is the name of another attribute".
Result<std::shared_ptr<const FlexContainers>> read_flex_files(
    const std::vector<std::string>& files);

}  // namespace gatehouse::node
