#pragma once
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse {

/// contentFilterQuery in JSON-path syntax (contentFilterSyntax 1): conditions on the JSON that a
/// <contentInstance> holds, such as
///
///     $.room[0]."max temp" GT 21.5 AND $.state EQ on OR $.note MATCH "too hot"
///
/// AND binds before OR. EQ, NE: numbers or texts; GT, LT, GE, LE: numbers; MATCH: a part of a text.
/// What is not there, or of the other kind, fulfils nothing. Source: TS-0001 annex J.2.
class ContentQuery {
 public:
  /// Errors: kBadRequest with the word at fault; also for more than 64 conditions.
  static Result<ContentQuery> parse(std::string_view text);
  bool matches(const Value& data) const;

 private:
  enum class Operator { kEq, kNe, kGt, kLt, kGe, kLe, kMatch };
  struct Condition {
    std::vector<std::variant<std::string, std::size_t>> path;  ///< member or place in a list
    Operator op;
    Value value;  ///< a number or a text
  };
  static Result<Condition> condition_of(const std::vector<std::string>& words, std::size_t at);
  static bool holds(const Condition& condition, const Value& data);

  std::vector<std::vector<Condition>> any_of_;  ///< of each all
};

}  // namespace gatehouse
