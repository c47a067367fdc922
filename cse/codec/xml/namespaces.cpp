#include "cse/codec/xml/namespaces.h"

#include <algorithm>

namespace gatehouse::xml {
namespace {

struct Namespace {
  std::string_view prefix, uri;
};
constexpr std::string_view kProtocols = "http://www.onem2m.org/xml/protocols";
constexpr Namespace kNamespaces[] = {
    {"m2m", kProtocols},   {"hd", "http://www.onem2m.org/xml/protocols/homedomain"},
    {"xsi", kInstanceUri}, {"xs", kSchemaUri},
    {"json", kJsonUri},
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name_part(std::string_view text) {
  return !text.empty() && is_letter(text.front()) &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '.';
         });
}

}  // namespace

std::string uri_of(std::string_view prefix) {
  for (const Namespace& known : kNamespaces) {
    if (known.prefix == prefix) return std::string(known.uri);
  }
  return std::string(kProtocols) + "/" + std::string(prefix);
}

std::string_view prefix_of(std::string_view uri) {
  for (const Namespace& known : kNamespaces) {
    if (known.uri == uri) return known.prefix;
  }
  if (uri.starts_with(kProtocols) && uri.size() > kProtocols.size() + 1) {
    const std::string_view rest = uri.substr(kProtocols.size() + 1);
    if (uri[kProtocols.size()] == '/' && is_name_part(rest)) return rest;
  }
  return {};
}

bool is_element_name(std::string_view name) {
  const std::size_t colon = name.find(':');
  if (colon == std::string_view::npos) return is_name_part(name);
  const std::string_view prefix = name.substr(0, colon);
  const bool reserved =
      prefix == "xml" || prefix == "xmlns" || prefix == "xsi" || prefix == "xs" || prefix == "json";
  return !reserved && is_name_part(prefix) && is_name_part(name.substr(colon + 1));
}

}  // namespace gatehouse::xml
