#include "mgmt-objects/cmdh_rules.h"

namespace gatehouse {
namespace {

constexpr std::int64_t kFirst = 1011, kLast = 1019;  // [cmdhPolicy] to [cmdhBuffer]
constexpr std::int64_t kNoLimit = -1;

std::string wrong_range(const Value& value) {
  const Value::Array* both = value.as_array();
  if (!both || both->size() != 2) return "must be two numbers, the least and the most";
  const std::int64_t least = (*both)[0].as_integer().value_or(0);
  const std::int64_t most = (*both)[1].as_integer().value_or(0);
  if (least < 0) return "the first number must not be negative";
  if (most < kNoLimit) return "the second number must be -1 (no limit) or more";
  return most != kNoLimit && least > most ? "the first number must not be above the second" : "";
}

std::string wrong_time(const Value& value) {
  return value.as_integer().value_or(0) < kNoLimit ? "must be -1 (no limit) or more" : "";
}

std::string wrong_list(const Value& value) {
  return value.as_array() && value.as_array()->empty() ? "must not be an empty list" : "";
}

std::string wrong_pauses(const Value& value) {
  const Value* sets = value.find("bops");
  if (!sets || !sets->as_array()) return "";
  for (const Value& set : *sets->as_array()) {
    if (set.integer_at("ibt") > set.integer_at("mbt"))
      return "bops: initialBackoffTime must not be above maximumBackoffTime";
  }
  return "";
}

struct Row {
  const char* attribute;
  std::string (*wrong)(const Value&);
};
constexpr Row kRows[] = {{"lqet", wrong_range}, {"lset", wrong_range}, {"loet", wrong_range},
                         {"lrp", wrong_range},  {"dqet", wrong_time},  {"dset", wrong_time},
                         {"doet", wrong_time},  {"drp", wrong_time},   {"aec", wrong_list},
                         {"aecs", wrong_list},  {"lec", wrong_list},   {"ror", wrong_list},
                         {"lda", wrong_list},   {"bop", wrong_pauses}};

}  // namespace

Result<void> check_cmdh_values(const TypeSchema& schema, const Value& attributes) {
  if (schema.management_definition < kFirst || schema.management_definition > kLast) return {};
  for (const Row& row : kRows) {
    const Value* value = attributes.find(row.attribute);
    if (!value || value->is_null()) continue;
    const std::string wrong = row.wrong(*value);
    if (wrong.empty()) continue;
    const AttributeRule* rule = schema.find(row.attribute);
    return fail(Rsc::kBadRequest, std::string(row.attribute) + " (" +
                                      std::string(rule ? rule->long_name : "") + "): " + wrong);
  }
  return {};
}

}  // namespace gatehouse
