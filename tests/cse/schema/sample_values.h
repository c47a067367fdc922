#pragma once
#include "cse/schema/complex_types.h"
#include "cse/schema/schema.h"

namespace gatehouse::test {

/// A value that fits the shape, with every mandatory member and nothing else.
inline Value sample(const DataType& type) {
  DataType item = type;
  item.list = false;
  if (type.list) return Value::array({sample(item)});
  switch (type.kind) {
    case Kind::kSerialization:
      return "application/json";
    case Kind::kBoolean:
      return true;
    case Kind::kInteger:
    case Kind::kUnsigned:
    case Kind::kPositive:
    case Kind::kFloat:
      return 1;
    case Kind::kTimestamp:
    case Kind::kAbsRelTimestamp:
      return "20270131T120000";
    case Kind::kDuration:
      return "PT10S";
    case Kind::kScheduleEntry:
      return "* * * * * * *";
    case Kind::kIpv4:
      return "10.0.0.0/8";
    case Kind::kIpv6:
      return "2001:db8::/32";
    case Kind::kBase64:
      return "AAAA";
    case Kind::kEnumeration:
      return type.enumeration->values.front().value;
    case Kind::kObject: {
      if (type.members.data() == complex_types::kGeoCoordinatesMembers)
        return Value::object({{"typ", 1}, {"crd", "[8.5, 49.0]"}});
      Value object = Value::object();
      for (const MemberRule& member : type.members) {
        if (member.mandatory) object.set(member.short_name, sample(member.type));
      }
      return object;
    }
    default:
      return "sample";
  }
}

/// The smallest content of a CREATE that the table allows.
inline Value minimal_create(const TypeSchema& schema) {
  Value attributes = Value::object();
  for (const AttributeRule& rule : schema.rules) {
    if (rule.create == Need::kMandatory) attributes.set(rule.short_name, sample(rule.type));
  }
  if (schema.management_definition != 0) attributes.set("mgd", schema.management_definition);
  if (!schema.container_definition.empty())
    attributes.set("cnd", std::string(schema.container_definition));
  return attributes;
}

/// The text of a refusal; empty where there is none.
inline std::string refusal(const Result<void>& result) {
  return result ? std::string() : result.error().detail;
}

}  // namespace gatehouse::test
