#pragma once
#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "cse/primitive/rsc.h"

namespace gatehouse {

/// Why a primitive failed, in the words its Originator will see.
/// Source: TS-0004 clause 6.6 (response status codes).
struct Error {
  Rsc rsc;  ///< answered to the Originator
  std::string
      detail;  ///< one sentence for m2m:dbg; never a secret, a path of this machine or a stack

  friend bool operator==(const Error&, const Error&) = default;
};

/// A value, or the reason why there is none. An ignored Result does not compile.
template <class T>
struct [[nodiscard]] Result : tl::expected<T, Error> {
  using tl::expected<T, Error>::expected;
};

/// `return fail(Rsc::kNotFound, "…");` in any function that returns a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(Rsc rsc, std::string detail) {
  return tl::unexpected<Error>(Error{rsc, std::move(detail)});
}

/// Hands an Error on: `if (!x) return fail(x.error());`
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
  return tl::unexpected<Error>(std::move(error));
}

}  // namespace gatehouse
