#include "cse/services/semantics/rdf.h"

#include <raptor2.h>
#include <rasqal.h>

#include <cstdlib>
#include <memory>

#include "cse/codec/json.h"
#include "cse/services/semantics/json_ld.h"

// The only file that sees Raptor and Rasqal. Their worlds are not shared: one is made for each
// piece of work, which costs about a millisecond and needs no lock.

namespace gatehouse {
namespace {

constexpr std::size_t kMaxTriples = 100'000;
constexpr const char* kBase = "urn:gatehouse:descriptor";

template <class T, void (*kFree)(T*)>
struct Freed {
  void operator()(T* object) const { kFree(object); }
};
template <class T, void (*kFree)(T*)>
using Owned = std::unique_ptr<T, Freed<T, kFree>>;

const unsigned char* bytes(const std::string& text) {
  return reinterpret_cast<const unsigned char*>(text.c_str());
}

/// Keeps the first complaint of a library.
void remember_error(void* user_data, raptor_log_message* message) {
  auto& first = *static_cast<std::string*>(user_data);
  if (message->level < RAPTOR_LOG_LEVEL_ERROR || !first.empty()) return;
  first = message->text ? message->text : "an error";
  if (message->locator && message->locator->line > 0)
    first += " (line " + std::to_string(message->locator->line) + ")";
}

/// Gathers statements as N-Triples.
struct Gathering {
  std::string lines;
  std::string_view blank_prefix;
  std::size_t count = 0;
  raptor_parser* parser = nullptr;

