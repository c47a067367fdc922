#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "certs/profile.h"
#include "cse/primitive/result.h"

namespace gatehouse::pki {

/// One certificate that the authority issued.
struct Entry {
  std::string serial;  ///< hexadecimal digits
  std::string name;
  Kind kind = Kind::kAe;
  std::string identity;  ///< the first one; empty if none
  Time expires;
  std::optional<Time> revoked;

  friend bool operator==(const Entry&, const Entry&) = default;
};

/// All of them, in the order of issue. On the disk a line each, fields behind tabs:
/// "serial name kind identity expires revoked", times as seconds since 1970, "-" for none.
struct Index {
  std::vector<Entry> entries;

  /// The newest of that name, nullptr if there is none.
  const Entry* newest(std::string_view name) const;
  Entry* newest(std::string_view name);
  std::string to_text() const;
  /// Errors: kInternalServerError naming the line.
  static Result<Index> from_text(std::string_view text);
};

}  // namespace gatehouse::pki
