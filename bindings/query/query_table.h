#pragma once
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cse/primitive/request.h"

/// The query of a request in HTTP and CoAP: one row per parameter, read by both directions.
namespace gatehouse::query {

using Texts = std::vector<std::string>;
using Integers = std::vector<std::int64_t>;

/// A query parameter that is a member of Request. Source: TS-0009 table 6.2.2.2-1, TS-0008 clause
/// 6.2.2.2.
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

}  // namespace gatehouse::query
