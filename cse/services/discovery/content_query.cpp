#include "cse/services/discovery/content_query.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxConditions = 64, kMaxSteps = 32;

tl::unexpected<Error> wrong(const std::string& what) {
  return fail(Rsc::kBadRequest, "cfq (contentFilterQuery): " + what);
}

/// Divided at spaces, but for those between quotes, which stay.
Result<std::vector<std::string>> words_of(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  for (const char c : text) {
    if (c == '"') quoted = !quoted;
    if (c == ' ' && !quoted) {
      if (!word.empty()) words.push_back(std::move(word));
      word.clear();
    } else {
      word += c;
    }
  }
  if (quoted) return wrong("a '\"' has no second one");
  if (!word.empty()) words.push_back(std::move(word));
  return words;
}

using Path = std::vector<std::variant<std::string, std::size_t>>;

/// Takes ".name", "."a name"" or "[3]" off the front. False: it is none of these.
bool take_step(std::string_view& rest, Path& path) {
  if (rest.starts_with("[")) {
    std::size_t place = 0;
    const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), place);
    const auto used = static_cast<std::size_t>(end - rest.data());
    if (error != std::errc{} || used >= rest.size() || rest[used] != ']') return false;
    path.emplace_back(place);
    rest.remove_prefix(used + 1);
    return true;
  }
  if (!rest.starts_with(".")) return false;
  rest.remove_prefix(1);
  const bool quoted = rest.starts_with("\"");
  if (quoted) rest.remove_prefix(1);
  const std::size_t length = std::min(rest.find_first_of(quoted ? "\"" : ".["), rest.size());
  if (length == 0) return false;
  path.emplace_back(std::string(rest.substr(0, length)));
  rest.remove_prefix(std::min(length + (quoted ? 1 : 0), rest.size()));
  return true;
}

Result<Path> path_of(std::string_view text) {
  Path path;
  std::string_view rest = text;
  if (!rest.starts_with("$")) return wrong("\"" + std::string(text) + "\" does not begin with '$'");
  for (rest.remove_prefix(1); !rest.empty();) {
    if (path.size() == kMaxSteps || !take_step(rest, path))
      return wrong("\"" + std::string(text) + "\" is no path such as $.name[0]");
  }
  return path;
}

/// A text in quotes, a number, or a bare text.
Value value_of(const std::string& word) {
  if (word.size() > 1 && word.front() == '"' && word.back() == '"')
    return word.substr(1, word.size() - 2);
  if (auto number = parse_json(word); number && number->is_number()) return *std::move(number);
  return word;
}

const Value* at(const Value& data, const Path& path) {
  const Value* place = &data;
  for (const auto& step : path) {
    if (const auto* name = std::get_if<std::string>(&step)) {
      place = place->as_object() ? place->find(*name) : nullptr;
    } else {
      const Value::Array* items = place->as_array();
      const std::size_t index = std::get<std::size_t>(step);
      place = items && index < items->size() ? &(*items)[index] : nullptr;
    }
    if (!place) return nullptr;
  }
  return place;
}

}  // namespace

Result<ContentQuery::Condition> ContentQuery::condition_of(const std::vector<std::string>& words,
                                                           std::size_t at) {
  static constexpr std::array<std::pair<std::string_view, Operator>, 7> kOperators{
      {{"EQ", Operator::kEq},
       {"NE", Operator::kNe},
       {"GT", Operator::kGt},
       {"LT", Operator::kLt},
       {"GE", Operator::kGe},
       {"LE", Operator::kLe},
       {"MATCH", Operator::kMatch}}};
  if (words.size() < at + 3) return wrong("a condition is a path, a keyword and a value");
  auto path = path_of(words[at]);
  if (!path) return fail(path.error());
  const auto known = std::find_if(kOperators.begin(), kOperators.end(),
                                  [&](const auto& each) { return each.first == words[at + 1]; });
  if (known == kOperators.end())
    return wrong("\"" + words[at + 1] + "\" is none of EQ, NE, GT, LT, GE, LE, MATCH");
  Condition condition{*std::move(path), known->second, value_of(words[at + 2])};
  const bool equal = condition.op == Operator::kEq || condition.op == Operator::kNe;
  if (!equal && condition.value.is_number() == (condition.op == Operator::kMatch)) {
    return wrong(words[at + 1] + " needs a " +
                 (condition.op == Operator::kMatch ? "text" : "number") + ", not " + words[at + 2]);
  }
  return condition;
}

Result<ContentQuery> ContentQuery::parse(std::string_view text) {
  auto words = words_of(text);
  if (!words) return fail(words.error());
  ContentQuery query;
  query.any_of_.emplace_back();
  for (std::size_t at = 0, count = 1;; at += 4, ++count) {
    if (count > kMaxConditions)
      return wrong("more than " + std::to_string(kMaxConditions) + " conditions");
    auto condition = condition_of(*words, at);
    if (!condition) return fail(condition.error());
    query.any_of_.back().push_back(*std::move(condition));
    if (words->size() == at + 3) return query;
    const std::string& joint = (*words)[at + 3];
    if (joint == "OR")
      query.any_of_.emplace_back();
    else if (joint != "AND")
      return wrong("\"" + joint + "\" stands where AND or OR must");
  }
}

bool ContentQuery::holds(const Condition& condition, const Value& data) {
  const Value* found = at(data, condition.path);
  if (!found) return false;
  if (condition.value.is_number()) {
    if (!found->is_number()) return false;
    const double left = *found->as_number(), right = *condition.value.as_number();
    switch (condition.op) {
      case Operator::kEq:
        return left == right;
      case Operator::kNe:
        return left != right;
      case Operator::kGt:
        return left > right;
      case Operator::kLt:
        return left < right;
      case Operator::kGe:
        return left >= right;
      case Operator::kLe:
        return left <= right;
      case Operator::kMatch:
        return false;
    }
  }
  const std::string *left = found->as_string(), *right = condition.value.as_string();
  if (!left) return false;
  if (condition.op == Operator::kMatch) return left->find(*right) != std::string::npos;
  return (*left == *right) == (condition.op == Operator::kEq);
}

bool ContentQuery::matches(const Value& data) const {
  return std::any_of(any_of_.begin(), any_of_.end(), [&data](const auto& all) {
    return std::all_of(all.begin(), all.end(),
                       [&data](const Condition& condition) { return holds(condition, data); });
  });
}

}  // namespace gatehouse
