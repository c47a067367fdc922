#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cse/primitive/request.h"

namespace gatehouse::coap {

/// Which numbers oneM2M's options have in what this program sends. Releases 1 and 2 used others
/// than those that IANA registered; both are in the field, and both are always understood.
enum class OptionNumbers : std::uint8_t { kRegistered, kReleaseTwo };

/// A member of Request::other; a list is joined by '+'.
struct OtherField {
  std::string_view key;
  bool list = false;
};
/// Lists of a request: notification URIs are joined by '&', the rest by '+'.
using RequestField =
    std::variant<std::monostate, std::string Request::*, std::optional<std::string> Request::*,
                 std::optional<std::int64_t> Request::*,
                 std::optional<std::vector<std::string>> Request::*,
                 std::vector<std::string> Request::*, OtherField>;
using ResponseField =
    std::variant<std::monostate, std::string Response::*, std::optional<std::string> Response::*,
                 std::optional<std::int64_t> Response::*, std::optional<bool> Response::*,
                 std::optional<Value> Response::*>;

/// One option of oneM2M and the parameter that it carries. Source: TS-0008 clause 6.2.2.4, table
/// 6.2.2.4-1.
struct OptionRow {
  std::string_view name;  ///< behind "oneM2M-"
  std::uint16_t number;
  std::uint16_t release_two_number;
  std::size_t max_bytes;
  RequestField request;
  ResponseField response;

  std::uint16_t number_in(OptionNumbers numbers) const {
    return numbers == OptionNumbers::kRegistered ? number : release_two_number;
  }
};
std::span<const OptionRow> option_rows();
/// By either number; nullptr if it is none of oneM2M's.
const OptionRow* find_option(std::uint16_t number);

/// The value as the option can hold it: a timestamp loses its fraction of a second if there is no
/// room for that, so that the time is never later than it was. Others stay as they are, also where
/// they are too long.
std::string fitted(const OptionRow& row, std::string value);

/// oneM2M-RSC, which every response carries.
const OptionRow& rsc_row();

}  // namespace gatehouse::coap
