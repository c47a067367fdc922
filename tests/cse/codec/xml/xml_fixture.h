#pragma once
#include <random>

#include "cse/codec/cbor.h"
#include "cse/codec/json.h"
#include "cse/codec/xml/xml.h"
#include "cse/schema/schema.h"
#include "mgmt-objects/management_objects.h"

namespace gatehouse::test {

/// Every resource type that the program knows, and the codecs over them.
struct XmlFixture {
  XmlFixture() {
    add_standard_types(schemas);
    add_management_objects(schemas);
    add_announced_variants(schemas, owned_schemas, owned_rules);
  }

  std::string encode(std::string_view json) const { return xml.encode(*parse_json(json)); }
  /// The JSON of a document, or the text of its refusal.
  std::string decode(std::string_view document, const DecodeLimits& limits = {}) const {
    const Result<Value> value = xml.decode(document, limits);
    return value ? to_json(*value) : value.error().detail;
  }

  Schemas schemas;
  std::vector<std::unique_ptr<TypeSchema>> owned_schemas;
  std::vector<std::unique_ptr<std::vector<AttributeRule>>> owned_rules;
  XmlCodec xml{schemas};
};

/// Values that fit a data type; the same seed makes the same values.
class RandomAttributes {
 public:
  explicit RandomAttributes(unsigned seed) : engine_(seed) {}

  Value of(const DataType& type) {
    if (!type.list) return one(type);
    DataType item = type;
    item.list = false;
    Value list = Value::array();
    for (std::uint64_t n = type.non_empty ? 1 + below(3) : below(4); n > 0; --n) {
      list.push_back(one(item));
    }
    return list;
  }
  /// All attributes of the type, each present with a chance of three in four.
  Value resource(const TypeSchema& schema) {
    Value attributes = Value::object();
    for (const AttributeRule& rule : universal_rules()) maybe(attributes, rule);
    for (const AttributeRule& rule : schema.rules) maybe(attributes, rule);
    return attributes;
  }
  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }

 private:
  void maybe(Value& attributes, const AttributeRule& rule) {
    if (below(4) > 0) attributes.set(rule.short_name, of(rule.type));
  }
  Value one(const DataType& type) {
    switch (type.kind) {
      case Kind::kBoolean:
        return below(2) == 1;
      case Kind::kInteger:
        return static_cast<std::int64_t>(engine_()) >> below(64);
      case Kind::kUnsigned:
        return static_cast<std::int64_t>(engine_() >> (1 + below(62)));
      case Kind::kPositive:
        return static_cast<std::int64_t>(1 + below(1'000'000));
      case Kind::kFloat:
        return below(2) ? Value(static_cast<double>(below(1000)) / 8)
                        : Value(static_cast<int>(below(1000)));
      case Kind::kTimestamp:
      case Kind::kAbsRelTimestamp:
        return "20270131T120000,123456";
      case Kind::kDuration:
        return "P1DT2H";
      case Kind::kEnumeration:
        return type.enumeration->values[below(type.enumeration->values.size())].value;
      case Kind::kObject:
        return object(type);
      case Kind::kAny:
        return any();
      case Kind::kString:
        return text({"plain", "two words", " \xC3\xBC<&>\"'", "a\nb\tc", "]]>", "&amp;", "1", "x"});
      default:
        return text({"a", "/id-in/CAE1", "http://h:80/p?a=b&c=d", "AAAA=="});
    }
  }
  Value object(const DataType& type) {
    Value object = Value::object();
    for (const MemberRule& member : type.members) {
      if (member.mandatory || below(2)) object.set(member.short_name, of(member.type));
    }
    return object;
  }
  Value any() {
    switch (below(6)) {
      case 0:
        return 21.5;
      case 1:
        return static_cast<int>(below(100));
      case 2:
        return Value::object({{"a", 1}, {"b", Value::array({1, "two", true})}});
      case 3:
        return Value::array({Value::array({}), "x"});
      case 4:
        return true;
      default:
        return text({"", "text", "\x01 control"});
    }
  }
  Value text(std::initializer_list<const char*> choices) {
    return *(choices.begin() + below(choices.size()));
  }

  std::mt19937_64 engine_;
};

}  // namespace gatehouse::test
