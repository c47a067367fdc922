#include "cse/codec/xml/xml_reader.h"

#include <pugixml.hpp>
#include <unordered_map>

#include "cse/codec/json.h"
#include "cse/codec/xml/guard.h"
#include "cse/codec/xml/namespaces.h"
#include "cse/codec/xml/scalars.h"
#include "cse/codec/xml/shapes.h"

namespace gatehouse::xml {
namespace {

/// pugixml knows neither document types nor entities but the five; check_document refused them
/// before, so that nothing is dropped in silence.
constexpr unsigned kParseFlags = pugi::parse_cdata | pugi::parse_escapes | pugi::parse_eol |
                                 pugi::parse_wconv_attribute | pugi::parse_ws_pcdata_single;

std::pair<std::string_view, std::string_view> split_name(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return {{}, name};
  return {name.substr(0, colon), name.substr(colon + 1)};
}

/// The namespace that a prefix stands for at this place; empty if it is not declared.
std::string_view declared_uri(pugi::xml_node node, std::string_view prefix) {
  for (; node; node = node.parent()) {
    for (const pugi::xml_attribute attribute : node.attributes()) {
      const auto [head, rest] = split_name(attribute.name());
      if (head == "xmlns" && rest == prefix) return attribute.value();
      if (prefix.empty() && head.empty() && rest == "xmlns") return attribute.value();
    }
  }
  return {};
}

/// A name with the prefix that the standard uses for its namespace. A prefix that nobody declares
/// stands for itself, as in the standard's own examples.
std::string canonical_name(pugi::xml_node node) {
  const auto [prefix, local] = split_name(node.name());
  if (prefix.empty()) return std::string(local);
  const std::string_view known = prefix_of(declared_uri(node, prefix));
  return std::string(known.empty() ? prefix : known) + ":" + std::string(local);
}

/// What the attributes of an element say.
struct Markings {
  std::string_view xsi_type;  ///< without its prefix
  bool nil = false, not_nil = false, is_json = false;
  std::vector<pugi::xml_attribute> members;
};

Markings markings_of(pugi::xml_node node) {
  Markings marks;
  for (const pugi::xml_attribute attribute : node.attributes()) {
    const auto [prefix, local] = split_name(attribute.name());
    const std::string_view value = attribute.value();
    if (prefix.empty() && local != "xmlns") {
      marks.members.push_back(attribute);
    } else if (!prefix.empty() && prefix != "xmlns" && prefix != "xml") {
      const std::string_view uri = declared_uri(node, prefix);
      if (uri == kInstanceUri && local == "type")
        marks.xsi_type = split_name(trimmed(value)).second;
      if (uri == kInstanceUri && local == "nil") {
        (trimmed(value) == "true" || trimmed(value) == "1" ? marks.nil : marks.not_nil) = true;
      }
      if (uri == kJsonUri && local == "is") marks.is_json = value == "true";
    }
  }
  return marks;
}

/// The members of one element while they come: by name, in constant time.
class MemberList {
 public:
  /// nullptr if there is none of that name yet.
  Value* find(const std::string& name) {
    const auto found = index_.find(name);
    return found == index_.end() ? nullptr : &members_[found->second].value;
  }
  void add(std::string name, Value value) {
    index_.emplace(name, members_.size());
    members_.push_back(Member{std::move(name), std::move(value)});
  }
  /// True the first time that it is asked for a name.
  bool mark_repeated(const std::string& name) { return repeated_.emplace(name, true).second; }
  Value take() { return std::move(members_); }
  bool empty() const { return members_.empty(); }

 private:
  Value::Object members_;
  std::unordered_map<std::string, std::size_t> index_;
  std::unordered_map<std::string, bool> repeated_;
};

class Reader {
 public:
  Reader(const Schemas& schemas, const DecodeLimits& limits) : schemas_(schemas), limits_(limits) {}

