#pragma once
#include <span>

namespace gatehouse::contract {

/// One request and what must be answered on every wire, in every serialisation.
struct Row {
  const char* name;
  /// The primitive in JSON, short names; `fr`, `rqi` and `rvi` are filled in. ${ae}: the <AE>'s
  /// address; ${big}: 300,000 characters; ${request}: what a row before has kept.
  const char* request;
  int rsc;
  int http;          ///< status; TS-0009 table 6.3.2-1
  const char* coap;  ///< code; TS-0008 table 6.2.4-1
  /// Conditions on the response primitive, as in the rules of ae-apps/ctl/conformance:
  /// {"pc/m2m:cnt/mni":3}.
  const char* has = "{}";
  const char* keep = nullptr;  ///< "request=pc/m2m:uri"
  enum How { kAskOnce, kAskUntil };
  How how = kAskOnce;  ///< kAskUntil: what is asked for becomes so by itself; ask again until then
};

/// Run in this order: rows stand on what those before them have made. The first registers, the
/// last deregisters, so the table can be run again on another wire of the same CSE.
std::span<const Row> contract_rows();

}  // namespace gatehouse::contract
