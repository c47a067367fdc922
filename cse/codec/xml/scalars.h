#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "cse/schema/schema.h"

/// Private to this folder: single values as XML text.
namespace gatehouse::xml {

inline constexpr std::string_view kBlanks = " \t\r\n";

/// Without blanks at both ends.
std::string_view trimmed(std::string_view text);

/// The value that a text means for a type; what does not fit the type stays text, so that the check
/// of the attributes can say so. `type.list` is of no account.
Value interpret(const DataType& type, std::string_view text);

/// The value that a text means under an xsi:type, its prefix left out ("integer"); nullopt if that
/// type is none of ours.
std::optional<Value> interpret_as(std::string_view xsd_type, std::string_view text);

/// The text of a boolean, a number or a string; nullopt for anything else, and for what XML cannot
/// carry (control characters, bytes that are not UTF-8).
std::optional<std::string> text_of(const Value& value);
/// The xsi:type of that value: "xs:string", "xs:integer" …
std::string_view xsd_type_of(const Value& value);

/// True if XML 1.0 allows all characters, and they are UTF-8. Source: XML 1.0 production 2.
bool is_xml_text(std::string_view text);

}  // namespace gatehouse::xml