  Result<Value> read_root(pugi::xml_node node) {
    std::string name = canonical_name(node);
    if (name.find(':') == std::string::npos) name = with_default_namespace(node, name);
    Result<Value> value = read(node, root_shape(schemas_, name));
    if (!value || name == "json:value") return value;
    return Value(Value::Object{Member{std::move(name), *std::move(value)}});
  }

 private:
  static tl::unexpected<Error> refuse(pugi::xml_node node, const std::string& problem) {
    const std::string_view name = node.name();
    return fail(Rsc::kBadRequest,
                "XML, element \"" + std::string(name.substr(0, 64)) + "\": " + problem);
  }
  /// `<ae xmlns="http://www.onem2m.org/xml/protocols">` is m2m:ae.
  static std::string with_default_namespace(pugi::xml_node node, const std::string& name) {
    const std::string_view prefix = prefix_of(declared_uri(node, ""));
    return prefix.empty() ? name : std::string(prefix) + ":" + name;
  }
  Result<void> count(pugi::xml_node node, std::size_t values = 1) {
    count_ += values;
    if (count_ <= limits_.max_values) return {};
    return refuse(node, "more than " + std::to_string(limits_.max_values) + " values");
  }

  Result<Value> read(pugi::xml_node node, const Shape& shape);
  Result<Value> read_json(pugi::xml_node node, const std::string& text);
  Result<Value> read_members(pugi::xml_node node, const Shape& shape, const Markings& marks,
                             const std::string& text);
  Result<void> take_attributes(pugi::xml_node node, const Shape& shape, const Markings& marks,
                               MemberList& members);
  Result<void> take_child(pugi::xml_node child, const Shape& parent, MemberList& members);
  Result<Value> read_words(pugi::xml_node node, const Shape& shape, std::string_view text);

  const Schemas& schemas_;
  const DecodeLimits& limits_;
  std::size_t count_ = 0;
};

std::string text_within(pugi::xml_node node) {
  std::string text;
  for (const pugi::xml_node child : node.children()) {
    if (child.type() == pugi::node_pcdata || child.type() == pugi::node_cdata) {
      text += child.value();
    }
  }
  return text;
}

bool has_elements(pugi::xml_node node) {
  for (const pugi::xml_node child : node.children()) {
    if (child.type() == pugi::node_element) return true;
  }
  return false;
}

Value empty_value(const Shape& shape) {
  if (shape.type.list) return Value::Array{};
  return shape.is_object() ? Value(Value::Object{}) : Value("");
}

Result<Value> Reader::read(pugi::xml_node node, const Shape& shape) {
  if (auto counted = count(node); !counted) return fail(counted.error());
  const Markings marks = markings_of(node);
  const std::string text = text_within(node);
  if (marks.is_json) return read_json(node, text);
  if (marks.nil) return Value();
  const Shape item = item_of(shape);
  const bool many = shape.type.list;
  const auto as_given = [many](Value value) {
    return many ? Value(Value::Array{std::move(value)}) : std::move(value);
  };
  if (has_elements(node) || !marks.members.empty() || (item.attributed && !text.empty())) {
    Result<Value> object = read_members(node, item, marks, text);
    return object ? Result<Value>(as_given(*std::move(object))) : object;
  }
  if (!marks.xsi_type.empty()) {
    if (auto typed = interpret_as(marks.xsi_type, text)) return as_given(*std::move(typed));
  }
  const bool blank = trimmed(text).empty();
  const bool is_words =
      many || item.is_object() || !(item.is_any() || item.type.kind == Kind::kString);
  if (text.empty() || (blank && is_words)) {
    if (marks.not_nil) return empty_value(shape);
    return shape.is_root && item.is_object() ? as_given(Value(Value::Object{})) : Value();
  }
  if (many && !shape.separate) return read_words(node, shape, text);
  return as_given(item.is_object() ? Value(text) : interpret(item.type, text));
}

Result<Value> Reader::read_json(pugi::xml_node node, const std::string& text) {
  DecodeLimits left = limits_;
  left.max_values = limits_.max_values - count_ + 1;
  Result<Value> value = parse_json(text, left);
  if (!value) return refuse(node, value.error().detail);
  return value;
}

/// xs:list: words parted by blanks.
Result<Value> Reader::read_words(pugi::xml_node node, const Shape& shape, std::string_view text) {
  Value::Array items;
  for (;;) {
    const std::size_t begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos) return Value(std::move(items));
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(kBlanks), text.size());
    if (auto counted = count(node); !counted) return fail(counted.error());
    items.push_back(interpret(shape.type, text.substr(0, end)));
    text.remove_prefix(end);
  }
}

