#pragma once
#include "bindings/query/query_table.h"
#include "cse/primitive/result.h"

namespace gatehouse::query {

/// How a binding escapes values. Each gives nullopt for a broken escape.
struct ValueSyntax {
  std::optional<std::string> (*text)(std::string_view raw);  ///< of a single value
  std::optional<std::string> (*item)(std::string_view raw);  ///< of an item between '+' of a list
};

/// Reads one `key=raw` into the request; the key is unescaped already. A key that is no parameter
/// is an attribute condition if it looks like a short name (a lower-case letter, then letters and
/// digits, 32 at most; `c.` and `p.` before it for child and parent), else it is refused
/// (kBadRequest naming the key). Source: TS-0009 clause 6.2.2.2, TS-0008 clause 6.2.2.2.
std::optional<Error> take_query_item(Request& request, std::string_view key, std::string_view raw,
                                     const ValueSyntax& syntax);

/// Decimal, all of it.
std::optional<std::int64_t> read_integer(std::string_view text);
/// The non-empty parts, without spaces and tabs around them.
Texts split(std::string_view text, char separator);

}  // namespace gatehouse::query
