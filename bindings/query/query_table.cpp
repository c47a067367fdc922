#include "bindings/query/query_table.h"

#include <array>

namespace gatehouse::query {
namespace {

using R = Request;
using F = FilterCriteria;

const std::array kRequestQuery = {
    RequestQueryRow{"rcn", &R::result_content},
    RequestQueryRow{"drt", &R::desired_identifier_result_type},
    RequestQueryRow{"rt", &R::response_type},
    RequestQueryRow{"rp", &R::result_persistence},
    RequestQueryRow{"da", &R::delivery_aggregation},
    RequestQueryRow{"atrl", &R::attribute_list},
};

const std::array kFilterQuery = {
    FilterQueryRow{"fu", &F::filter_usage},
    FilterQueryRow{"ty", &F::resource_types},
    FilterQueryRow{"lbl", &F::labels},
    FilterQueryRow{"lim", &F::limit},
    FilterQueryRow{"lvl", &F::level},
    FilterQueryRow{"ofst", &F::offset},
    FilterQueryRow{"fo", &F::filter_operation},
    FilterQueryRow{"crb", &F::created_before},
    FilterQueryRow{"cra", &F::created_after},
    FilterQueryRow{"ms", &F::modified_since},
    FilterQueryRow{"us", &F::unmodified_since},
    FilterQueryRow{"sts", &F::state_tag_smaller},
    FilterQueryRow{"stb", &F::state_tag_bigger},
    FilterQueryRow{"exb", &F::expire_before},
    FilterQueryRow{"exa", &F::expire_after},
    FilterQueryRow{"sza", &F::size_above},
    FilterQueryRow{"szb", &F::size_below},
    FilterQueryRow{"cty", &F::content_types},
    FilterQueryRow{"smf", &F::semantics_filters},
    FilterQueryRow{"cfs", &F::content_filter_syntax},
    FilterQueryRow{"cfq", &F::content_filter_query},
    FilterQueryRow{"lbq", &F::labels_query},
    FilterQueryRow{"clbl", &F::child_labels},
    FilterQueryRow{"palb", &F::parent_labels},
    FilterQueryRow{"chty", &F::child_resource_types},
    FilterQueryRow{"pty", &F::parent_resource_types},
    FilterQueryRow{"arp", &F::apply_relative_path},
    FilterQueryRow{"gmty", &F::geometry_type},
    FilterQueryRow{"geom", &F::geometry},
    FilterQueryRow{"gsf", &F::geo_spatial_function},
    FilterQueryRow{"ops", &F::operations},
};

// OMR, PRPI and MSU are the Release 4 fields of the parameters of those names.
const std::array kOther = {
    OtherRow{"rids", "", OtherKind::kTexts},  OtherRow{"tids", "", OtherKind::kTexts},
    OtherRow{"ltids", "", OtherKind::kTexts}, OtherRow{"tqi", "", OtherKind::kBool},
    OtherRow{"asi", "", OtherKind::kBool},    OtherRow{"auri", "", OtherKind::kBool},
    OtherRow{"sqi", "", OtherKind::kBool},    OtherRow{"aus", "AS", OtherKind::kTexts},
    OtherRow{"omr", "OMR", OtherKind::kText}, OtherRow{"prpi", "PRPI", OtherKind::kText},
    OtherRow{"msu", "MSU", OtherKind::kText},
};

}  // namespace

std::span<const RequestQueryRow> request_query_rows() { return kRequestQuery; }
std::span<const FilterQueryRow> filter_query_rows() { return kFilterQuery; }
std::span<const OtherRow> other_rows() { return kOther; }

}  // namespace gatehouse::query
