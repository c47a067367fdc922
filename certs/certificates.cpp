#include "certs/certificates.h"

#include <arpa/inet.h>
#include <openssl/pem.h>

#include <algorithm>

#include "certs/names.h"

namespace gatehouse::pki {
namespace {

constexpr std::size_t kMaxCommonName = 64;  // RFC 5280: ub-common-name
constexpr int kSerialBits = 127;            // positive, and beyond guessing
constexpr int kMaxAltNames = 32;

bool set_serial(X509* certificate) {
  const Handle<BIGNUM> number(BN_new());
  return number && BN_rand(number.get(), kSerialBits, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
         BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)) != nullptr;
}

bool set_validity(X509* certificate, Time from, Time until) {
  const auto first = asn1_time(from);
  const auto last = asn1_time(until);
  return first && last && X509_set1_notBefore(certificate, first.get()) == 1 &&
         X509_set1_notAfter(certificate, last.get()) == 1;
}

bool add_to_name(X509_NAME* name, const char* field, const std::string& text) {
  return X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                                    reinterpret_cast<const unsigned char*>(text.data()),
                                    static_cast<int>(text.size()), -1, 0) == 1;
}

/// An extension as OpenSSL's configuration words it. The values are our own texts, never a
/// caller's.
bool add_extension(X509* certificate, X509* issuer, int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const Handle<X509_EXTENSION> extension(X509V3_EXT_nconf_nid(nullptr, &context, nid, value));
  return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool push_text_name(GENERAL_NAMES* names, int type, const std::string& text) {
  Handle<GENERAL_NAME> name(GENERAL_NAME_new());
  Handle<ASN1_STRING> value(ASN1_IA5STRING_new());
  if (!name || !value ||
      ASN1_STRING_set(value.get(), text.data(), static_cast<int>(text.size())) != 1) {
    return false;
  }
  GENERAL_NAME_set0_value(name.get(), type, value.release());
  if (sk_GENERAL_NAME_push(names, name.get()) <= 0) return false;
  (void)name.release();  // the list has it now
  return true;
}

bool push_address(GENERAL_NAMES* names, const std::string& address) {
  Handle<GENERAL_NAME> name(GENERAL_NAME_new());
  ASN1_OCTET_STRING* value = a2i_IPADDRESS(address.c_str());
  if (!name || value == nullptr) return false;
  GENERAL_NAME_set0_value(name.get(), GEN_IPADD, value);
  if (sk_GENERAL_NAME_push(names, name.get()) <= 0) return false;
  (void)name.release();  // the list has it now
  return true;
}

bool is_address(const std::string& text) {
  unsigned char bytes[sizeof(in6_addr)];
  return inet_pton(AF_INET, text.c_str(), bytes) == 1 ||
         inet_pton(AF_INET6, text.c_str(), bytes) == 1;
}

/// The bytes of an iPAddress, for people.
std::string address_text(const std::string& bytes) {
  char text[INET6_ADDRSTRLEN] = {};
  const int family = bytes.size() == sizeof(in_addr) ? AF_INET : AF_INET6;
  return inet_ntop(family, bytes.data(), text, sizeof text) ? text : "";
}

/// identity_uri() backwards.
std::string identity_of_uri(const std::string& sp, const std::string& uri) {
  if (const std::string node = "m2m-node://" + sp + "/"; uri.starts_with(node)) {
    std::string id = uri.substr(node.size());
    for (std::size_t at = 0; (at = id.find("%3A", at)) != id.npos;) id.replace(at, 3, ":");
    return id;
  }
  const std::string id = uri.substr(std::min(uri.size(), ("m2m://" + sp).size()));
  // "/S…" alone is an AE-ID-Stem of the service provider, as bindings/security reads it.
  return id.starts_with("/S") && id.find('/', 1) == id.npos ? id.substr(1) : id;
}

/// The subjectAltName, built value by value: no text of a caller is parsed as configuration.
Result<Handle<GENERAL_NAMES>> alternative_names(const Request& request, const std::string& sp) {
  Handle<GENERAL_NAMES> names(GENERAL_NAMES_new());
  if (!names) return openssl_failure("no memory for names");
  if (request.identities.size() + request.hosts.size() + request.addresses.size() > kMaxAltNames) {
    return fail(Rsc::kBadRequest, "more than 32 identities, hosts and addresses");
  }
  for (const std::string& id : request.identities) {
    const auto uri = request.kind == Kind::kNode ? node_uri(sp, id) : identity_uri(sp, id);
    if (!uri) return fail(Rsc::kBadRequest, "'" + id + "': " + uri.error().detail);
    if (!push_text_name(names.get(), GEN_URI, *uri)) return openssl_failure("an identity");
  }
  for (const std::string& host : request.hosts) {
    if (const auto good = check_host_name(host); !good) {
      return fail(Rsc::kBadRequest, "'" + host + "': " + good.error().detail);
    }
    if (!push_text_name(names.get(), GEN_DNS, host)) return openssl_failure("a host name");
  }
  for (const std::string& address : request.addresses) {
    if (!is_address(address))
      return fail(Rsc::kBadRequest, "'" + address + "' is not an IP address");
    if (!push_address(names.get(), address)) return openssl_failure("an address");
  }
  return names;
}

Result<std::string> common_name(const Request& request) {
  std::string name = request.identities.empty() || request.kind == Kind::kNode
                         ? request.name
                         : topic_form(request.identities.front());
  if (name.size() > kMaxCommonName) {
    return fail(Rsc::kBadRequest, "the identity is longer than the 64 characters of a common name");
  }
  return name;
}

/// Where its state can be asked for. `url` passed check_responder_url().
bool add_responder(X509* leaf, X509* authority, const std::string& url) {
  return url.empty() ||
         add_extension(leaf, authority, NID_info_access, ("OCSP;URI:" + url).c_str());
}

bool add_leaf_extensions(X509* leaf, X509* authority, const Profile& profile,
                         GENERAL_NAMES* names) {
  return add_extension(leaf, authority, NID_basic_constraints, "critical,CA:FALSE") &&
         add_extension(leaf, authority, NID_key_usage, "critical,digitalSignature") &&
         (profile.extended_key_usage == nullptr ||
          add_extension(leaf, authority, NID_ext_key_usage, profile.extended_key_usage)) &&
         add_extension(leaf, authority, NID_subject_key_identifier, "hash") &&
         add_extension(leaf, authority, NID_authority_key_identifier, "keyid:always") &&
         (sk_GENERAL_NAME_num(names) == 0 ||
          X509_add1_ext_i2d(leaf, NID_subject_alt_name, names, 0, X509V3_ADD_DEFAULT) == 1);
}

bool add_revoked(X509_CRL* crl, const std::string& serial, Time when) {
  const auto number = serial_from_text(serial);
  Handle<X509_REVOKED> entry(X509_REVOKED_new());
  const auto date = asn1_time(when);
  if (!number || !entry || !date ||
      X509_REVOKED_set_serialNumber(entry.get(), number->get()) != 1 ||
      X509_REVOKED_set_revocationDate(entry.get(), date.get()) != 1 ||
      X509_CRL_add0_revoked(crl, entry.get()) != 1) {
    return false;
  }
  (void)entry.release();  // the list has it now
  return true;
}

bool add_crl_extensions(X509_CRL* crl, long number, X509* authority) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, authority, nullptr, nullptr, crl, 0);
  const Handle<X509_EXTENSION> key_id(
      X509V3_EXT_nconf_nid(nullptr, &context, NID_authority_key_identifier, "keyid:always"));
  const Handle<ASN1_INTEGER> value(ASN1_INTEGER_new());
  return key_id && X509_CRL_add_ext(crl, key_id.get(), -1) == 1 && value &&
         ASN1_INTEGER_set(value.get(), number) == 1 &&
         X509_CRL_add1_ext_i2d(crl, NID_crl_number, value.get(), 0, X509V3_ADD_DEFAULT) == 1;
}

}  // namespace

