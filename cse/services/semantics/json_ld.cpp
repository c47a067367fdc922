#include "cse/services/semantics/json_ld.h"

#include <algorithm>
#include <cctype>
#include <map>

#include "cse/codec/json.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxTriples = 100'000;
constexpr const char* kRdfType = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type";
constexpr const char* kXsd = "http://www.w3.org/2001/XMLSchema#";

bool is_absolute(const std::string& iri) { return iri.find(':') != std::string::npos; }
bool is_keyword(const std::string& name) { return name.starts_with('@'); }

/// IRIs stand between angle brackets: nothing may end them early.
bool is_safe_iri(const std::string& iri) {
  return is_absolute(iri) && std::none_of(iri.begin(), iri.end(), [](unsigned char c) {
           return c <= ' ' || c == '<' || c == '>' || c == '"' || c == '\\' || c == '{' ||
                  c == '}' || c == '|' || c == '^' || c == '`';
         });
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      default:
        out += c;
    }
  }
  return out + '"';
}

struct Term {
  std::string iri;
  std::string type;  ///< "@id", "@vocab", or a datatype's IRI; empty: none
};

struct Context {
  std::map<std::string, Term> terms;
  std::string vocabulary, language;
};

class Converter {
 public:
  explicit Converter(std::string_view blank_prefix) : blank_prefix_(blank_prefix) {}

  Result<void> document(const Value& value, const Context& context) {
    if (const Value::Array* nodes = value.as_array()) {
      for (const Value& node : *nodes) {
        if (auto done = document(node, context); !done) return done;
      }
      return {};
    }
    auto subject = node(value, context);
    if (!subject) return fail(subject.error());
    return {};
  }
  std::string take() { return std::move(lines_); }

 private:
  static tl::unexpected<Error> refuse(const std::string& why) {
    return fail(Rsc::kBadRequest, "JSON-LD: " + why);
  }

  static std::string expanded(const std::string& name, const Context& context, bool vocabulary) {
    if (const auto term = context.terms.find(name); vocabulary && term != context.terms.end())
      return term->second.iri;
    const std::size_t colon = name.find(':');
    if (colon != std::string::npos && name.compare(colon, 3, "://") != 0) {
      const auto prefix = context.terms.find(name.substr(0, colon));
      if (prefix != context.terms.end()) return prefix->second.iri + name.substr(colon + 1);
    }
    if (colon == std::string::npos && vocabulary && !context.vocabulary.empty())
      return context.vocabulary + name;
    return name;
  }

  static Result<void> extend(Context& context, const Value& definition) {
    if (definition.is_null()) {
      context = {};
      return {};
    }
    if (const Value::Array* parts = definition.as_array()) {
      for (const Value& part : *parts) {
        if (auto done = extend(context, part); !done) return done;
      }
      return {};
    }
    if (!definition.as_object())
      return refuse("a @context must stand in the document, not at another address");
    for (const Member& member : *definition.as_object()) {
      const std::string* text = member.value.as_string();
      if (member.name == "@vocab") context.vocabulary = text ? *text : "";
      if (member.name == "@language") context.language = text ? *text : "";
      if (is_keyword(member.name)) continue;
      if (text) context.terms[member.name] = {*text, ""};
      if (!member.value.as_object()) continue;
      if (member.value.contains("@reverse") || member.value.contains("@container"))
        return refuse("@reverse and @container are not understood here");
      context.terms[member.name] = {member.value.string_at("@id", member.name),
                                    member.value.string_at("@type")};
    }
    for (auto& [name, term] : context.terms) {  // a term may be made of a prefix
      if (term.iri != name) term.iri = expanded(term.iri, context, false);
      if (!term.type.empty() && !is_keyword(term.type))
        term.type = expanded(term.type, context, true);
    }
    return {};
  }

  Result<std::string> reference(const std::string& id, const Context& context, bool vocabulary) {
    if (id.starts_with("_:")) return "_:b" + blank_prefix_ + "n" + hex(id.substr(2));
    const std::string iri = expanded(id, context, vocabulary);
    if (!is_safe_iri(iri)) return refuse("\"" + id.substr(0, 100) + "\" is no absolute IRI");
    return "<" + iri + ">";
  }

  /// Labels of blank nodes, whatever stands in them.
  static std::string hex(const std::string& text) {
    static constexpr char kDigits[] = "0123456789abcdef";
    std::string out;
    for (const unsigned char c : text) {
      out += kDigits[c >> 4];
      out += kDigits[c & 15];
    }
    return out;
  }

