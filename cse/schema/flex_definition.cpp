#include "cse/schema/flex_definition.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>

#include "cse/codec/json.h"
#include "cse/schema/attribute_rows.h"
#include "cse/schema/value_check.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxDefinitions = 10'000;
constexpr std::size_t kMaxAttributes = 1'000;    // of one definition
constexpr std::size_t kMaxEnumerators = 10'000;  // of one attribute
constexpr std::size_t kMaxNameBytes = 200;

struct NamedType {
  std::string_view name;
  DataType type;
};

/// Names that TS-0023, TS-0004 and files in the field use, in lower case.
constexpr NamedType kTypes[] = {
    {"string", shape::kString},
    {"token", shape::kString},
    {"time", shape::kString},
    {"date", shape::kString},
    {"datetime", shape::kString},
    {"schedule", shape::kString},
    {"ipv4address", shape::kString},
    {"ncname", shape::kNcName},
    {"id", shape::kId},
    {"imsi", shape::kId},
    {"anyuri", shape::kUri},
    {"boolean", shape::kBoolean},
    {"integer", shape::kInteger},
    {"nonneginteger", shape::kUnsigned},
    {"unsignedint", shape::kUnsigned},
    {"unsignedlong", shape::kUnsigned},
    {"positiveinteger", shape::kPositive},
    {"float", shape::kFloat},
    {"timestamp", shape::kTimestamp},
    {"absreltimestamp", shape::kAbsRelTimestamp},
    {"duration", shape::kDuration},
    {"base64", shape::kBase64},
    {"list", shape::list_of(shape::kAny)},
    {"listne", shape::some_of(shape::kAny)},
    {"any", shape::kAny},
    {"dict", shape::kAny},
    {"complex", shape::kAny},
};

/// The text without `//` comments, with spaces in their place: offsets in errors stay right.
std::string without_comments(std::string_view text) {
  std::string plain(text);
  bool in_string = false;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (plain[i] == '"') in_string = !in_string;
    if (in_string && plain[i] == '\\') ++i;
    if (in_string || plain.compare(i, 2, "//") != 0) continue;
    while (i < plain.size() && plain[i] != '\n') plain[i++] = ' ';
  }
  return plain;
}

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes &&
         std::isalpha(static_cast<unsigned char>(text[0])) != 0 &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '_' || c == '-' || c == '.';
         });
}

/// "prefix:name"
bool is_root(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != text.npos && is_name(text.substr(0, colon)) && is_name(text.substr(colon + 1));
}

tl::unexpected<Error> refuse(const std::string& where, const std::string& why) {
  return fail(Rsc::kBadRequest, where + ": " + why);
}

template <class T>
struct Word {
  std::string_view word;
  T value;
};

constexpr Word<Need> kNeeds[] = {
    {"M", Need::kMandatory}, {"O", Need::kOptional}, {"NP", Need::kNotPermitted}};
constexpr Word<Announced> kAnnouncements[] = {
    {"NA", Announced::kNever}, {"OA", Announced::kOptional}, {"MA", Announced::kAlways}};

/// The member as one of these words; left as it is where there is no such member.
template <class T, std::size_t N>
Result<void> read_word(const std::string& where, const Value& from, const char* name,
                       const Word<T> (&words)[N], T& into) {
  const Value* value = from.find(name);
  if (!value) return {};
  const std::string* text = value->as_string();
  for (const Word<T>& word : words) {
    if (!text || *text != word.word) continue;
    into = word.value;
    return {};
  }
  return refuse(where, std::string(name) + ": " + describe(*value) + " is none of its values");
}

/// 3, or "5..7".
Result<void> add_enumerators(const std::string& where, const Value& item,
                             std::set<std::int64_t>& to) {
  std::int64_t first = item.as_integer().value_or(0), last = first;
  if (const std::string* range = item.as_string()) {
    const char* end = range->data() + range->size();
    const auto low = std::from_chars(range->data(), end, first);
    const bool dots =
        low.ec == std::errc() && end - low.ptr > 2 && low.ptr[0] == '.' && low.ptr[1] == '.';
    const auto high = dots ? std::from_chars(low.ptr + 2, end, last) : low;
    if (!dots || high.ec != std::errc() || high.ptr != end || last < first)
      return refuse(where, "evalues: \"" + shortened(*range) + "\" is no range such as 5..7");
  } else if (!item.is_integer()) {
    return refuse(where, "evalues: must be integers or ranges such as \"5..7\"");
  }
  if (last - first > static_cast<std::int64_t>(kMaxEnumerators))
    return refuse(where, "evalues: too many values");
  for (std::int64_t value = first; value <= last; ++value) to.insert(value);
  return to.size() <= kMaxEnumerators ? Result<void>{} : refuse(where, "evalues: too many values");
}

