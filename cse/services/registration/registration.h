#pragma once
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cse/core/cse.h"
#include "cse/core/sender_list.h"
#include "cse/services/registration/provider_aes.h"
#include "cse/services/registration/providers.h"

namespace gatehouse {

/// Who may register, and where this CSE registers itself.
struct RegistrationSettings {
  std::vector<std::string> allowed_cses;  ///< SP-relative CSE-IDs; empty: any
  std::string registrar_cse_id;           ///< "/id-in"; empty: this CSE registers nowhere
  std::string registrar_csebase = "cse-in";
  std::string registrar_url;  ///< point of access
  std::string in_cse_id;      ///< whom to ask for AE-IDs of the provider; empty: the registrar
  std::vector<PeerProvider> providers;    ///< IN-CSEs of other service providers (Mcc')
  std::chrono::seconds retry{5};          ///< pause after a failed attempt
  std::chrono::seconds expiration{3600};  ///< of our <remoteCSE> there; refreshed at half of it
};

/// Registration of AEs and CSEs, and the way of requests to other CSEs.
/// Source: TS-0001 clauses 10.2.1, 10.2.2, 9.6.3 to 9.6.5; TS-0004 clauses 7.4.4, 7.4.5, 7.3.2.6
/// (forwarding). Adds the behaviours of <CSEBase>, <AE>, <remoteCSE>, and the transit. `cse` and
/// `senders` outlive the object.
class Registration final : public Transit, public CommitListener {
 public:
  Registration(Cse& cse, PrimitiveSender& senders, RegistrationSettings settings);
  ~Registration() override;

  /// Registers at the registrar, if there is one, and keeps that registration alive. After
  /// Cse::start().
  void start();
  void stop();
  bool registered() const;

  void forward(Request request, const std::string& originator, Reply reply) override;
  void committed(const Committed& event) override;

 private:
  class Registrar;
  void forward_to(const ResourcePtr& hop, Request request, Reply reply);
  void forward_to_provider(Request request, const std::string& originator, const std::string& sp_id,
                           Reply reply);
  Result<ResourcePtr> registered_ae_of_provider(const Address& address, CommittedView& view) const;
  Cse& cse_;
  PrimitiveSender& senders_;
  const RegistrationSettings settings_;
  const std::shared_ptr<ProviderAes> provider_aes_;
  std::shared_ptr<Registrar> registrar_;
};

/// Every CSE that is registered here, and our registrar, until `visit` returns false.
Result<void> each_remote_cse(ResourceReader& resources,
                             const std::function<bool(const ResourcePtr&)>& visit);

/// "/id-mn/CAE1" for a bare AE-ID-Stem, what other CSEs know the originator as. Source: TS-0001
/// clause 7.2.
std::string originator_for_others(const std::string& originator, const CseSettings& settings);

}  // namespace gatehouse
