#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cse/primitive/handler.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::maf {

/// Symmetric Key Usage: what a distributed key is for. Source: TS-0003 (SUID; tens digit 3: by a
/// MAF).
enum class KeyUsage : std::int64_t {
  kSaef = 32,
  kEsPrim = 33,
  kEsDataEncryption,
  kEsDataSignature
};

struct Settings {
  std::string fqdn = "maf.gatehouse.example";  ///< right of the '@' in a key identifier
  std::string base_name = "maf";               ///< resource name of the <MAFBase>
  std::chrono::seconds longest_registration{365 * 86'400};
  std::chrono::seconds longest_key{30 * 86'400};
  std::size_t max_clients = 100'000, max_keys = 1'000'000, max_keys_of_one = 1'000;
  std::size_t max_targets = 64;
  std::vector<std::string> clients;  ///< who may register; empty: whoever a certificate proves
};

/// What the outside gives: so that tests decide time and chance.
struct Outside {
  std::function<Timestamp()> now;
  std::function<std::string()> random_hex;  ///< 64 hexadecimal digits of 256 random bits
  /// Keeps the state, durable on return; what it reports fails the request that changed it.
  std::function<Result<void>(const Value& state)> save;
};

/// A <mafClientReg>.
struct ClientRegistration {
  std::string resource_id, creator;
  Timestamp created, expires;
};

/// A <symmKeyReg>.
struct KeyRegistration {
  std::string relative_key_id;  ///< also its resource name and ID: 32 hexadecimal digits
  std::string key_hex, creator;
  std::int64_t usage = 0;
  std::vector<std::string> targets;
  Timestamp created, modified, expires;
};

/// The M2M Authentication Function: MAF clients, proven by their certificates, register; those who
/// have may register symmetric keys, and say who else may retrieve each. It serves primitives:
///
///   CREATE  maf        {"sec:macr":{…}}                                 -> 2001, "et"
///   CREATE  maf        {"sec:skr":{"suid":32,"tgis":["/id-in"],…}}       -> 2001, "rn", "kv", "et"
///   RETRIEVE maf, maf/<id>;  UPDATE maf/<id> {"sec:skr":{"tgis":…,"et":…}};  DELETE maf/<id>
///
/// A key's identifier is `<rn>@<fqdn>` (KcID, "hex(KcID)@<MAF FQDN>"). Only its creator and its
/// targets may retrieve it, only its creator may change it; a DELETE revokes it, and so does the
/// end of the creator's registration.
/// Source: TS-0003 clause 8.8 (MAF procedures), TS-0032. DEVIATION: TS-0003 lets both sides derive
/// Kc from their TLS session (exporter); here the creator gives it (kv), or the MAF makes it and
/// tells it in the response, under the same TLS session: whoever terminates TLS before the MAF sees
/// it either way. The short names of TS-0032 are ours: its tables were not at hand.
/// Threading: any.
class Maf final : public PrimitiveHandler {
 public:
  Maf(Settings settings, Outside outside);

  /// What save() was given. Errors: kInternalServerError naming the member that is wrong.
  Result<void> load(const Value& state);
  void handle(Request&& request, Reply reply) override;
  Response serve(const Request& request);

 private:
  Result<Response> create(const Request& request, const std::string& originator);
  Result<Response> retrieve(const Request& request, const std::string& originator);
  Result<Response> update(const Request& request, const std::string& originator);
  Result<Response> remove(const Request& request, const std::string& originator);
  Result<Response> register_client(const Value& wish, const std::string& originator);
  Result<Response> register_key(const Value& wish, const std::string& originator);
  Result<std::string> name_in(const Request& request) const;
  Result<KeyRegistration*> key_for(const std::string& name, const std::string& originator,
                                   bool to_change);
  Result<Timestamp> expiry(const Value& wish, std::chrono::seconds longest, Timestamp otherwise);
  Value to_value(const KeyRegistration& key) const;
  Value to_value(const ClientRegistration& client) const;
  Value state() const;
  void forget_expired();
  void remove_keys_of(const std::string& creator);

  const Settings settings_;
  const Outside outside_;
  std::mutex mutex_;                                   // guards the lines below
  std::map<std::string, ClientRegistration> clients_;  // by creator
  std::map<std::string, KeyRegistration> keys_;        // by relative key identifier
};

/// Whom the peer's certificate proves `from` to be, in the one form that is compared: SP-relative
/// ("/id-in/CAE1") where the certificate says it. Errors: kOriginatorNotAuthenticated.
Result<std::string> proven_originator(const Request& request);

}  // namespace gatehouse::maf
