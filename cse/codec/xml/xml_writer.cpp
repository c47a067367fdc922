#include "cse/codec/xml/xml_writer.h"

#include <algorithm>
#include <set>

#include "cse/codec/json.h"
#include "cse/codec/xml/namespaces.h"
#include "cse/codec/xml/scalars.h"
#include "cse/codec/xml/shapes.h"

namespace gatehouse::xml {
namespace {

constexpr std::size_t kMaxPrefixes = 24;  ///< declared at one document element
constexpr std::string_view kDeclaration = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>";

/// A carriage return would be read as a line feed; in attributes every blank as a space.
void append_escaped(std::string& out, std::string_view text, bool in_attribute) {
  for (const char c : text) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '\r':
        out += "&#13;";
        break;
      case '"':
      case '\n':
      case '\t':
        if (in_attribute) {
          out += c == '"' ? "&quot;" : c == '\n' ? "&#10;" : "&#9;";
          break;
        }
        [[fallthrough]];
      default:
        out += c;
    }
  }
}

/// The JSON of a value, less the two characters that JSON may hold as they are and XML not.
std::string json_without_forbidden(const Value& value) {
  std::string json = to_json(value);
  constexpr std::pair<std::string_view, std::string_view> kForbidden[] = {
      {"\xEF\xBF\xBE", "\\ufffe"}, {"\xEF\xBF\xBF", "\\uffff"}};
  for (const auto& [character, escape] : kForbidden) {
    for (std::size_t at = json.find(character); at != json.npos; at = json.find(character, at)) {
      json.replace(at, character.size(), escape);
    }
  }
  return json;
}

class Writer {
 public:
  explicit Writer(const Schemas& schemas) : schemas_(schemas) {}

  std::string write(std::string_view name, const Value& value) {
    element(name, root_shape(schemas_, name), value);
    // Which prefixes are needed is known now; they are declared at the document element.
    std::string declarations;
    for (const std::string& prefix : prefixes_) {
      declarations += " xmlns:" + prefix + "=\"" + uri_of(prefix) + "\"";
    }
    out_.insert(1 + name.size(), declarations);
    return std::string(kDeclaration) + out_;
  }

 private:
  /// The element, in its plain form if that reads back as the same value.
  void element(std::string_view name, const Shape& shape, const Value& value) {
    const std::size_t begin = out_.size();
    if (plain(name, shape, value)) return;
    out_.resize(begin);
    prefixes_.insert("json");
    open(name, " json:is=\"true\"");
    append_escaped(out_, json_without_forbidden(value), false);
    close(name);
  }

  bool plain(std::string_view name, const Shape& shape, const Value& value);
  bool list(std::string_view name, const Shape& shape, const Value::Array& items);
  bool words(std::string_view name, const Shape& shape, const Value::Array& items);
  bool scalar(std::string_view name, const Shape& shape, const Value& value);
  bool object(std::string_view name, const Shape& shape, const Value::Object& members);
  bool attributed(std::string_view name, const Shape& shape, const Value::Object& members);

  void open(std::string_view name, std::string_view attributes = {}) {
    const std::size_t colon = name.find(':');
    if (colon != std::string_view::npos) prefixes_.emplace(name.substr(0, colon));
    ((out_ += '<') += name) += attributes;
    out_ += '>';
  }
  void close(std::string_view name) { ((out_ += "</") += name) += '>'; }
  bool empty(std::string_view name, std::string_view attributes = {}) {
    open(name, attributes);
    out_.insert(out_.size() - 1, 1, '/');
    return true;
  }
  /// May stand as an element: an XML name, whose prefix can be declared.
  bool is_writable(std::string_view name) {
    if (!is_element_name(name)) return false;
    const std::size_t colon = name.find(':');
    if (colon == std::string_view::npos) return true;
    std::string prefix(name.substr(0, colon));
    if (prefixes_.size() >= kMaxPrefixes && !prefixes_.contains(prefix)) return false;
    prefixes_.insert(std::move(prefix));
    return true;
  }
  bool empty_not_null(std::string_view name) {
    prefixes_.insert("xsi");
    return empty(name, " xsi:nil=\"false\"");
  }
  void typed(std::string_view name, std::string_view xsd_type, std::string_view text) {
    prefixes_.insert("xsi");
    prefixes_.insert("xs");
    open(name, " xsi:type=\"" + std::string(xsd_type) + "\"");
    append_escaped(out_, text, false);
    close(name);
  }

  const Schemas& schemas_;
  std::string out_;
  std::set<std::string> prefixes_;
};

