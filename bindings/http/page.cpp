#include "bindings/http/page.h"

#include "bindings/http/media_type.h"

namespace gatehouse::http {

std::string_view find_header(const std::vector<HeaderField>& headers, std::string_view name) {
  for (const HeaderField& field : headers) {
    if (equal_ignoring_case(field.name, name)) return field.value;
  }
  return {};
}

}  // namespace gatehouse::http
