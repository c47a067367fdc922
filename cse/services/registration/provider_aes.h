#pragma once
#include <string>

#include "cse/core/cse.h"

namespace gatehouse {

/// AE-IDs that the service provider assigns ("S…"): its IN-CSE keeps one <AEAnnc> for each, with a
/// link to where the AE is registered. An MN- or ASN-CSE asks the IN-CSE before it registers such
/// an AE, and tells it when the AE is gone. Source: TS-0001 clause 10.2.2.2 (cases a, b and e),
/// TS-0004 clauses 7.4.5.2.1 and 7.4.5.2.4. Plugs itself into `cse`, which outlives it.
class ProviderAes final : public ProviderRegistry,
                          public std::enable_shared_from_this<ProviderAes> {
 public:
  /// `in_cse_id`: "/id-in", whom to ask; empty: nobody.
  ProviderAes(Cse& cse, std::string in_cse_id);

  // At the IN-CSE.
  std::string stem_of(const std::string& originator) const override;
  Result<void> enter(Draft& announced, OperationContext& context) override;
  Result<void> enter_again(const Resource& announced, const Value& attributes,
                           OperationContext& context) override;

  // At the registrar CSE of the AE.
  /// Does the CREATE of an <AE> need the IN-CSE's consent?
  bool concerns(const Request& request) const;
  /// Asks for it. `done` is told the AE-ID-Stem. Errors: what the IN-CSE answers.
  void ask(const Request& request, const std::string& originator, Prepared done);
  /// An AE of this CSE is gone.
  void left(const std::string& stem);

 private:
  void send(Request request, const std::string& stem, Reply reply);
  void register_again(const Request& registration, const std::string& stem, Prepared done);
  Value representation(const Request& registration, const std::string& stem) const;

  Cse& cse_;
  const std::string in_cse_id_;
};

/// The AE-ID-Stem that a credential stands for: then the CSE has no choice. `first`: 'C' or 'S'.
/// Empty: it stands for none.
std::string stem_of_credential(const Request& request, char first);

}  // namespace gatehouse
