#pragma once
#include <functional>

#include "bindings/query/query_table.h"

namespace gatehouse::query {

/// Appends one value, or one item of a list, escaped as the binding wants it.
using Escape = void (*)(std::string& out, std::string_view text);
/// Takes one parameter: its key as in the tables, its value escaped and lists joined by '+'.
using Put = std::function<void(std::string_view key, std::string_view value)>;

/// All parameters of `request` that travel in a query, in the order of the tables, then the
/// attribute conditions. Source: TS-0009 clause 6.2.2.2, TS-0008 clause 6.2.2.2.
void write_query(const Request& request, Escape escape, const Put& put);

}  // namespace gatehouse::query