  void add(raptor_term* term) {
    if (term->type == RAPTOR_TERM_TYPE_BLANK) {
      lines.append("_:b").append(blank_prefix);
      lines.append(reinterpret_cast<const char*>(term->value.blank.string));
      return;
    }
    unsigned char* text = raptor_term_to_string(term);
    if (!text) return;
    lines.append(reinterpret_cast<const char*>(text));
    raptor_free_memory(text);
  }
  static void statement(void* user_data, raptor_statement* statement) {
    auto& self = *static_cast<Gathering*>(user_data);
    if (++self.count > kMaxTriples) return raptor_parser_parse_abort(self.parser);
    self.add(statement->subject);
    self.lines += ' ';
    self.add(statement->predicate);
    self.lines += ' ';
    self.add(statement->object);
    self.lines += " .\n";
  }
};

using RaptorWorld = Owned<raptor_world, raptor_free_world>;
using RaptorUri = Owned<raptor_uri, raptor_free_uri>;
using Parser = Owned<raptor_parser, raptor_free_parser>;
using RasqalWorld = Owned<rasqal_world, rasqal_free_world>;
using Stream = Owned<raptor_iostream, raptor_free_iostream>;
using Query = Owned<rasqal_query, rasqal_free_query>;
using Results = Owned<rasqal_query_results, rasqal_free_query_results>;
using Formatter = Owned<rasqal_query_results_formatter, rasqal_free_query_results_formatter>;

/// A query that has been prepared, with the world that it lives in.
struct Prepared {
  std::string complaint;
  RasqalWorld world;
  Stream triples;  // read by the query, and not freed by it
  Query query;
};

int refuse_service(rasqal_query*, rasqal_graph_pattern* pattern, void* user_data) {
  if (rasqal_graph_pattern_get_operator(pattern) == RASQAL_GRAPH_PATTERN_OPERATOR_SERVICE)
    *static_cast<bool*>(user_data) = true;
  return 0;
}

Result<std::unique_ptr<Prepared>> prepare(const std::string& text, const char* language) {
  auto prepared = std::make_unique<Prepared>();
  const auto refused = [&prepared](const std::string& why) {
    return fail(Rsc::kInvalidSparqlQuery, prepared->complaint.empty() ? why : prepared->complaint);
  };
  if (text.empty() || text.size() > SparqlQuery::kMaxBytes) {
    return refused("is empty or longer than " + std::to_string(SparqlQuery::kMaxBytes) + " bytes");
  }
  prepared->world.reset(rasqal_new_world());
  if (!prepared->world || rasqal_world_open(prepared->world.get()))
    return fail(Rsc::kInternalServerError, "the query library cannot be opened");
  rasqal_world_set_log_handler(prepared->world.get(), &prepared->complaint, remember_error);
  prepared->query.reset(rasqal_new_query(prepared->world.get(), language, nullptr));
  if (!prepared->query || rasqal_query_prepare(prepared->query.get(), bytes(text), nullptr))
    return refused("is no SPARQL");
  return prepared;
}

Result<std::unique_ptr<Prepared>> prepare_query(const std::string& text) {
  auto prepared = prepare(text, "sparql11-query");
  if (!prepared) return prepared;
  rasqal_query* query = (*prepared)->query.get();
  const rasqal_query_verb verb = rasqal_query_get_verb(query);
  if (verb != RASQAL_QUERY_VERB_SELECT && verb != RASQAL_QUERY_VERB_ASK)
    return fail(Rsc::kInvalidSparqlQuery, "must be a SELECT or ASK query");
  bool asks_service = false;
  rasqal_query_graph_pattern_visit2(query, refuse_service, &asks_service);
  if (asks_service || rasqal_query_get_data_graph(query, 0))
    return fail(Rsc::kInvalidSparqlQuery, "FROM and SERVICE are not allowed");
  const int limit = rasqal_query_get_limit(query);
  if (verb == RASQAL_QUERY_VERB_SELECT &&
      (limit < 0 || limit > static_cast<int>(SparqlQuery::kMaxRows)))
    rasqal_query_set_limit(query, static_cast<int>(SparqlQuery::kMaxRows));
  return prepared;
}

/// Runs a query over triples; the results live no longer than `prepared`.
Result<Results> execute(Prepared& prepared, const std::string& triples) {
  raptor_world* raptor = rasqal_world_get_raptor(prepared.world.get());
  const RaptorUri base(raptor_new_uri(raptor, reinterpret_cast<const unsigned char*>(kBase)));
  // The library reads the stream when the query is executed, and does not change it.
  prepared.triples.reset(
      raptor_new_iostream_from_string(raptor, const_cast<char*>(triples.data()), triples.size()));
  rasqal_data_graph* graph =
      prepared.triples ? rasqal_new_data_graph_from_iostream(
                             prepared.world.get(), prepared.triples.get(), base.get(), nullptr,
                             RASQAL_DATA_GRAPH_BACKGROUND, nullptr, "ntriples", nullptr)
                       : nullptr;
  if (!graph || rasqal_query_add_data_graph(prepared.query.get(), graph)) {
    return fail(Rsc::kInternalServerError, "the triples cannot be queried");
  }
  Results results(rasqal_query_execute(prepared.query.get()));
  if (!results) {
    return fail(Rsc::kInvalidSparqlQuery,
                prepared.complaint.empty() ? "cannot be executed" : prepared.complaint);
  }
  return Result<Results>(std::move(results));
}

}  // namespace

Result<std::string> triples_of(RdfFormat format, const std::string& text,
                               std::string_view blank_prefix) {
  if (format == RdfFormat::kJsonLd) {
    auto document = parse_json(text);
    if (!document) return fail(Rsc::kBadRequest, document.error().detail);
    return triples_of_json_ld(*document, blank_prefix);
  }
  const RaptorWorld world(raptor_new_world());
  if (!world || raptor_world_open(world.get()))
    return fail(Rsc::kInternalServerError, "the RDF library cannot be opened");
  std::string complaint;
  raptor_world_set_log_handler(world.get(), &complaint, remember_error);
  const Parser parser(
      raptor_new_parser(world.get(), format == RdfFormat::kRdfXml ? "rdfxml" : "turtle"));
  const RaptorUri base(raptor_new_uri(world.get(), reinterpret_cast<const unsigned char*>(kBase)));
  if (!parser || !base) return fail(Rsc::kInternalServerError, "the RDF library has no parser");
  raptor_parser_set_option(parser.get(), RAPTOR_OPTION_NO_NET, nullptr, 1);
  raptor_parser_set_option(parser.get(), RAPTOR_OPTION_NO_FILE, nullptr, 1);
  raptor_parser_set_option(parser.get(), RAPTOR_OPTION_LOAD_EXTERNAL_ENTITIES, nullptr, 0);
  Gathering gathering;
  gathering.blank_prefix = blank_prefix;
  gathering.parser = parser.get();
  raptor_parser_set_statement_handler(parser.get(), &gathering, Gathering::statement);
  const bool failed = raptor_parser_parse_start(parser.get(), base.get()) != 0 ||
                      raptor_parser_parse_chunk(parser.get(), bytes(text), text.size(), 1) != 0;
  if (gathering.count > kMaxTriples)
    return fail(Rsc::kBadRequest, "more than " + std::to_string(kMaxTriples) + " triples");
  if (failed || !complaint.empty())
    return fail(Rsc::kBadRequest, complaint.empty() ? "cannot be parsed" : complaint);
  return std::move(gathering.lines);
}

Result<SparqlQuery> SparqlQuery::parse(std::string text) {
  auto prepared = prepare_query(text);
  if (!prepared) return fail(prepared.error());
  return SparqlQuery(std::move(text));
}

Result<bool> SparqlQuery::has_solution(const std::string& triples) const {
  auto prepared = prepare_query(text_);
  if (!prepared) return fail(prepared.error());
  auto results = execute(**prepared, triples);
  if (!results) return fail(results.error());
  if (rasqal_query_results_is_boolean(results->get()))
    return rasqal_query_results_get_boolean(results->get()) > 0;
  return rasqal_query_results_finished(results->get()) == 0;
}

Result<std::string> SparqlQuery::solutions(const std::string& triples) const {
  auto prepared = prepare_query(text_);
  if (!prepared) return fail(prepared.error());
  auto results = execute(**prepared, triples);
  if (!results) return fail(results.error());
  rasqal_world* world = (*prepared)->world.get();
  const Formatter formatter(rasqal_new_query_results_formatter(world, "xml", nullptr, nullptr));
  void* written = nullptr;
  std::size_t length = 0;
  raptor_iostream* out =
      raptor_new_iostream_to_string(rasqal_world_get_raptor(world), &written, &length, std::malloc);
  const bool failed =
      !formatter || !out ||
      rasqal_query_results_formatter_write(out, formatter.get(), results->get(), nullptr) != 0;
  if (out) raptor_free_iostream(out);
  std::string text = written ? std::string(static_cast<char*>(written), length) : std::string();
  std::free(written);
  if (failed) return fail(Rsc::kInternalServerError, "the solutions cannot be written");
  text.erase(text.find_last_not_of(" \n") + 1);
  return text;
}

Result<void> check_sparql_update(const std::string& text) {
  auto prepared = prepare(text, "sparql11-update");
  if (!prepared) return fail(prepared.error());
  if (!rasqal_query_get_update_operation((*prepared)->query.get(), 0))
    return fail(Rsc::kInvalidSparqlQuery, "has no update operation");
  return {};
}

}  // namespace gatehouse
