#include "cse/primitive/identifiers.h"

#include <algorithm>

namespace gatehouse {
namespace {

constexpr std::size_t kMaxAddressBytes = 1024;

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_unreserved(char c) { return is_alphanumeric(c) || c == '-' || c == '.' || c == '_'; }

bool is_unreserved_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_unreserved);
}

}  // namespace

Result<Address> parse_address(std::string_view to) {
  if (to.empty()) return fail(Rsc::kBadRequest, "to: the address is empty");
  if (to.size() > kMaxAddressBytes) {
    return fail(Rsc::kBadRequest, "to: the address is longer than 1024 bytes");
  }
  if (to.back() == '/') return fail(Rsc::kBadRequest, "to: the address ends with '/'");
  Address address;
  std::string_view rest = to;
  const auto take_segment = [&rest] {
    const std::size_t slash = std::min(rest.find('/'), rest.size());
    const std::string_view segment = rest.substr(0, slash);
    rest.remove_prefix(std::min(slash + 1, rest.size()));
    return segment;
  };
  if (rest.starts_with("//")) {
    rest.remove_prefix(2);
    address.scope = Address::Scope::kAbsolute;
    const std::string_view domain = take_segment();
    if (!is_unreserved_text(domain)) {
      return fail(Rsc::kBadRequest, "to: no M2M-SP-ID behind '//'");
    }
    address.sp_id = "//" + std::string(domain);
  } else if (rest.starts_with('/')) {
    rest.remove_prefix(1);
    address.scope = Address::Scope::kSpRelative;
  }
  if (address.scope != Address::Scope::kCseRelative) {
    const std::string_view cse = take_segment();
    if (!is_unreserved_text(cse))
      return fail(Rsc::kBadRequest, "to: the CSE-ID is missing or malformed");
    address.cse_id = "/" + std::string(cse);
  }
  while (!rest.empty()) {
    const std::string_view segment = take_segment();
    if (!is_unreserved_text(segment)) {
      return fail(Rsc::kBadRequest,
                  "to: a part of the path is empty or has a character other than "
                  "letters, digits, '-', '.' and '_'");
    }
    address.segments.emplace_back(segment);
  }
  return address;
}

bool is_resource_name(std::string_view name) {
  return is_unreserved_text(name) && is_alphanumeric(name.front());
}

bool is_cse_id(std::string_view id) {
  if (id.starts_with("//")) {
    id.remove_prefix(2);
    const std::size_t slash = id.find('/');
    if (slash == std::string_view::npos || !is_unreserved_text(id.substr(0, slash))) return false;
    id.remove_prefix(slash);
  }
  return id.starts_with('/') && is_unreserved_text(id.substr(1));
}

bool is_ae_id_stem(std::string_view id) {
  return is_unreserved_text(id) && (id.front() == 'C' || id.front() == 'S');
}

}  // namespace gatehouse
