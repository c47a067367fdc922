#pragma once
#include <cstdint>
#include <string>
#include <string_view>

/// Small pieces of which both directions build a message.
namespace gatehouse::http {

void append_number(std::string& out, std::int64_t number);
/// The value of a field; control characters become spaces, so that nobody can smuggle a line in.
void append_field_value(std::string& out, std::string_view value);
/// "Name: value\r\n".
void append_field(std::string& out, std::string_view name, std::string_view value);

}  // namespace gatehouse::http
