// Who is not the one he says he is, is not heard: on every secured wire.
#include <gtest/gtest.h>

#include <algorithm>

#include "cse/codec/json.h"
#include "tests/bindings/contract/wires.h"

namespace gatehouse::contract {
namespace {

using testing_support::CertificateWish;
using testing_support::TestAuthority;

/// The provider whose CSE knows a revocation list, which its connection to the broker checks, too.
class Guarded {
 public:
  Guarded()
      : revoked_(credentials_.authority().issue(wish("revoked"))),
        list_(credentials_.authority().revoke(revoked_.certificate_file)),
        world_(&credentials_, {"credentials.crl=" + list_}) {}

  static CertificateWish wish(std::string name, std::string identity = "id-in/CContract") {
    return {.name = std::move(name),
            .alternative_names = "URI:m2m://gatehouse.example/" + std::move(identity)};
  }
  World& world() { return world_; }
  const Credentials& credentials() const { return credentials_; }
  const TlsSettings& revoked() const { return revoked_; }
  TlsSettings issue(const CertificateWish& wish) const {
    return credentials_.authority().issue(wish);
  }
  /// Certificates of an authority that the CSE does not know, whose holder knows the CSE's.
  TlsSettings foreign(const CertificateWish& wish) const {
    const TestAuthority other(credentials_.folder(), "other");
    TlsSettings tls = other.issue(wish);
    tls.ca_file = credentials_.authority().ca_file();
    return tls;
  }
  static Guarded& instance() {
    static Guarded one;
    return one;
  }

