// The contract of all bindings: the same request has the same answer on every wire.
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>

#include "ae-apps/ctl/conformance/runner.h"
#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"
#include "tests/bindings/contract/rows.h"
#include "tests/bindings/contract/wires.h"

namespace gatehouse::contract {
namespace {

Value json(std::string_view text) {
  auto value = parse_json(text);
  EXPECT_TRUE(value) << (value ? "" : value.error().detail) << ": " << text;
  return value ? *value : Value();
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

/// Members whose value each run has of its own.
bool is_own_to_a_run(std::string_view name) {
  static constexpr std::string_view kNames[] = {"ct", "lt", "et", "rqi", "ot", "rid"};
  return std::find(std::begin(kNames), std::end(kNames), name) != std::end(kNames);
}

/// Identifiers that the CSE has made: "cnt065svvpdhgvnd".
std::string without_identifiers(const std::string& text) {
  static const std::regex identifier("\\b[a-zA-Z]{2,5}[0-9a-z]{13}\\b");
  return text.size() > 1'000 ? text : std::regex_replace(text, identifier, "#");
}

/// The value without what differs from run to run, so that two wires can be compared.
Value comparable(const Value& value) {
  if (const std::string* text = value.as_string()) return without_identifiers(*text);
  if (const auto* items = value.as_array()) {
    Value::Array kept;
    for (const Value& item : *items) kept.push_back(comparable(item));
    return kept;
  }
  if (!value.as_object()) return value;
  Value kept = Value::object();
  for (const Member& member : *value.as_object()) {
    kept.set(member.name, is_own_to_a_run(member.name) ? Value(member.value.kind_name())
                                                       : comparable(member.value));
  }
  return kept;
}

/// What an answer says, apart from addresses, which only some bindings carry.
Value said_in(const Response& response) {
  Value primitive = to_value(response);
  for (const char* name : {"rqi", "to", "fr"}) primitive.erase(name);
  // Whether the transport or the core was the first to doubt the originator is of no importance.
  if (response.rsc == Rsc::kOriginatorNotAuthenticated) primitive.erase("pc");
  return comparable(primitive);
}

std::string shown(const Value& value) {
  std::string text = to_json(value);
  if (text.size() > 600) text = text.substr(0, 600) + "…";
  return text;
}

/// Runs the table on one wire.
class Table {
 public:
  explicit Table(Wire& wire) : wire_(wire), variables_{{"${ae}", "cse-in/contract"}} {
    variables_["${big}"] = std::string(300'000, 'x');
  }
  Response run(const Row& row) {
    Value primitive = json(filled_in(row.request));
    static int number = 0;  // a request that comes again may be answered from memory
    primitive.set("rqi", "row-" + std::to_string(++number));
    if (!primitive.contains("fr")) primitive.set("fr", kOriginator);
    if (!primitive.contains("rvi")) primitive.set("rvi", "3");
    auto request = request_from_value(primitive);
    EXPECT_TRUE(request) << (request ? "" : request.error().detail);
    Response response = request ? wire_.ask(*std::move(request)) : Response{};
    keep(row, response);
    return response;
  }
  Response ask(const Row& row) {
    Response response = run(row);
    for (int again = 0; row.how == Row::kAskUntil && again < 1'000 && unmet(row, response);
         ++again) {
      response = run(row);
    }
    return response;
  }
  /// What the row wants of the answer and does not find.
  std::optional<std::string> unmet(const Row& row, const Response& response) const {
    const Value answer = to_value(response), conditions = json(filled_in(row.has));
    for (const Member& wanted : *conditions.as_object()) {
      if (auto why = conformance::unmet({wanted.name, wanted.value}, answer)) return why;
    }
    return std::nullopt;
  }
  std::string filled_in(std::string text) const {
    for (const auto& [name, value] : variables_) replace_all(text, name, value);
    return text;
  }

 private:
  void keep(const Row& row, const Response& response) {
    if (!row.keep) return;
    const std::string text = row.keep;
    const auto tree = tree_of(response.content);
    const std::string path = text.substr(text.find("=pc/") + 4);
    variables_["${" + text.substr(0, text.find('=')) + "}"] = tree ? tree->string_at(path) : "";
  }
  Wire& wire_;
  std::map<std::string, std::string> variables_;
};

/// What HTTP with JSON answers: all others are compared with it.
const std::vector<Value>& reference() {
  static const std::vector<Value> answers = [] {
    const auto wire = open_wire("http", "json");
    Table table(*wire);
    std::vector<Value> made;
    for (const Row& row : contract_rows()) made.push_back(said_in(table.ask(row)));
    return made;
  }();
  return answers;
}

std::string expected_said(const std::string& wire, const std::string& codec, const Row& row) {
  if (wire == "http" || wire.ends_with("-2")) return std::to_string(row.http);
  if (wire == "coap" || wire == "coap+tcp") return row.coap;
  if (wire == "ws") return codec == "cbor" ? "binary" : "text";
  if (wire.starts_with("mqtt") && !wire.starts_with("mqtts")) {
    return "/oneM2M/resp/id-in:CContract/id-in/" + codec;
  }
  return {};
}

class Contract : public testing::TestWithParam<std::tuple<const char*, const char*>> {};

TEST_P(Contract, HoldsForEveryRow) {
  const std::string name = std::get<0>(GetParam()), codec = std::get<1>(GetParam());
  const auto& as_by_http = reference();
  const auto wire = open_wire(name, codec);
  Table table(*wire);

  std::size_t number = 0;
  for (const Row& row : contract_rows()) {
    SCOPED_TRACE(row.name);
    const Response response = table.ask(row);

    const Value answer = to_value(response);
    EXPECT_EQ(static_cast<int>(response.rsc), row.rsc) << shown(answer);
    const auto why = table.unmet(row, response);
    EXPECT_FALSE(why) << *why;
    EXPECT_EQ(wire->said(), expected_said(name, codec, row));
    const Value said = said_in(response);
    EXPECT_TRUE(said == as_by_http[number]) << shown(said) << "\nbut by HTTP with JSON\n"
                                            << shown(as_by_http[number]);
    ++number;
  }
}

std::string name_of(const testing::TestParamInfo<Contract::ParamType>& cell) {
  std::string name = std::string(std::get<0>(cell.param)) + "_" + std::get<1>(cell.param);
  std::replace_if(
      name.begin(), name.end(), [](char c) { return c == '-' || c == '+'; }, '_');
  return name;
}

const auto kCodecs = testing::Values("json", "cbor", "xml");
INSTANTIATE_TEST_SUITE_P(Plain, Contract, testing::Combine(testing::ValuesIn(kPlainWires), kCodecs),
                         name_of);
INSTANTIATE_TEST_SUITE_P(Secured, Contract,
                         testing::Combine(testing::ValuesIn(kSecuredWires), kCodecs), name_of);

}  // namespace
}  // namespace gatehouse::contract
