#pragma once
#include <span>
#include <string_view>
#include <variant>

#include "cse/primitive/request.h"

/// The tables behind mapping.h: one row per header field or query parameter, read by both
/// directions.
namespace gatehouse::http {

using Texts = std::vector<std::string>;
using Integers = std::vector<std::int64_t>;

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
               std::optional<std::int64_t> Response::*>
      field;
};
std::span<const ResponseHeaderRow> response_header_rows();

/// A query parameter that is a member of Request. Source: TS-0009 table 6.2.2.2-1.
struct RequestQueryRow {
  std::string_view key;
  std::variant<std::optional<std::int64_t> Request::*, std::optional<std::string> Request::*,
               std::optional<bool> Request::*, Texts Request::*>
      field;
};
std::span<const RequestQueryRow> request_query_rows();

/// A query parameter that is a filter criterion. Source: TS-0009 table 6.2.2.2-1; lbq clbl palb
/// chty pty arp are missing there and taken from TS-0004 clause 6.3.5.8.
struct FilterQueryRow {
  std::string_view key;
  std::variant<std::optional<std::string> FilterCriteria::*,
               std::optional<std::int64_t> FilterCriteria::*, Texts FilterCriteria::*,
               Integers FilterCriteria::*>
      field;
};
std::span<const FilterQueryRow> filter_query_rows();

/// Parameters that live in Request::other.
enum class OtherKind { kText, kTexts, kBool };
struct OtherRow {
  std::string_view key;     ///< short name, also the member of Request::other
  std::string_view header;  ///< behind "X-M2M-"; empty: a query parameter
  OtherKind kind;
};
std::span<const OtherRow> other_rows();

}  // namespace gatehouse::http