 private:
  const Credentials credentials_;
  const TlsSettings revoked_;
  const std::string list_;
  World world_;
};

CertificateWish changed(const char* name, void (*change)(CertificateWish&)) {
  CertificateWish wish = Guarded::wish(name);
  change(wish);
  return wish;
}

/// How far an imposter comes.
enum class End {
  kNoAssociation,  ///< nothing it says is read (5103 at its own side)
  kNotBelieved,    ///< its certificate is good, and not one for this originator (4106)
};

struct Imposter {
  const char* name;
  Guest (*guest)(const Guarded&);
  End end;
};

const Imposter kWithCertificate[] = {
    {"expired",
     [](const Guarded& g) {
       return Guest{g.issue(changed("expired", [](auto& w) { w.valid_until_seconds = -60; })), {}};
     },
     End::kNoAssociation},
    {"not_yet_valid",
     [](const Guarded& g) {
       return Guest{g.issue(changed("early", [](auto& w) { w.valid_from_seconds = 3600; })), {}};
     },
     End::kNoAssociation},
    {"revoked",
     [](const Guarded& g) {
       return Guest{g.revoked(), {}};
     },
     End::kNoAssociation},
    {"wrong_purpose",
     [](const Guarded& g) {
       return Guest{g.issue(changed("purpose", [](auto& w) { w.purposes = "serverAuth"; })), {}};
     },
     End::kNoAssociation},
    {"of_another_authority",
     [](const Guarded& g) {
       return Guest{g.foreign(Guarded::wish("foreign")), {}};
     },
     End::kNoAssociation},
    {"self_signed",
     [](const Guarded& g) {
       // An authority's own certificate is signed by itself.
       const TestAuthority itself(g.credentials().folder(), "itself");
       TlsSettings tls = itself.issue(Guarded::wish("helper"));
       tls.certificate_file = itself.ca_file();
       tls.key_file = (g.credentials().folder() / "itself.key").string();
       itself.save_own_key(tls.key_file);
       tls.ca_file = g.credentials().authority().ca_file();
       return Guest{tls, {}};
     },
     End::kNoAssociation},
    {"without_certificate",
     [](const Guarded& g) {
       TlsSettings tls = g.issue(Guarded::wish("nameless"));
       tls.certificate_file.clear();
       tls.key_file.clear();
       return Guest{tls, {}};
     },
     End::kNoAssociation},
    {"another_ae",
     [](const Guarded& g) {
       return Guest{g.issue(Guarded::wish("evil", "id-in/CEvil")), {}};
     },
     End::kNotBelieved},
    {"another_cse",
     [](const Guarded& g) {
       return Guest{g.issue(Guarded::wish("other-cse", "id-mn")), {}};
     },
     End::kNotBelieved},
    {"ae_of_another_cse",
     [](const Guarded& g) {
       return Guest{g.issue(Guarded::wish("cousin", "id-mn/CCousin")), {}};
     },
     End::kNotBelieved},
    {"wildcard",
     [](const Guarded& g) {
       return Guest{g.issue(Guarded::wish("wild", "id-in/*")), {}};
     },
     End::kNotBelieved},
    {"wildcard_host",
     [](const Guarded& g) {
       return Guest{g.issue({.name = "wild-host", .alternative_names = "DNS:*.example"}), {}};
     },
     End::kNotBelieved},
    {"common_name_alone",
     [](const Guarded& g) {
       return Guest{g.issue({.name = "CContract", .alternative_names = "DNS:localhost"}), {}};
     },
     End::kNotBelieved},
};

Request question() {
  static int number = 0;
  Request request;
  request.to = "cse-in";
  request.from = kOriginator;
  request.request_identifier = "imposter-" + std::to_string(++number);
  request.release_version = "3";
  return request;
}

std::string why(const Response& response) {
  return std::to_string(static_cast<int>(response.rsc)) + " " + to_json(response.content);
}

/// The honest AE registers, is heard, and leaves.
void expect_honest_one_heard(Guarded& guarded, const std::string& wire) {
  const auto honest = open_wire_as({guarded.credentials().ae(), {}}, guarded.world(), wire);
  Request registration = question();
  registration.operation = Operation::kCreate;
  registration.resource_type = 2;
  registration.content = Value::object(
      {{"m2m:ae",
        Value::object(
            {{"rn", "honest"}, {"api", "Nhonest"}, {"rr", false}, {"srv", Value::array({"3"})}})}});
  const Response registered = honest->ask(registration);
  EXPECT_EQ(registered.rsc, Rsc::kCreated) << why(registered);
  Request removal = question();
  removal.operation = Operation::kDelete;
  removal.to = "cse-in/honest";
  const Response removed = honest->ask(removal);
  EXPECT_EQ(removed.rsc, Rsc::kDeleted) << why(removed);
}

class Imposters : public testing::TestWithParam<std::tuple<const char*, Imposter>> {};

// TS-0003 clause 8.1.2; TS-0001 clause 11.2.2
TEST_P(Imposters, AreNotHeard) {
  const auto& [wire, imposter] = GetParam();
  Guarded& guarded = Guarded::instance();
  const auto imposters = open_wire_as(imposter.guest(guarded), guarded.world(), wire);

  const Response response = imposters->ask(question());

  EXPECT_EQ(response.rsc, imposter.end == End::kNoAssociation ? Rsc::kTargetNotReachable
                                                              : Rsc::kOriginatorNotAuthenticated)
      << why(response);
  expect_honest_one_heard(guarded, wire);
}

const auto kNamed = [](const testing::TestParamInfo<Imposters::ParamType>& row) {
  std::string name = std::string(std::get<0>(row.param)) + "_" + std::get<1>(row.param).name;
  std::replace(name.begin(), name.end(), '+', '_');
  return name;
};
INSTANTIATE_TEST_SUITE_P(Certificates, Imposters,
                         testing::Combine(testing::Values("https", "wss", "coaps", "coaps+tcp"),
                                          testing::ValuesIn(kWithCertificate)),
                         kNamed);

PskEntry guessed(const Guarded& guarded, const char* identity, const char* key) {
  PskEntry entry = guarded.credentials().psk();
  if (identity) entry.identity = identity;
  if (key) entry.key = key;
  return entry;
}

const Imposter kWithKey[] = {
    {"guessed_key",
     [](const Guarded& g) {
       return Guest{{}, guessed(g, nullptr, "0123456789abcdef")};
     },
     End::kNoAssociation},
    {"unknown_identity",
     [](const Guarded& g) {
       return Guest{{}, guessed(g, "admin@gatehouse.example", nullptr)};
     },
     End::kNoAssociation},
};
INSTANTIATE_TEST_SUITE_P(Keys, Imposters,
                         testing::Combine(testing::Values("coaps", "coaps+tcp"),
                                          testing::ValuesIn(kWithKey)),
                         kNamed);

/// A node's certificate names its M2M-Node-ID, and no originator.
class NodeCertificates : public testing::TestWithParam<const char*> {
 protected:
  static TlsSettings certificate(const std::string& name) {
    return Guarded::instance().issue(
        {.name = name,
         .alternative_names = "URI:m2m-node://gatehouse.example/urn%3Adev%3A" + name});
  }
  static std::unique_ptr<Wire> open(const TlsSettings& tls) {
    return open_wire_as({tls, {}}, Guarded::instance().world(), GetParam());
  }
  static Response ask(Wire& wire, Operation operation, const std::string& to,
                      const std::string& from, std::optional<Value> content = {}) {
    static int number = 0;
    Request request;
    request.operation = operation;
    request.to = to;
    request.from = from;
    request.request_identifier = "node-" + std::to_string(++number);
    request.release_version = "3";
    if (content) request.resource_type = 2;
    request.content = std::move(content);
    return wire.ask(request);
  }
};

// TS-0003 clause 8.2 (Credential-ID)
TEST_P(NodeCertificates, RegisterAnAeAndSpeakForItAndForNobodyElse) {
  static int number = 0;
  const std::string name = "node-" + std::to_string(++number);
  const auto owner = open(certificate(name)), other = open(certificate(name + "-other"));

  const Response registered = ask(
      *owner, Operation::kCreate, "cse-in", "C",
      Value::object(
          {{"m2m:ae",
            Value::object(
                {{"rn", name}, {"api", "Nnode"}, {"rr", false}, {"srv", Value::array({"3"})}})}}));

  ASSERT_EQ(registered.rsc, Rsc::kCreated);
  const Value* ae = registered.content.tree()->find("m2m:ae");
  ASSERT_NE(ae, nullptr);
  const std::string id = ae->string_at("aei");
  EXPECT_EQ(ask(*owner, Operation::kRetrieve, "cse-in/" + name, id).rsc, Rsc::kOk);
  EXPECT_EQ(ask(*owner, Operation::kRetrieve, "cse-in/" + name, "/id-in/" + id).rsc, Rsc::kOk);
  EXPECT_EQ(ask(*other, Operation::kRetrieve, "cse-in/" + name, id).rsc,
            Rsc::kOriginatorNotAuthenticated);
  EXPECT_EQ(ask(*owner, Operation::kRetrieve, "cse-in", "CAdmin").rsc,
            Rsc::kOriginatorNotAuthenticated);
  EXPECT_EQ(ask(*owner, Operation::kRetrieve, "cse-in", "/id-mn").rsc,
            Rsc::kOriginatorNotAuthenticated);
}
INSTANTIATE_TEST_SUITE_P(Wires, NodeCertificates,
                         testing::Values("https", "wss", "coaps", "coaps+tcp"),
                         [](const auto& row) {
                           std::string name = row.param;
                           std::replace(name.begin(), name.end(), '+', '_');
                           return name;
                         });

}  // namespace
}  // namespace gatehouse::contract