bool Writer::plain(std::string_view name, const Shape& shape, const Value& value) {
  if (value.is_null()) return !(shape.is_root && shape.is_object()) && empty(name);
  const Value::Array* items = value.as_array();
  if (shape.type.list) return items && list(name, shape, *items);
  if (const Value::Object* members = value.as_object()) {
    if (shape.attributed) return attributed(name, shape, *members);
    return (shape.is_object() || shape.is_any()) && object(name, shape, *members);
  }
  if (!items) return !shape.is_object() && scalar(name, shape, value);
  // Untyped: an element for each of several items; a single one would not be taken for a list.
  if (!shape.is_any() || items->size() < 2 || out_.empty()) return false;
  return std::all_of(items->begin(), items->end(), [&](const Value& item) {
    const std::string* text = item.as_string();
    return !item.is_array() && !item.is_null() && !(text && text->empty()) &&
           plain(name, shape, item);
  });
}

bool Writer::list(std::string_view name, const Shape& shape, const Value::Array& items) {
  if (items.empty()) return empty_not_null(name);
  if (!shape.separate) return words(name, shape, items);
  const Shape item_shape = item_of(shape);
  return std::all_of(items.begin(), items.end(), [&](const Value& item) {
    const std::string* text = item.as_string();
    const Value::Object* members = item.as_object();
    const bool says_nothing = item.is_null() || item.is_array() ||
                              (text && trimmed(*text).empty()) ||
                              (members && members->empty() && !shape.is_root);
    return !says_nothing && plain(name, item_shape, item);
  });
}

bool Writer::words(std::string_view name, const Shape& shape, const Value::Array& items) {
  bool all_strings = true;
  bool fits = true;
  std::string joined;
  for (const Value& item : items) {
    const auto text = text_of(item);
    if (!text || text->empty()) return false;
    all_strings = all_strings && item.is_string();
    fits = fits && text->find_first_of(kBlanks) == std::string::npos &&
           interpret(shape.type, *text) == item;
    if (!joined.empty()) joined += ' ';
    joined += *text;
  }
  if (fits) {
    open(name);
    append_escaped(out_, joined, false);
    close(name);
    return true;
  }
  if (!all_strings || (out_.empty() && items.size() > 1)) return false;
  for (const Value& item : items) typed(name, "xs:string", *item.as_string());
  return true;
}

bool Writer::scalar(std::string_view name, const Shape& shape, const Value& value) {
  const auto text = text_of(value);
  if (!text) return false;
  if (text->empty()) return empty_not_null(name);
  if (interpret(shape.type, *text) != value) {
    typed(name, xsd_type_of(value), *text);
    return true;
  }
  open(name);
  append_escaped(out_, *text, false);
  close(name);
  return true;
}

/// `<ch nm="cnt1" typ="3">address</ch>`
bool Writer::attributed(std::string_view name, const Shape& shape, const Value::Object& members) {
  std::string attributes;
  std::string content;
  for (const Member& member : members) {
    const auto text = text_of(member.value);
    const Shape member_is = member_shape(schemas_, shape, member.name);
    if (!text || trimmed(*text).empty() || member.name.find(':') != std::string::npos ||
        !is_element_name(member.name) || member_is.type.list ||
        interpret(member_is.type, *text) != member.value) {
      return false;
    }
    if (member.name == "val") {
      content = *text;
      continue;
    }
    ((attributes += ' ') += member.name) += "=\"";
    append_escaped(attributes, *text, true);
    attributes += '"';
  }
  if (content.empty()) return false;
  open(name, attributes);
  append_escaped(out_, content, false);
  close(name);
  return true;
}

bool Writer::object(std::string_view name, const Shape& shape, const Value::Object& members) {
  if (members.empty()) {
    if (shape.is_any()) return false;
    return shape.is_root ? empty(name) : empty_not_null(name);
  }
  std::vector<const Member*> ordered;
  ordered.reserve(members.size());
  std::string attributes;
  for (const Member& member : members) {
    if (!is_writable(member.name)) return false;
    const std::string* text = member.value.as_string();
    if (shape.resource && member.name == "rn" && text && is_xml_text(*text) &&
        trimmed(*text).size() == text->size()) {
      attributes = " rn=\"";
      append_escaped(attributes, *text, true);
      attributes += '"';
    } else {
      ordered.push_back(&member);
    }
  }
  if (!shape.is_any()) {
    std::stable_sort(ordered.begin(), ordered.end(), [&shape](const Member* a, const Member* b) {
      return position_of(shape, a->name) < position_of(shape, b->name);
    });
  }
  if (ordered.empty()) return empty(name, attributes);
  open(name, attributes);
  for (const Member* member : ordered) {
    element(member->name, member_shape(schemas_, shape, member->name), member->value);
  }
  close(name);
  return true;
}

}  // namespace

std::string write_document(const Value& value, const Schemas& schemas) {
  Writer writer(schemas);
  const Value::Object* members = value.as_object();
  if (!members) return writer.write("json:value", value);
  if (members->size() == 1 && is_element_name(members->front().name) &&
      members->front().name.find(':') != std::string::npos) {
    return writer.write(members->front().name, members->front().value);
  }
  if (value.contains("rsc")) return writer.write("m2m:rsp", value);
  return writer.write("m2m:rqp", value);
}

}  // namespace gatehouse::xml