Result<Handle<X509>> make_authority_certificate(const std::string& sp, EVP_PKEY* key, Time now,
                                                Days lifetime) {
  Handle<X509> out(X509_new());
  if (!out || X509_set_version(out.get(), X509_VERSION_3) != 1 || !set_serial(out.get()) ||
      !set_validity(out.get(), now - kClockTolerance, now + lifetime) ||
      !add_to_name(X509_get_subject_name(out.get()), "O", sp) ||
      !add_to_name(X509_get_subject_name(out.get()), "CN", "Gatehouse root") ||
      X509_set_issuer_name(out.get(), X509_get_subject_name(out.get())) != 1 ||
      X509_set_pubkey(out.get(), key) != 1) {
    return openssl_failure("the authority's certificate");
  }
  const std::string identities_of_sp = "critical,permitted;URI:" + sp;  // sp passed check_sp_name
  X509* ca = out.get();
  if (!add_extension(ca, ca, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") ||
      !add_extension(ca, ca, NID_key_usage, "critical,keyCertSign,cRLSign") ||
      !add_extension(ca, ca, NID_subject_key_identifier, "hash") ||
      !add_extension(ca, ca, NID_name_constraints, identities_of_sp.c_str()) ||
      X509_sign(ca, key, digest_for(key)) <= 0) {
    return openssl_failure("the authority's certificate");
  }
  return out;
}

Result<Handle<X509>> make_leaf_certificate(const Request& request, const std::string& sp,
                                           EVP_PKEY* public_key, X509* authority,
                                           EVP_PKEY* authority_key, Time now) {
  const auto name = common_name(request);
  if (!name) return fail(name.error());
  const auto names = alternative_names(request, sp);
  if (!names) return fail(names.error());
  const Time last = std::min(now + request.lifetime, time_of(X509_get0_notAfter(authority)));

  Handle<X509> out(X509_new());
  if (!out || X509_set_version(out.get(), X509_VERSION_3) != 1 || !set_serial(out.get()) ||
      !set_validity(out.get(), now - kClockTolerance, last) ||
      !add_to_name(X509_get_subject_name(out.get()), "O", sp) ||
      !add_to_name(X509_get_subject_name(out.get()), "CN", *name) ||
      X509_set_issuer_name(out.get(), X509_get_subject_name(authority)) != 1 ||
      X509_set_pubkey(out.get(), public_key) != 1 ||
      !add_leaf_extensions(out.get(), authority, profile_of(request.kind), names->get()) ||
      !add_responder(out.get(), authority, request.ocsp_url) ||
      X509_sign(out.get(), authority_key, digest_for(authority_key)) <= 0) {
    return openssl_failure("the certificate");
  }
  return out;
}

Request request_of(X509* certificate, const std::string& sp) {
  Request request;
  const Handle<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < count; ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    const std::string text(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.ia5)),
                           static_cast<std::size_t>(ASN1_STRING_length(name->d.ia5)));
    if (name->type == GEN_DNS) request.hosts.push_back(text);
    if (name->type == GEN_URI) request.identities.push_back(identity_of_uri(sp, text));
    if (name->type == GEN_IPADD) request.addresses.push_back(address_text(text));
  }
  STACK_OF(OPENSSL_STRING)* responders = X509_get1_ocsp(certificate);
  if (responders && sk_OPENSSL_STRING_num(responders) > 0) {
    request.ocsp_url = sk_OPENSSL_STRING_value(responders, 0);
  }
  X509_email_free(responders);
  return request;
}

