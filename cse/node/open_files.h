#pragma once
#include "cse/node/settings.h"

namespace gatehouse::node {

/// Files that a node with these settings may have open: its connections, and some for the rest.
std::size_t files_needed(const NodeSettings& settings);

/// Every connection is an open file, and most systems start a program with 1,024 of them: raises
/// the limit as far as it is needed and allowed, and warns where that is not enough.
void raise_open_files(const NodeSettings& settings);

}  // namespace gatehouse::node
