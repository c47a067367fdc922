#pragma once
#include <string>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse {

/// The triples of a JSON-LD 1.0 document as N-Triples. Understood: an inline @context (terms,
/// prefixes, @vocab, @type coercion, @language), @id, @type, @graph, @value, @set, nested nodes,
/// lists of values, numbers and booleans. Nothing is loaded. Source: W3C JSON-LD 1.0 clauses 5
/// to 6. Errors: kBadRequest: a context elsewhere, @list, @reverse or @index containers, no
/// absolute IRI where one is needed, more than 100,000 triples.
Result<std::string> triples_of_json_ld(const Value& document, std::string_view blank_prefix);

}  // namespace gatehouse
