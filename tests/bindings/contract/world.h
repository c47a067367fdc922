#pragma once
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "bindings/security/psk_table.h"
#include "cse/codec/codec.h"
#include "cse/node/node.h"
#include "cse/schema/schema.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/bindings/security/test_certificates.h"

namespace gatehouse::testing_support {
class KeyStore;
}

namespace gatehouse::contract {

constexpr const char* kOriginator = "CContract";  ///< the AE that asks
constexpr const char* kSpRelative = "/id-in/CContract";

/// JSON, CBOR and XML with the types of a whole CSE, as a peer of it has them; or one of them.
class AllCodecs {
 public:
  explicit AllCodecs(const std::string& only = {});
  operator const Codecs&() const { return codecs_; }
  const Codecs& get() const { return codecs_; }

 private:
  Schemas schemas_;
  std::vector<std::unique_ptr<TypeSchema>> owned_;
  std::vector<std::unique_ptr<std::vector<AttributeRule>>> owned_rules_;
  Codecs codecs_;
};

/// One service provider: who holds which certificate and key.
class Credentials {
 public:
  Credentials();
  TlsSettings cse() const { return cse_; }
  TlsSettings ae() const { return ae_; }
  const testing_support::TestAuthority& authority() const { return authority_; }
  std::string key_file() const;  ///< of the CSE: who may come with which key
  PskEntry psk() const;          ///< of the AE
  /// Moves both keys; before a World is made of it.
  void keep_keys_in(testing_support::KeyStore& store);
  std::filesystem::path folder() const { return folder_.path(); }
  /// Where the broker finds its own.
  std::filesystem::path broker_folder() const { return folder_.path() / "broker"; }

 private:
  testing_support::TemporaryFolder folder_;
  testing_support::TestAuthority authority_;
  TlsSettings cse_, ae_;
};

/// An IN-CSE in this process with every binding, in memory, on free ports of loopback, and the
/// broker that it speaks through. Either all plain, or all with credentials.
class World {
 public:
  /// nullptr: plain. `more`: further settings, "key=value".
  explicit World(const Credentials* credentials, const std::vector<std::string>& more = {});

  bool secured() const { return credentials_ != nullptr; }
  const Credentials& credentials() const { return *credentials_; }
  std::uint16_t port(const std::string& scheme) const { return ports_.at(scheme); }  ///< "coaps"
  std::string url(const std::string& scheme) const;  ///< "coap+tcp", "mqtts", …
  const mqtt::TestBroker& broker() const { return broker_; }

  static World& plain();  ///< one for all tests of this process
  static World& with_credentials();

 private:
  const Credentials* const credentials_;
  testing_support::TemporaryFolder folder_;
  mqtt::TestBroker broker_;
  std::map<std::string, std::uint16_t> ports_;
  std::unique_ptr<node::Node> node_;
};

}  // namespace gatehouse::contract
