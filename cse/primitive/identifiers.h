#pragma once
#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse {

/// An unstructured resource identifier (`ri`), unique within its CSE: "cin2Hs8f…", "CAE1".
struct ResourceId {
  std::string text;
  bool empty() const { return text.empty(); }
  friend auto operator<=>(const ResourceId&, const ResourceId&) = default;
};

/// What a `to` says, before anybody looked whether it exists. Source: TS-0001 clause 7.2, TS-0004
/// clause 6.2.
struct Address {
  enum class Scope { kCseRelative, kSpRelative, kAbsolute };
  Scope scope = Scope::kCseRelative;
  std::string sp_id;   ///< "//sp.example" for kAbsolute, else empty
  std::string cse_id;  ///< "/id-mn" for kSpRelative and kAbsolute, else empty
  std::vector<std::string>
      segments;  ///< the path behind it; the first is `ri`, the CSEBase's name or "-"
};

/// Reads an address. Errors: kBadRequest naming what is wrong (empty, bad character, empty segment,
/// no CSE-ID, longer than 1024 bytes).
Result<Address> parse_address(std::string_view to);

/// A resource name: an alphanumeric, then alphanumerics, '-', '.', '_'. Source: TS-0004
/// clause 6.3.3 (m2m:resourceName).
bool is_resource_name(std::string_view name);

/// "/id-mn" and "//sp/id-mn" (the parts are of unreserved characters).
bool is_cse_id(std::string_view id);

/// "Cxyz" or "Sxyz"; "C" and "S" alone (asking for an assignment) too.
bool is_ae_id_stem(std::string_view id);

}  // namespace gatehouse

template <>
struct std::hash<gatehouse::ResourceId> {
  std::size_t operator()(const gatehouse::ResourceId& id) const noexcept {
    return std::hash<std::string>{}(id.text);
  }
};
