#pragma once
#include <span>
#include <string_view>
#include <variant>

#include "bindings/query/query_table.h"
#include "cse/primitive/request.h"

/// The tables behind mapping.h: one row per header field, read by both directions. Those of the
/// query are in bindings/query.
namespace gatehouse::http {

using query::Integers;
using query::other_rows;
using query::OtherKind;
using query::OtherRow;
using query::Texts;

/// A header field of a request and the parameter that it carries. Source: TS-0009 clause 6.4.
struct RequestHeaderRow {
  std::string_view name;  ///< behind "X-M2M-", in the case in which it is sent
  std::variant<std::string Request::*, std::optional<std::string> Request::*,
               std::optional<std::int64_t> Request::*>
      field;
};
std::span<const RequestHeaderRow> request_header_rows();

/// A header field of a response. Source: TS-0009 clause 6.4.
struct ResponseHeaderRow {
  std::string_view name;
  std::variant<std::string Response::*, std::optional<std::string> Response::*,
               std::optional<std::int64_t> Response::*, std::optional<bool> Response::*>
      field;
};
std::span<const ResponseHeaderRow> response_header_rows();

}  // namespace gatehouse::http
