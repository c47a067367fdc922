#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse {

/// m2m:semanticFormat, as far as it can be read here; the others (functional style, OWL/XML,
/// Manchester) are kept as they come.
enum class RdfFormat { kRdfXml = 4, kTurtle = 5, kJsonLd = 7 };

/// The triples of a text, one N-Triples line each; blank nodes get `blank_prefix`, so that texts
/// can be joined. Reads nothing but the text: no network, no files, no external entities. Errors:
/// kBadRequest with the parser's words and line; more than 100,000 triples.
Result<std::string> triples_of(RdfFormat format, const std::string& text,
                               std::string_view blank_prefix = "");

/// A SPARQL SELECT or ASK over triples. The library is Rasqal (SPARQL 1.1 query); a query that
/// names data of its own (FROM, SERVICE) is refused, so it can make this node read nothing else.
/// Threading: one thread at a time per object; objects are independent.
class SparqlQuery {
 public:
  static constexpr std::size_t kMaxBytes = 20'000, kMaxRows = 10'000;

  /// Errors: kInvalidSparqlQuery (4143).
  static Result<SparqlQuery> parse(std::string text);

  /// Is there a solution (SELECT), or is the answer yes (ASK)? `triples`: N-Triples.
  Result<bool> has_solution(const std::string& triples) const;
  /// The solutions in the SPARQL Query Results XML format, up to kMaxRows.
  Result<std::string> solutions(const std::string& triples) const;

 private:
  explicit SparqlQuery(std::string text) : text_(std::move(text)) {}
  std::string text_;
};

/// Is the text a SPARQL update request (INSERT, DELETE)? Errors: kInvalidSparqlQuery.
Result<void> check_sparql_update(const std::string& text);

}  // namespace gatehouse
