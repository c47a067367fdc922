#include "cse/core/request_size.h"

namespace gatehouse {

std::size_t bytes_of(const Value& content) {  // as deep as a codec lets it be
  std::size_t bytes = sizeof(Value);
  if (const std::string* text = content.as_string()) {
    bytes += text->size();
  } else if (const Value::Object* members = content.as_object()) {
    for (const Member& member : *members) bytes += member.name.size() + bytes_of(member.value);
  } else if (const Value::Array* items = content.as_array()) {
    for (const Value& item : *items) bytes += bytes_of(item);
  }
  return bytes;
}

}  // namespace gatehouse
