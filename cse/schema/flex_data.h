#pragma once
#include <string_view>

namespace gatehouse {

/// data/flexcontainers.txt, put into the program by CMake.
extern const std::string_view kFlexContainerData;

}  // namespace gatehouse
