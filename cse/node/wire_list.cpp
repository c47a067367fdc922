#include "cse/node/wire_list.h"

#include <algorithm>
#include <set>

#include "bindings/coap/option_table.h"
#include "bindings/http/field_table.h"
#include "bindings/query/query_table.h"
#include "cse/node/wire_table.h"

namespace gatehouse::node {
namespace {

void add_row(std::string& out, std::initializer_list<std::string_view> cells) {
  for (const std::string_view cell : cells) ((out += "| ") += cell) += ' ';
  out += "|\n";
}

void add_bindings(std::string& out) {
  out += "# Bindings and serialisations\n\n";
  add_row(out, {"protocol", "schemes", "server", "client", "identity", "without an address",
                "configured by", "JSON", "CBOR", "XML"});
  add_row(out, {"---", "---", "---", "---", "---", "---", "---", "---", "---", "---"});
  for (const WireBinding& row : wire_bindings()) {
    add_row(out, {row.protocol, row.schemes, row.server, row.client, row.secured, row.both_ways,
                  row.configured, row.serialisations[0].named, row.serialisations[1].named,
                  row.serialisations[2].named});
  }
}

/// The CoAP option of that name; empty: there is none.
std::string option_named(std::string_view name, bool of_answers) {
  for (const coap::OptionRow& row : coap::option_rows()) {
    const bool carries = of_answers ? row.response.index() != 0 : row.request.index() != 0;
    if (row.name != name || !carries) continue;
    return std::to_string(row.number) + " (Release 2: " + std::to_string(row.release_two_number) +
           ")";
  }
  return {};
}

/// oneM2M's fields have the same names in HTTP and CoAP but for these. Source: TS-0009 clause 6.4,
/// TS-0008 table 6.2.2.4-1.
std::string_view name_in_coap(std::string_view field) {
  static constexpr std::pair<std::string_view, std::string_view> kOthers[] = {
      {"Origin", "FR"}, {"RI", "RQI"},    {"RET", "RQET"},
      {"RST", "RSET"},  {"RTU", "RTURI"}, {"AS", "AUS"}};
  const auto* found = std::find_if(std::begin(kOthers), std::end(kOthers),
                                   [field](const auto& pair) { return pair.first == field; });
  return found == std::end(kOthers) ? field : found->second;
}

void add_field(std::string& out, std::string_view name, bool of_answers) {
  const std::string option = option_named(name_in_coap(name), of_answers);
  add_row(out,
          {"X-M2M-" + std::string(name),
           option.empty() ? "–" : "oneM2M-" + std::string(name_in_coap(name)) + ", " + option});
}

void add_fields(std::string& out) {
  out += "\n# Fields of a request\n\n";
  add_row(out, {"HTTP", "CoAP"});
  add_row(out, {"---", "---"});
  for (const auto& row : http::request_header_rows()) add_field(out, row.name, false);
  for (const std::string_view name : {"RTU", "GTM"}) add_field(out, name, false);
  for (const auto& row : query::other_rows()) {
    if (!row.header.empty()) add_field(out, row.header, false);
  }
  add_row(out, {"Authorization", "Uri-Query tkns"});
  add_row(out, {"Content-Type: …;ty=", "oneM2M-TY, " + option_named("TY", false)});
  out += "\n# Fields of an answer\n\n";
  add_row(out, {"HTTP", "CoAP"});
  add_row(out, {"---", "---"});
  add_row(out, {"X-M2M-RSC",
                "oneM2M-RSC, " + std::to_string(coap::rsc_row().number) +
                    " (Release 2: " + std::to_string(coap::rsc_row().release_two_number) + ")"});
  for (const auto& row : http::response_header_rows()) add_field(out, row.name, true);
  add_field(out, "ATI", true);
  add_row(out, {"Content-Location", "Location-Path"});
  add_row(out, {"ETag (of a RETRIEVE; If-None-Match, If-Match)", "– (Max-Age 0)"});
}

void add_query(std::string& out) {
  out += "\n# Query, in HTTP and CoAP\n\n";
  std::set<std::string_view> keys;
  for (const auto& row : query::request_query_rows()) keys.insert(row.key);
  for (const auto& row : query::filter_query_rows()) keys.insert(row.key);
  for (const auto& row : query::other_rows()) {
    if (row.header.empty()) keys.insert(row.key);
  }
  for (const std::string_view key : keys) ((out += '`') += key) += "` ";
  out +=
      "and attributes by their short names, `c.` and `p.` before those of children and parents.\n";
}

}  // namespace

std::string wire_list() {
  std::string out;
  add_bindings(out);
  add_fields(out);
  add_query(out);
  out +=
      "\nMQTT and WebSocket carry whole primitives. MQTT's topics: `/oneM2M/req/<originator>/"
      "<receiver>/<serialisation>`, and `resp`, `reg_req`, `reg_resp` in place of `req`.\n";
  return out;
}

}  // namespace gatehouse::node
