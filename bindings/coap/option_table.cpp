#include "bindings/coap/option_table.h"

#include <algorithm>
#include <array>

namespace gatehouse::coap {
namespace {

using R = Request;
using S = Response;
constexpr std::monostate kNone{};

const std::array kRows = {
    OptionRow{"OT", 259, 259, 15, &R::originating_timestamp, &S::originating_timestamp},
    OptionRow{"RTURI", 263, 263, 255, &R::notification_uris, kNone},
    OptionRow{"TY", 267, 267, 4, &R::resource_type, kNone},
    OptionRow{"RVI", 271, 271, 255, &R::release_version, &S::release_version},
    OptionRow{"ASRI", 275, 275, 1, kNone, &S::signatures_requested},
    OptionRow{"FR", 279, 256, 255, &R::from, &S::from},
    OptionRow{"RQI", 283, 257, 255, &R::request_identifier, &S::request_identifier},
    OptionRow{"RQET", 291, 260, 255, &R::request_expiration, kNone},
    OptionRow{"RSET", 295, 261, 255, &R::result_expiration, &S::result_expiration},
    OptionRow{"OET", 299, 262, 255, &R::operation_execution_time, kNone},
    OptionRow{"EC", 303, 264, 4, &R::event_category, &S::event_category},
    OptionRow{"RSC", 307, 265, 4, kNone, kNone},
    OptionRow{"GID", 311, 266, 255, &R::group_request_identifier, kNone},
    OptionRow{"CTO", 319, 268, 4, kNone, &S::content_offset},
    OptionRow{"CTS", 323, 269, 4, kNone, &S::content_status},
    OptionRow{"ATI", 327, 270, 255, kNone, &S::assigned_token_ids},
    OptionRow{"VSI", 331, 272, 255, &R::vendor_information, &S::vendor_information},
    OptionRow{"GTM", 335, 273, 512, &R::group_request_target_members, kNone},
    OptionRow{"AUS", 339, 274, 255, OtherField{"aus", true}, kNone},
    OptionRow{"OMR", 343, 276, 255, OtherField{"omr"}, kNone},
    OptionRow{"PRPI", 347, 277, 255, OtherField{"prpi"}, kNone},
    OptionRow{"MSU", 351, 278, 255, OtherField{"msu"}, kNone},
};
constexpr std::size_t kRscRow = 11;
constexpr std::size_t kTimestamp = 15;  // "20260101T000000"; a fraction may follow behind a comma

}  // namespace

std::span<const OptionRow> option_rows() { return kRows; }

const OptionRow* find_option(std::uint16_t number) {
  const auto row = std::find_if(kRows.begin(), kRows.end(), [number](const OptionRow& r) {
    return r.number == number || r.release_two_number == number;
  });
  return row == kRows.end() ? nullptr : &*row;
}

std::string fitted(const OptionRow& row, std::string value) {
  const bool has_fraction = value.size() > kTimestamp && value[kTimestamp] == ',';
  if (row.max_bytes == kTimestamp && has_fraction) value.resize(kTimestamp);
  return value;
}

const OptionRow& rsc_row() { return kRows[kRscRow]; }

}  // namespace gatehouse::coap
