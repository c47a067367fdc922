#pragma once
#include <cstddef>

#include "cse/primitive/value.h"

namespace gatehouse {

/// What a content holds in memory, roughly and quickly: for limits of what waits.
std::size_t bytes_of(const Value& content);

}  // namespace gatehouse