Result<DataType> enumeration(const std::string& where, const Value& from, FlexDefinition& owner) {
  const Value* given = from.find("evalues");
  if (!given) return DataType{Kind::kInteger};  // values that are named elsewhere
  if (!given->as_array() || given->size() == 0)
    return refuse(where, "evalues: must be a list of integers or ranges");
  std::set<std::int64_t> numbers;
  for (const Value& item : *given->as_array()) {
    if (auto added = add_enumerators(where, item, numbers); !added) return fail(added.error());
  }
  auto values = std::make_unique<FlexDefinition::Values>();
  for (const std::int64_t number : numbers) values->items.push_back({number, ""});
  values->enumeration = {"", values->items};
  owner.enumerations.push_back(std::move(values));
  return shape::one_of(owner.enumerations.back()->enumeration);
}

Result<DataType> type_of(const std::string& where, const Value& from, const char* member,
                         FlexDefinition& owner) {
  const std::string name = from.string_at(member);
  if (name == "enum") return enumeration(where, from, owner);
  const auto known = flex_data_type(name);
  if (!known)
    return refuse(where, std::string(member) + ": \"" + shortened(name) + "\" is no type");
  return *known;
}

Result<DataType> shape_of(const std::string& where, const Value& from, FlexDefinition& owner) {
  auto type = type_of(where, from, "type", owner);
  if (!type) return type;
  std::string car = from.string_at("car", "01");
  const bool many = car.ends_with('L');
  if (many && !type->list) *type = shape::list_of(*type);
  if (type->list && from.contains("ltype")) {
    auto item = type_of(where, from, "ltype", owner);
    if (!item) return item;
    if (item->list) return refuse(where, "ltype: a list of lists is not supported");
    item->list = true;
    item->non_empty = type->non_empty;
    return item;
  }
  return type;
}

Result<FlexAttribute> attribute_of(const std::string& where_type, const Value& from,
                                   FlexDefinition& owner) {
  FlexAttribute made;
  made.short_name = from.string_at("sname");
  if (!is_name(made.short_name))
    return refuse(where_type, "sname: each attribute needs a short name of letters and digits");
  const std::string where = where_type + "/" + made.short_name;
  made.long_name = from.string_at("lname", made.short_name);
  auto type = shape_of(where, from, owner);
  if (!type) return fail(type.error());
  made.type = *type;
  const std::string car = from.string_at("car", "01");
  if (car != "1" && car != "01" && car != "1L" && car != "01L")
    return refuse(where, "car: must be 1, 01, 1L or 01L");
  made.multiplicity_one = car[0] == '1';
  if (auto read = read_word(where, from, "oc", kNeeds, made.create); !read)
    return fail(read.error());
  if (auto read = read_word(where, from, "ou", kNeeds, made.update); !read)
    return fail(read.error());
  if (made.update == Need::kMandatory) return refuse(where, "ou: must be O or NP");
  if (auto read = read_word(where, from, "annc", kAnnouncements, made.announced); !read)
    return fail(read.error());
  return made;
}

Result<std::unique_ptr<FlexDefinition>> definition_of(const Value& from) {
  auto made = std::make_unique<FlexDefinition>();
  made->root = from.string_at("type");
  if (!is_root(made->root))
    return refuse("\"" + shortened(made->root) + "\"",
                  "type: must be a name with a prefix such as my:lamp");
  made->name = from.string_at("lname", made->root.substr(made->root.find(':') + 1));
  made->container_definition = from.string_at("cnd");
  const Value* attributes = from.find("attributes");
  if (!attributes) return made;
  if (!attributes->as_array() || attributes->size() > kMaxAttributes)
    return refuse(made->root, "attributes: must be a list");
  for (const Value& item : *attributes->as_array()) {
    auto attribute = attribute_of(made->root, item, *made);
    if (!attribute) return fail(attribute.error());
    made->attributes.push_back(*std::move(attribute));
  }
  return made;
}

/// What is derived from a definition beside it: its instances, its announced variant.
bool is_derived(const std::string& root, const std::set<std::string>& all) {
  for (const std::string_view suffix : {"Annc", "Inst", "A"}) {
    if (root.ends_with(suffix) && all.contains(root.substr(0, root.size() - suffix.size())))
      return true;
  }
  return false;
}

}  // namespace

std::optional<DataType> flex_data_type(std::string_view name) {
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const NamedType& row : kTypes) {
    if (row.name == lower) return row.type;
  }
  return std::nullopt;
}

Result<std::vector<std::unique_ptr<FlexDefinition>>> parse_flex_definitions(std::string_view text) {
  auto tree = parse_json(without_comments(text));
  if (!tree) return fail(tree.error());
  const Value::Array* items = tree->as_array();
  if (!items || items->size() > kMaxDefinitions)
    return fail(Rsc::kBadRequest, "must be a list of at most " + std::to_string(kMaxDefinitions) +
                                      " definitions of flexContainers");
  std::set<std::string> roots;
  for (const Value& item : *items) roots.insert(item.string_at("type"));
  std::vector<std::unique_ptr<FlexDefinition>> definitions;
  for (const Value& item : *items) {
    if (is_derived(item.string_at("type"), roots)) continue;
    auto definition = definition_of(item);
    if (!definition) return fail(definition.error());
    definitions.push_back(*std::move(definition));
  }
  return definitions;
}

}  // namespace gatehouse
