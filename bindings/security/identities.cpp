#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "bindings/security/renewal.h"
#include "bindings/security/tls_context.h"
#include "cse/primitive/identifiers.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxUriBytes = 512;

std::string_view text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

void add_once(std::vector<std::string>& all, std::string text) {
  if (std::find(all.begin(), all.end(), text) == all.end()) all.push_back(std::move(text));
}

}  // namespace

std::vector<std::string> identities_of_uri(std::string_view uri) {
  constexpr std::string_view kScheme = "m2m:";
  if (uri.starts_with(kScheme)) uri.remove_prefix(kScheme.size());
  if (uri.size() > kMaxUriBytes || !uri.starts_with("//")) return {};
  const std::size_t domain_end = uri.find('/', 2);
  if (domain_end == std::string_view::npos || domain_end == 2) return {};
  const std::string id(uri.substr(domain_end));  // "/id-mn", "/id-mn/CAE1" or "/SAE1"
  const std::size_t slash = id.find('/', 1);
  if (slash != std::string::npos) {
    const std::string stem = id.substr(slash + 1);
    if (!is_cse_id(id.substr(0, slash)) || stem.size() < 2 || !is_ae_id_stem(stem)) return {};
    return {stem, id};
  }
  if (!is_cse_id(id)) return {};
  // An AE-ID-Stem assigned by the IN-CSE begins with 'S'. Source: TS-0001 table 7.2-1.
  if (id.size() > 2 && id[1] == 'S') return {id.substr(1)};
  return {id, std::string(uri)};  // absolute too, for the CSEs of other service providers
}

std::vector<std::string> identities_of(const X509* certificate) {
  std::vector<std::string> identities;
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    for (std::string& id : identities_of_uri(text_of(name->d.uniformResourceIdentifier))) {
      add_once(identities, std::move(id));
    }
  }
  GENERAL_NAMES_free(names);
  return identities;
}

std::vector<std::string> identities_of(const SSL* connection) {
  if (const X509* certificate = SSL_get0_peer_certificate(connection)) {
    if (SSL_get_verify_result(connection) != X509_V_OK) return {};
    return identities_of(certificate);
  }
  const char* identity = SSL_get_psk_identity(connection);
  const Renewal* renewal = Renewal::of(SSL_get_SSL_CTX(connection));
  if (!identity || !renewal || !renewal->settings().psk_source) return {};
  const auto entry = renewal->settings().psk_source->find(identity);
  return entry ? entry->originators : std::vector<std::string>();
}

std::string credential_of(const SSL* connection) {
  constexpr std::string_view kScheme = "m2m-node://";
  const X509* certificate = SSL_get0_peer_certificate(connection);
  if (!certificate || SSL_get_verify_result(connection) != X509_V_OK) return {};
  auto* names = static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  std::string credential;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    const std::string_view uri = text_of(name->d.uniformResourceIdentifier);
    const std::size_t slash = uri.find('/', std::min(kScheme.size(), uri.size()));
    if (!uri.starts_with(kScheme) || slash == uri.npos || uri.size() > kMaxUriBytes) continue;
    std::string node(uri.substr(slash + 1));
    for (std::size_t at = 0; (at = node.find("%3A", at)) != node.npos;) node.replace(at, 3, 1, ':');
    if (!node.empty() && node.find('/') == node.npos) credential = "42-" + node;
  }
  GENERAL_NAMES_free(names);
  return credential;
}

bool is_authenticated(const SSL* connection) {
  return SSL_get0_peer_certificate(connection) || !identities_of(connection).empty();
}

}  // namespace gatehouse
