#pragma once
#include <filesystem>
#include <optional>
#include <stdexcept>

#include "ae-apps/attestation/tnc/stream/collector.h"
#include "certs/authority.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::tnc {

/// Certificates for a listener at localhost and for the car.
struct Certificates {
  Certificates() {
    auto authority = pki::Authority::create(folder / "pki", "gatehouse.example");
    server = issue(*authority, pki::Kind::kCse, "in", "/id-in");
    car = issue(*authority, pki::Kind::kAe, "support", "/id-mn/Csupport");
    stranger = issue(*authority, pki::Kind::kAe, "stranger", "/id-mn/Cstranger");
  }
  /// For a key that lives elsewhere.
  TlsSettings for_key(const std::string& name, const std::string& identity,
                      const std::string& public_key_pem) {
    auto authority = pki::Authority::open(folder / "pki");
    pki::Request request;
    request.kind = pki::Kind::kAe;
    request.name = name;
    request.identities = {identity};
    request.public_key_pem = public_key_pem;
    TlsSettings out;
    out.certificate_file = authority->issue(request)->certificate.string();
    out.ca_file = folder / "pki/ca.crt";
    return out;
  }
  TlsSettings issue(pki::Authority& authority, pki::Kind kind, const std::string& name,
                    const std::string& identity) {
    pki::Request request;
    request.kind = kind;
    request.name = name;
    request.identities = {identity};
    if (kind == pki::Kind::kCse) request.hosts = {"localhost"};
    const auto issued = authority.issue(request);
    if (!issued) throw std::runtime_error(issued.error().detail);
    TlsSettings out;
    out.certificate_file = issued->certificate.string();
    out.key_file = (std::filesystem::path(folder.path()) / "pki" / (name + ".key")).string();
    out.ca_file = folder / "pki/ca.crt";
    return out;
  }
  TemporaryFolder folder;
  TlsSettings server, car, stranger;
};

/// Runs a client against a listener at a port of the loopback.
inline std::optional<TncOutcome> run_client(std::uint16_t port, const TlsSettings& tls,
                                            TncClient::Parts parts) {
  const auto outcome =
      be_validated({"localhost", port, tls, std::chrono::seconds(20)}, std::move(parts));
  return outcome ? std::optional(*outcome) : std::nullopt;
}

}  // namespace gatehouse::tnc