  Result<void> add(const std::string& subject, const std::string& predicate,
                   const std::string& object) {
    if (++count_ > kMaxTriples) return refuse("more than 100000 triples");
    lines_ += subject + " <" + predicate + "> " + object + " .\n";
    return {};
  }

  Result<std::string> node(const Value& value, Context context) {
    if (!value.as_object()) return refuse("a node must be an object");
    if (const Value* definition = value.find("@context")) {
      if (auto done = extend(context, *definition); !done) return fail(done.error());
    }
    std::string subject = "_:b" + blank_prefix_ + "a" + std::to_string(++blanks_);
    if (const Value* id = value.find("@id")) {
      auto named = reference(id->as_string() ? *id->as_string() : "", context, false);
      if (!named) return named;
      subject = *std::move(named);
    }
    for (const Member& member : *value.as_object()) {
      if (auto done = property(subject, member, context); !done) return fail(done.error());
    }
    return subject;
  }

  Result<void> property(const std::string& subject, const Member& member, const Context& context) {
    if (member.name == "@context" || member.name == "@id") return {};
    if (member.name == "@graph") return document(member.value, context);
    if (member.name == "@type") {
      for (const std::string& type : Value::object({{"t", member.value}}).strings_at("t")) {
        auto object = reference(type, context, true);
        if (!object) return fail(object.error());
        if (auto added = add(subject, kRdfType, *object); !added) return added;
      }
      return {};
    }
    if (is_keyword(member.name)) return refuse(member.name + " is not understood here");
    const std::string predicate = expanded(member.name, context, true);
    if (!is_absolute(predicate)) return {};  // JSON-LD 1.0: what maps to no IRI is ignored
    if (!is_safe_iri(predicate)) return refuse("\"" + predicate.substr(0, 100) + "\" is no IRI");
    const auto term = context.terms.find(member.name);
    const std::string coercion = term == context.terms.end() ? "" : term->second.type;
    return values(subject, predicate, member.value, coercion, context);
  }

  Result<void> values(const std::string& subject, const std::string& predicate, const Value& value,
                      const std::string& coercion, const Context& context) {
    const Value* set = value.find("@set");
    if (const Value::Array* items = set ? set->as_array() : value.as_array()) {
      for (const Value& item : *items) {
        if (auto done = values(subject, predicate, item, coercion, context); !done) return done;
      }
      return {};
    }
    if (value.is_null()) return {};
    auto object = object_of(value, coercion, context);
    if (!object) return fail(object.error());
    return add(subject, predicate, *object);
  }

  Result<std::string> object_of(const Value& value, const std::string& coercion,
                                const Context& context) {
    if (value.as_object()) {
      if (value.contains("@list")) return refuse("@list is not understood here");
      const Value* literal = value.find("@value");
      if (!literal) return node(value, context);
      const std::string type = value.string_at("@type");
      const std::string language = value.string_at("@language");
      return object_of_literal(*literal, type.empty() ? "" : expanded(type, context, true),
                               language);
    }
    const std::string* text = value.as_string();
    if (text && (coercion == "@id" || coercion == "@vocab"))
      return reference(*text, context, coercion == "@vocab");
    return object_of_literal(value, is_keyword(coercion) ? "" : coercion, context.language);
  }

  static Result<std::string> object_of_literal(const Value& value, std::string type,
                                               const std::string& language) {
    const std::string* text = value.as_string();
    if (text && type.empty()) {
      const bool tag =
          !language.empty() && std::all_of(language.begin(), language.end(), [](unsigned char c) {
            return std::isalnum(c) != 0 || c == '-';
          });
      return quoted(*text) + (tag ? "@" + language : "");
    }
    if (type.empty()) {
      type = kXsd + std::string(value.is_bool()      ? "boolean"
                                : value.is_integer() ? "integer"
                                                     : "double");
    }
    if (!is_safe_iri(type)) return refuse("a datatype must be an IRI");
    return quoted(text ? *text : to_json(value)) + "^^<" + type + ">";
  }

  const std::string blank_prefix_;
  std::string lines_;
  std::size_t count_ = 0, blanks_ = 0;
};

}  // namespace

Result<std::string> triples_of_json_ld(const Value& document, std::string_view blank_prefix) {
  Converter converter(blank_prefix);
  if (auto done = converter.document(document, {}); !done) return fail(done.error());
  return converter.take();
}

}  // namespace gatehouse
