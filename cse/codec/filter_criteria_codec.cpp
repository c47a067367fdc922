#include <array>

#include "cse/codec/field_rows.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse {
namespace {

using F = FilterCriteria;
using fields::read_unsigned;
using fields::row;

// Short names: TS-0004 table 8.2.5-1.
constexpr auto kConditions = std::to_array<fields::Row<F>>({
    row<&F::created_before, F>("crb"),
    row<&F::created_after, F>("cra"),
    row<&F::modified_since, F>("ms"),
    row<&F::unmodified_since, F>("us"),
    row<&F::state_tag_smaller, read_unsigned, F>("sts"),
    row<&F::state_tag_bigger, read_unsigned, F>("stb"),
    row<&F::expire_before, F>("exb"),
    row<&F::expire_after, F>("exa"),
    row<&F::labels, F>("lbl"),
    row<&F::child_labels, F>("clbl"),
    row<&F::parent_labels, F>("palb"),
    row<&F::labels_query, F>("lbq"),
    row<&F::resource_types, F>("ty"),
    row<&F::child_resource_types, F>("chty"),
    row<&F::parent_resource_types, F>("pty"),
    row<&F::size_above, read_unsigned, F>("sza"),
    row<&F::size_below, read_unsigned, F>("szb"),
    row<&F::content_types, F>("cty"),
    row<&F::attributes, F>("atr"),
    row<&F::child_attributes, F>("catr"),
    row<&F::parent_attributes, F>("patr"),
    row<&F::semantics_filters, F>("smf"),
    row<&F::content_filter_syntax, F>("cfs"),
    row<&F::content_filter_query, F>("cfq"),
    row<&F::geometry_type, F>("gmty"),
    row<&F::geometry, F>("geom"),
    row<&F::geo_spatial_function, F>("gsf"),
    row<&F::operations, F>("ops"),
    row<&F::filter_usage, F>("fu"),
    row<&F::filter_operation, F>("fo"),
    row<&F::limit, read_unsigned, F>("lim"),
    row<&F::level, read_unsigned, F>("lvl"),
    row<&F::offset, read_unsigned, F>("ofst"),
    row<&F::apply_relative_path, F>("arp"),
});
// Lists are often sent as their only item, so that is understood.
constexpr fields::Leniency kLoneItems{.whole_floats = false, .lone_items = true};

}  // namespace

Result<FilterCriteria> filter_criteria_from_value(const Value& value) {
  const Value::Object* members = value.as_object();
  if (!members) return fields::wrong_type({"", "fc"}, "an object", value);
  FilterCriteria filter;
  for (const Member& member : *members) {
    const auto* condition = fields::find<F>(kConditions, member.name);
    const fields::Path path{"fc/", member.name};
    if (!condition) {
      return fail(Rsc::kBadRequest, path.text() + ": there is no such filter condition");
    }
    if (auto done = condition->read(filter, path, member.value, kLoneItems); !done) {
      return fail(done.error());
    }
  }
  return filter;
}

Value to_value(const FilterCriteria& filter) {
  Value out = Value::object();
  fields::write_all<F>(kConditions, filter, out);
  return out;
}

}  // namespace gatehouse