std::string public_key_pem(X509* certificate) {
  const Handle<BIO> out(BIO_new(BIO_s_mem()));
  if (!out || PEM_write_bio_PUBKEY(out.get(), X509_get0_pubkey(certificate)) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return {data, static_cast<std::size_t>(size)};
}

Result<Handle<X509_CRL>> make_crl(const std::vector<Revocation>& revoked, long number,
                                  X509* authority, EVP_PKEY* authority_key, Time now) {
  Handle<X509_CRL> out(X509_CRL_new());
  const auto from = asn1_time(now - kClockTolerance);
  const auto until = asn1_time(now + kCrlLifetime);
  if (!out || !from || !until || X509_CRL_set_version(out.get(), X509_CRL_VERSION_2) != 1 ||
      X509_CRL_set_issuer_name(out.get(), X509_get_subject_name(authority)) != 1 ||
      X509_CRL_set1_lastUpdate(out.get(), from.get()) != 1 ||
      X509_CRL_set1_nextUpdate(out.get(), until.get()) != 1 ||
      !add_crl_extensions(out.get(), number, authority)) {
    return openssl_failure("the revocation list");
  }
  for (const Revocation& one : revoked) {
    if (!add_revoked(out.get(), one.serial, one.when))
      return openssl_failure("an entry of the revocation list");
  }
  if (X509_CRL_sort(out.get()) != 1 ||
      X509_CRL_sign(out.get(), authority_key, digest_for(authority_key)) <= 0) {
    return openssl_failure("the revocation list");
  }
  return out;
}

long crl_number(X509_CRL* crl) {
  const Handle<ASN1_INTEGER> number(
      static_cast<ASN1_INTEGER*>(X509_CRL_get_ext_d2i(crl, NID_crl_number, nullptr, nullptr)));
  return number ? ASN1_INTEGER_get(number.get()) : 0;
}

}  // namespace gatehouse::pki
