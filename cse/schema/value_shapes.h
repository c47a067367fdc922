#pragma once
#include "cse/schema/schema.h"

/// Words for the attribute tables: `kUnsigned`, `list_of(kUri)`, `one_of(enumerations::kStatus)`.
namespace gatehouse::shape {

inline constexpr DataType kString{Kind::kString};
inline constexpr DataType kToken{Kind::kToken};
inline constexpr DataType kSerialization{Kind::kSerialization};
inline constexpr DataType kNcName{Kind::kNcName};
inline constexpr DataType kResourceName{Kind::kResourceName};
inline constexpr DataType kId{Kind::kId};
inline constexpr DataType kUri{Kind::kUri};
inline constexpr DataType kBoolean{Kind::kBoolean};
inline constexpr DataType kInteger{Kind::kInteger};
inline constexpr DataType kUnsigned{Kind::kUnsigned};
inline constexpr DataType kPositive{Kind::kPositive};
inline constexpr DataType kFloat{Kind::kFloat};
inline constexpr DataType kTimestamp{Kind::kTimestamp};
inline constexpr DataType kAbsRelTimestamp{Kind::kAbsRelTimestamp};
inline constexpr DataType kDuration{Kind::kDuration};
inline constexpr DataType kScheduleEntry{Kind::kScheduleEntry};
inline constexpr DataType kIpv4{Kind::kIpv4};
inline constexpr DataType kIpv6{Kind::kIpv6};
inline constexpr DataType kBase64{Kind::kBase64};
inline constexpr DataType kAny{Kind::kAny};

/// A list, maybe empty, of such items.
constexpr DataType list_of(DataType item) {
  item.list = true;
  return item;
}

/// A list of at least one such item.
constexpr DataType some_of(DataType item) {
  item.list = true;
  item.non_empty = true;
  return item;
}

/// A value of that enumeration, which must outlive the shape.
constexpr DataType one_of(const Enumeration& enumeration) {
  DataType type{Kind::kEnumeration};
  type.enumeration = &enumeration;
  return type;
}

/// An object of these members, which must outlive the shape.
constexpr DataType object_of(std::span<const MemberRule> members) {
  DataType type{Kind::kObject};
  type.members = members;
  return type;
}

/// The same shape with a rule of its own (see DataType::rule).
constexpr DataType with_rule(DataType type, std::string (*rule)(const Value&)) {
  type.rule = rule;
  return type;
}

}  // namespace gatehouse::shape
