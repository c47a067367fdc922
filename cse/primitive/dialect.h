#pragma once
#include <string>
#include <string_view>

namespace gatehouse {

struct Error;
struct Request;

/// What the way of a request knows of dialects: how clients in the field depart from the standard.
/// The table of the switches that accept them is `cse/dialect/switches.cpp`.

/// Tells the author of a refused request which switch would accept it.
class DialectAdvice {
 public:
  virtual ~DialectAdvice() = default;
  /// May add to the text of `refusal`. Called for what is refused only, so that the ordinary way
  /// pays nothing. Threading: any.
  virtual void advise(const Request& request, Error& refusal) const = 0;
};

/// Switches that act where no table can reach: in the core and in the codec.
namespace dialect_switch {
inline constexpr std::string_view kCoerceScalars = "coerce_scalars";
inline constexpr std::string_view kAdmitUnregistered = "admit_unregistered";
inline constexpr std::string_view kPublicCsebase = "public_csebase";
}  // namespace dialect_switch

/// Appends a name to a list such as "no_rvi,api_without_prefix", once.
void add_switch(std::string& list, std::string_view name);

/// "; the switch compat.no_rvi would accept this"
std::string would_accept(std::string_view name);

}  // namespace gatehouse