Result<Value> Reader::read_members(pugi::xml_node node, const Shape& shape, const Markings& marks,
                                   const std::string& text) {
  MemberList members;
  if (auto taken = take_attributes(node, shape, marks, members); !taken) return fail(taken.error());
  const bool elements = has_elements(node);
  for (const pugi::xml_node child : node.children()) {
    if (child.type() != pugi::node_element) continue;
    if (auto taken = take_child(child, shape, members); !taken) return fail(taken.error());
  }
  if (trimmed(text).empty()) return members.take();
  if (elements || shape.resource) return refuse(node, "text beside elements or attributes");
  // A simple type with attributes: its text is "val". Source: TS-0004 clause 8.4.2 rule 10.
  if (members.find("val")) return refuse(node, "has \"val\" twice");
  members.add("val", interpret(member_shape(schemas_, shape, "val").type, text));
  return members.take();
}

Result<void> Reader::take_attributes(pugi::xml_node node, const Shape& shape, const Markings& marks,
                                     MemberList& members) {
  for (const pugi::xml_attribute attribute : marks.members) {
    std::string name = attribute.name();
    if (auto counted = count(node); !counted) return counted;
    if (members.find(name)) return refuse(node, "attribute \"" + name.substr(0, 64) + "\" twice");
    const Shape member = member_shape(schemas_, shape, name);
    Value value = member.is_object() || member.type.list
                      ? Value(attribute.value())
                      : interpret(member.type, attribute.value());
    members.add(std::move(name), std::move(value));
  }
  return {};
}

Result<void> Reader::take_child(pugi::xml_node child, const Shape& parent, MemberList& members) {
  std::string name = canonical_name(child);
  const Shape shape = member_shape(schemas_, parent, name);
  Result<Value> value = read(child, shape);
  if (!value) return fail(value.error());
  Value* present = members.find(name);
  if (!present) {
    members.add(std::move(name), *std::move(value));
    return {};
  }
  Value::Array* list = present->as_array();
  if (shape.type.list) {  // one element for each item, or one for each part of the list
    Value::Array* more = value->as_array();
    if (!list || !more) return refuse(child, "is one of several, but empty");
    for (Value& item : *more) list->push_back(std::move(item));
    return {};
  }
  if (!shape.is_any()) return refuse(child, "stands twice");
  if (members.mark_repeated(name)) {  // untyped: several of one name are a list
    Value first = std::move(*present);
    *present = Value::array();
    list = present->as_array();
    list->push_back(std::move(first));
  }
  list->push_back(*std::move(value));
  return {};
}

}  // namespace

Result<Value> read_document(std::string_view text, const Schemas& schemas,
                            const DecodeLimits& limits) {
  if (auto checked = check_document(text, limits); !checked) return fail(checked.error());
  pugi::xml_document document;
  const pugi::xml_parse_result parsed =
      document.load_buffer(text.data(), text.size(), kParseFlags, pugi::encoding_utf8);
  if (!parsed) {
    return fail(Rsc::kBadRequest,
                "XML, at byte " + std::to_string(parsed.offset) + ": " + parsed.description());
  }
  const pugi::xml_node root = document.document_element();
  if (!root) return fail(Rsc::kBadRequest, "XML: there is no document element");
  return Reader(schemas, limits).read_root(root);
}

}  // namespace gatehouse::xml
