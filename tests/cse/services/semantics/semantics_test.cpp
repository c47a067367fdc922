#include "cse/services/semantics/semantics.h"

#include <gtest/gtest.h>

#include "cse/services/semantics/base64.h"
#include "cse/services/semantics/rdf.h"
#include "tests/cse/core/test_cse.h"

namespace gatehouse {
namespace {

using test::TestCse;
using Strings = std::vector<std::string>;

std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t group = 0;
    for (std::size_t j = 0; j < 3; ++j)
      group = group << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0);
    for (std::size_t j = 0; j < 4; ++j)
      text += i + j > bytes.size() ? '=' : kAlphabet[group >> (18 - 6 * j) & 63];
  }
  return text;
}

constexpr const char* kTurtle =
    "@prefix ex: <http://example.org/> . ex:lamp a ex:Lamp ; ex:room \"kitchen\" .";
constexpr const char* kXml = R"(<?xml version="1.0"?>
<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns:ex="http://example.org/">
<rdf:Description rdf:about="http://example.org/heater"><ex:room>bath</ex:room></rdf:Description>
</rdf:RDF>)";
constexpr const char* kRooms = "PREFIX ex: <http://example.org/> SELECT ?r WHERE { ?x ex:room ?r }";
std::string in_room(const std::string& room) {
  return "PREFIX ex: <http://example.org/> SELECT ?x WHERE { ?x ex:room \"" + room + "\" }";
}

struct Syntax {
  const char* name;
  RdfFormat format;
  std::string text;
  bool accepted;
};
class RdfTexts : public testing::TestWithParam<Syntax> {};

TEST_P(RdfTexts, AreReadInTheirSyntaxOnly) {
  EXPECT_EQ(triples_of(GetParam().format, GetParam().text).has_value(), GetParam().accepted);
}

INSTANTIATE_TEST_SUITE_P(
    Formats, RdfTexts,
    testing::Values(Syntax{"xml", RdfFormat::kRdfXml, kXml, true},
                    Syntax{"turtle", RdfFormat::kTurtle, kTurtle, true},
                    Syntax{"turtle_as_xml", RdfFormat::kRdfXml, kTurtle, false},
                    Syntax{"xml_as_turtle", RdfFormat::kTurtle, kXml, false},
                    Syntax{"half_of_xml", RdfFormat::kRdfXml, std::string(kXml).substr(0, 150),
                           false},
                    Syntax{"words", RdfFormat::kTurtle, "correct horse battery", false}),
    [](const auto& test) { return test.param.name; });

TEST(RdfXml, ReadsNoOtherFile) {
  const auto triples = triples_of(
      RdfFormat::kRdfXml,
      "<?xml version=\"1.0\"?><!DOCTYPE r [<!ENTITY x SYSTEM \"file:///proc/version\">]>"
      "<rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" xmlns:e=\"http://e/\">"
      "<rdf:Description><e:a>&x;</e:a></rdf:Description></rdf:RDF>");

  EXPECT_EQ(triples ? triples->find("Linux") : std::string::npos, std::string::npos) << *triples;
}

struct Sparql {
  const char* name;
  std::string text;
  bool accepted;
};
class SparqlTexts : public testing::TestWithParam<Sparql> {};

TEST_P(SparqlTexts, AreQueriesThatReadNothingElse) {
  const auto query = SparqlQuery::parse(GetParam().text);

  EXPECT_EQ(query.has_value(), GetParam().accepted) << (query ? "" : query.error().detail);
  if (!query) {
    EXPECT_EQ(query.error().rsc, Rsc::kInvalidSparqlQuery);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Queries, SparqlTexts,
    testing::Values(
        Sparql{"select", kRooms, true}, Sparql{"ask", "ASK { ?s ?p ?o }", true},
        Sparql{"empty", "", false}, Sparql{"words", "all lamps, please", false},
        Sparql{"from_file", "SELECT ?s FROM <file:///etc/passwd> WHERE { ?s ?p ?o }", false},
        Sparql{"named_graph", "SELECT ?s FROM NAMED <http://e/g> WHERE { GRAPH ?g { ?s ?p ?o } }",
               false},
        Sparql{"service", "SELECT ?s WHERE { SERVICE <http://e/s> { ?s ?p ?o } }", false},
        Sparql{"describe", "DESCRIBE <http://e/x>", false},
        Sparql{"too_long", std::string(30'000, ' ') + kRooms, false}),
    [](const auto& test) { return test.param.name; });

TEST(SparqlQuery, FindsWhatTheTriplesSay) {
  const auto triples = triples_of(RdfFormat::kTurtle, kTurtle);
  ASSERT_TRUE(triples);

  EXPECT_TRUE(*SparqlQuery::parse(in_room("kitchen"))->has_solution(*triples));
  EXPECT_FALSE(*SparqlQuery::parse(in_room("bath"))->has_solution(*triples));
  EXPECT_TRUE(*SparqlQuery::parse("ASK { ?s ?p \"kitchen\" }")->has_solution(*triples));
  EXPECT_FALSE(*SparqlQuery::parse("ASK { ?s ?p \"bath\" }")->has_solution(*triples));
}

TEST(SparqlQuery, KeepsBlankNodesOfDifferentTextsApart) {
  const std::string text = "@prefix ex: <http://example.org/> . _:a ex:room \"kitchen\" .";
  const auto one = triples_of(RdfFormat::kTurtle, text, "1x");
  const auto two = triples_of(RdfFormat::kTurtle, text, "2x");
  ASSERT_TRUE(one && two);

  EXPECT_NE(*one, *two);
}

class Meaning : public testing::Test {
 protected:
  Meaning() : semantics_(node_.cse()) {
    node_.add_ae("CAE1");
    for (const char* name : {"lamp", "heater", "plain"})
      node_.create("CAE1", "CAE1", type_number::kContainer, Value::object({{"rn", name}}));
  }
  Response describe(const std::string& parent, int format, const std::string& text,
                    Value more = Value::object()) {
    more.set("rn", "smd");
    more.set("dcrp", format);
    more.set("dsp", base64(text));
    return node_.create("CAE1", parent, type_number::kSemanticDescriptor, std::move(more));
  }
  Request retrieve(std::optional<std::string> filter, std::optional<int> rcn,
                   std::optional<bool> sqi, std::optional<int> usage = {}) {
    Request request = TestCse::request(Operation::kRetrieve, "CAE1", "CAE1");
    if (filter || usage) request.filter = FilterCriteria{};
    if (filter) request.filter->semantics_filters = {*filter};
    if (usage) request.filter->filter_usage = usage;
    request.result_content = rcn;
    if (sqi) request.other.set("sqi", *sqi);
    return request;
  }
  /// Which of the three containers fulfil the filter.
  Strings found(Strings filters) {
    FilterCriteria criteria;
    criteria.semantics_filters = std::move(filters);
    const auto test = semantics_.prepare(criteria, "CAE1");
    EXPECT_TRUE(test);
    Strings names;
    CommittedView resources = node_.cse().view();
    for (const char* name : {"lamp", "heater", "plain"}) {
      const auto holds = (*test)(node_.find(std::string("CAE1/") + name), resources);
      EXPECT_TRUE(holds);
      if (*holds) names.emplace_back(name);
    }
    return names;
  }
  TestCse node_;
  Semantics semantics_;
};

TEST_F(Meaning, FulfilsTheFilterThatItSolves) {
  ASSERT_EQ(describe("CAE1/lamp", 5, kTurtle).rsc, Rsc::kCreated);
  ASSERT_EQ(describe("CAE1/heater", 4, kXml).rsc, Rsc::kCreated);

  EXPECT_EQ(found({in_room("bath")}), Strings{"heater"});
  EXPECT_EQ(found({in_room("bath"), in_room("kitchen")}), (Strings{"lamp", "heater"}));
  EXPECT_EQ(found({in_room("attic")}), Strings{});
}

TEST_F(Meaning, IsSoughtInRelatedDescriptorsToo) {
  const Response related = describe("CAE1/lamp", 5, kTurtle);
  describe("CAE1/heater", 4, kXml,
           Value::object({{"rels", Value::array({TestCse::attributes(related).string_at("ri")})}}));

  EXPECT_EQ(found({in_room("kitchen")}), (Strings{"lamp", "heater"}));
}

TEST_F(Meaning, IsAnsweredByAQueryOverTheWholeBranch) {
  describe("CAE1/lamp", 5, kTurtle);
  describe("CAE1/heater", 4, kXml);

  const Response answer = node_.ask(retrieve(kRooms, 10, true));

  ASSERT_EQ(answer.rsc, Rsc::kOk) << TestCse::debug_text(answer);
  const std::string result = tree_of(answer.content)->string_at("m2m:qres");
  EXPECT_TRUE(result.starts_with("<?xml") && result.ends_with("</sparql>")) << result;
  EXPECT_NE(result.find("kitchen"), std::string::npos);
  EXPECT_NE(result.find("bath"), std::string::npos);
}

TEST_F(Meaning, IsHiddenFromWhoMayNotReadTheDescriptor) {
  describe("CAE1/lamp", 5, kTurtle);
  node_.add_ae("CAE2");
  Request request = retrieve(kRooms, 10, true);
  request.from = "CAE2";
  request.to = "CAE2";
  node_.create(
      "CAE2", "CAE2", type_number::kSemanticDescriptor,
      Value::object(
          {{"dcrp", 4}, {"dsp", base64(kXml)}, {"rels", Value::array({"cse-in/CAE1/lamp/smd"})}}));

  const Response answer = node_.ask(std::move(request));

  const std::string result = tree_of(answer.content)->string_at("m2m:qres");
  EXPECT_NE(result.find("bath"), std::string::npos) << result;
  EXPECT_EQ(result.find("kitchen"), std::string::npos) << result;
}

struct BadQuery {
  const char* name;
  std::optional<std::string> filter;
  std::optional<int> rcn;
  std::optional<bool> sqi;
  Rsc rsc;
};
class BadQueries : public Meaning, public testing::WithParamInterface<BadQuery> {};

// TS-0001 clause 8.1.2 (Semantic Query Indicator)
TEST_P(BadQueries, AreRefused) {
  const auto& [name, filter, rcn, sqi, rsc] = GetParam();

  EXPECT_EQ(node_.ask(retrieve(filter, rcn, sqi)).rsc, rsc);
}

INSTANTIATE_TEST_SUITE_P(
    Parts, BadQueries,
    testing::Values(BadQuery{"rcn_only", {}, 10, {}, Rsc::kBadRequest},
                    BadQuery{"indicator_only", {}, {}, true, Rsc::kBadRequest},
                    BadQuery{"without_filter", {}, 10, true, Rsc::kBadRequest},
                    BadQuery{"without_indicator", kRooms, 10, {}, Rsc::kBadRequest},
                    BadQuery{"no_sparql", "nonsense", 10, true, Rsc::kInvalidSparqlQuery}),
    [](const auto& test) { return test.param.name; });

struct BadDescriptor {
  const char* name;
  Value attributes;
  Rsc rsc;
};
class BadDescriptors : public Meaning, public testing::WithParamInterface<BadDescriptor> {};

// TS-0004 clause 7.4.34.2.1
TEST_P(BadDescriptors, AreRefused) {
  EXPECT_EQ(
      node_.create("CAE1", "CAE1", type_number::kSemanticDescriptor, GetParam().attributes).rsc,
      GetParam().rsc);
}

INSTANTIATE_TEST_SUITE_P(
    Create, BadDescriptors,
    testing::Values(BadDescriptor{"iri", Value::object({{"dcrp", 1}, {"dsp", base64(kTurtle)}}),
                                  Rsc::kBadRequest},
                    BadDescriptor{"no_base64", Value::object({{"dcrp", 2}, {"dsp", "wrong"}}),
                                  Rsc::kBadRequest},
                    BadDescriptor{"other_syntax",
                                  Value::object({{"dcrp", 4}, {"dsp", base64(kTurtle)}}),
                                  Rsc::kBadRequest},
                    BadDescriptor{"ontology_elsewhere",
                                  Value::object({{"dcrp", 5},
                                                 {"dsp", base64(kTurtle)},
                                                 {"vlde", true},
                                                 {"or", "http://example.org/o"}}),
                                  Rsc::kOntologyNotAvailable},
                    BadDescriptor{"related_missing",
                                  Value::object({{"dcrp", 5},
                                                 {"dsp", base64(kTurtle)},
                                                 {"vlde", true},
                                                 {"rels", Value::array({"nothing"})}}),
                                  Rsc::kLinkedSemanticsNotAvailable}),
    [](const auto& test) { return test.param.name; });

// TS-0004 clause 7.4.34.2.3
TEST_F(Meaning, IsValidatedWhenThatIsEnabled) {
  describe("CAE1/lamp", 5, kTurtle);
  const auto validated = [this](Value change) {
    return TestCse::attributes(node_.update("CAE1", "CAE1/lamp/smd", "m2m:smd", std::move(change)))
        .bool_at("svd");
  };

  EXPECT_TRUE(validated(Value::object({{"vlde", true}})));
  EXPECT_FALSE(validated(Value::object({{"vlde", false}})));
}

TEST_F(Meaning, CannotBeChangedByOperationAndTextAtOnce) {
  describe("CAE1/lamp", 5, kTurtle);
  const auto outcome = [this](Value change) {
    return node_.update("CAE1", "CAE1/lamp/smd", "m2m:smd", std::move(change)).rsc;
  };

  EXPECT_EQ(outcome(Value::object({{"soe", "x"}, {"dsp", base64(kTurtle)}})), Rsc::kBadRequest);
  EXPECT_EQ(outcome(Value::object({{"soe", "nonsense"}})), Rsc::kInvalidSparqlQuery);
  EXPECT_EQ(outcome(Value::object({{"soe", "INSERT DATA { <http://e/a> <http://e/b> \"c\" }"}})),
            Rsc::kSparqlUpdateError);
}

TEST(Base64, IsDecodedStrictly) {
  EXPECT_EQ(base64_decoded("TWFu"), "Man");
  EXPECT_EQ(base64_decoded("TWE="), "Ma");
  EXPECT_EQ(base64_decoded("TQ=="), "M");
  EXPECT_EQ(base64_decoded(""), "");
  EXPECT_EQ(base64_decoded("TQ"), std::nullopt);
  EXPECT_EQ(base64_decoded("T?=="), std::nullopt);
}

}  // namespace
}  // namespace gatehouse
