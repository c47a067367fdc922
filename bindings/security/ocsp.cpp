#include "bindings/security/ocsp.h"

#include <openssl/err.h>
#include <openssl/http.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <memory>

#include "bindings/security/renewal.h"

namespace gatehouse {
namespace {

constexpr long kClockSkewSeconds = 300;
constexpr std::size_t kMaxResponseBytes = 64 * 1024;

struct Freer {
  void operator()(OCSP_RESPONSE* p) const { OCSP_RESPONSE_free(p); }
  void operator()(OCSP_BASICRESP* p) const { OCSP_BASICRESP_free(p); }
  void operator()(OCSP_CERTID* p) const { OCSP_CERTID_free(p); }
  void operator()(OCSP_REQUEST* p) const { OCSP_REQUEST_free(p); }
  void operator()(STACK_OF(X509) * p) const { sk_X509_pop_free(p, X509_free); }
  void operator()(X509_STORE* p) const { X509_STORE_free(p); }
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(char* p) const { OPENSSL_free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, Freer>;

tl::unexpected<Error> refused(const char* why) {
  ERR_clear_error();
  return fail(Rsc::kOriginatorNotAuthenticated, std::string("OCSP: ") + why);
}
tl::unexpected<Error> cannot(std::string why, Rsc rsc = Rsc::kInternalServerError) {
  ERR_clear_error();
  return fail(rsc, "OCSP: " + std::move(why));
}

Owned<OCSP_BASICRESP> read_response(std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const Owned<OCSP_RESPONSE> response(
      d2i_OCSP_RESPONSE(nullptr, &at, static_cast<long>(der.size())));
  const bool good = response && OCSP_response_status(response.get()) == 0;
  Owned<OCSP_BASICRESP> basic(good ? OCSP_response_get1_basic(response.get()) : nullptr);
  ERR_clear_error();
  return basic;
}

struct Statement {
  int status = V_OCSP_CERTSTATUS_UNKNOWN;
  ASN1_GENERALIZEDTIME *since = nullptr, *until = nullptr;
  bool in_time() const {
    const bool good = since && until && OCSP_check_validity(since, until, kClockSkewSeconds, -1);
    ERR_clear_error();
    return good;
  }
};

Statement read_statement(OCSP_SINGLERESP* single) {
  Statement made;
  made.status = OCSP_single_get0_status(single, nullptr, nullptr, &made.since, &made.until);
  return made;
}

/// What the response says of this certificate, whichever digest it names it by; nullptr: nothing.
OCSP_SINGLERESP* find_statement(OCSP_BASICRESP* basic, X509* certificate, X509* issuer) {
  for (int i = 0; i < OCSP_resp_count(basic); ++i) {
    OCSP_SINGLERESP* single = OCSP_resp_get0(basic, i);
    auto* named = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(single));
    ASN1_OBJECT* digest = nullptr;
    OCSP_id_get0_info(nullptr, &digest, nullptr, nullptr, named);
    const EVP_MD* method = EVP_get_digestbyobj(digest);
    const Owned<OCSP_CERTID> wanted(method ? OCSP_cert_to_id(method, certificate, issuer)
                                           : nullptr);
    if (wanted && OCSP_id_cmp(named, wanted.get()) == 0) return single;
  }
  return nullptr;
}

/// By the serial number: whoever checks it looks at the issuer, too.
bool is_about(std::string_view response, const X509* certificate) {
  const Owned<OCSP_BASICRESP> basic = read_response(response);
  for (int i = 0; basic && certificate && i < OCSP_resp_count(basic.get()); ++i) {
    ASN1_INTEGER* serial = nullptr;
    auto* named = const_cast<OCSP_CERTID*>(OCSP_SINGLERESP_get0_id(OCSP_resp_get0(basic.get(), i)));
    OCSP_id_get0_info(nullptr, nullptr, nullptr, &serial, named);
    if (ASN1_INTEGER_cmp(serial, X509_get0_serialNumber(certificate)) == 0) return true;
  }
  return false;
}

X509_STORE* store_of(SSL* connection) {
  X509_STORE* store = nullptr;
  SSL_get0_verify_cert_store(connection, &store);
  return store ? store : SSL_CTX_get_cert_store(SSL_get_SSL_CTX(connection));
}

extern "C" {
int gatehouse_give_staple(SSL* connection, void* source) {
  Renewal* const renewal = Renewal::of(static_cast<SSL_CTX*>(source));
  const auto staple = renewal ? renewal->staple() : nullptr;
  // Between a renewal and the new response: none is better than that of the old certificate.
  if (!staple || !is_about(*staple, SSL_get_certificate(connection))) return SSL_TLSEXT_ERR_NOACK;
  void* copy = OPENSSL_memdup(staple->data(), staple->size());  // the connection frees it
  SSL_set_tlsext_status_ocsp_resp(connection, copy, static_cast<long>(staple->size()));
  return SSL_TLSEXT_ERR_OK;
}

int gatehouse_check_staple(SSL* connection, void* policy) {
  const auto wanted = static_cast<OcspPolicy>(reinterpret_cast<std::uintptr_t>(policy));
  const unsigned char* bytes = nullptr;
  const long size = SSL_get_tlsext_status_ocsp_resp(connection, &bytes);
  if (!bytes || size <= 0) return wanted == OcspPolicy::kRequired ? 0 : 1;
  STACK_OF(X509)* chain = SSL_get0_verified_chain(connection);
  if (!chain || sk_X509_num(chain) == 0) return 0;
  X509* const leaf = sk_X509_value(chain, 0);
  X509* const issuer = sk_X509_num(chain) > 1 ? sk_X509_value(chain, 1) : leaf;
  const std::string_view response(reinterpret_cast<const char*>(bytes),
                                  static_cast<std::size_t>(size));
  return check_ocsp_response(response, leaf, issuer, store_of(connection)) ? 1 : 0;
}
}

/// The certificate and who issued it: from the chain's file, or from the trust anchors.
struct Pair {
  Owned<X509> certificate, issuer;
};

Pair read_pair(const TlsSettings& settings) {
  Pair pair;
  const auto read = [&pair](const std::string& name) {
    const Owned<BIO> file(BIO_new_file(name.c_str(), "r"));
    while (file) {
      Owned<X509> next(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr));
      if (!next) break;
      if (!pair.certificate) {
        pair.certificate = std::move(next);
      } else if (!pair.issuer &&
                 X509_check_issued(next.get(), pair.certificate.get()) == X509_V_OK) {
        pair.issuer = std::move(next);
      }
    }
    ERR_clear_error();
  };
  read(settings.certificate_file);
  if (pair.certificate && !pair.issuer) read(settings.ca_file);
  return pair;
}

std::string responder_of(X509* certificate) {
  STACK_OF(OPENSSL_STRING)* urls = X509_get1_ocsp(certificate);
  std::string first =
      urls && sk_OPENSSL_STRING_num(urls) > 0 ? sk_OPENSSL_STRING_value(urls, 0) : "";
  X509_email_free(urls);
  return first;
}

/// One question over http, and the bytes of the answer.
Result<std::string> ask(const std::string& url, X509* certificate, X509* issuer,
                        std::chrono::seconds patience) {
  char *host = nullptr, *port = nullptr, *path = nullptr;
  int tls = 0;
  if (OSSL_HTTP_parse_url(url.c_str(), &tls, nullptr, &host, &port, nullptr, &path, nullptr,
                          nullptr) != 1 ||
      tls != 0) {
    return cannot("the responder's address '" + url + "' is no http URL");
  }
  const Owned<char> freed_host(host), freed_port(port), freed_path(path);
  const Owned<OCSP_REQUEST> request(OCSP_REQUEST_new());
  OCSP_request_add0_id(request.get(), OCSP_cert_to_id(EVP_sha1(), certificate, issuer));
  const Owned<BIO> body(BIO_new(BIO_s_mem()));
  i2d_OCSP_REQUEST_bio(body.get(), request.get());
  const Owned<BIO> answer(OSSL_HTTP_transfer(
      nullptr, host, port, path, 0, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, 0,
      nullptr, "application/ocsp-request", body.get(), "application/ocsp-response", 1,
      kMaxResponseBytes, static_cast<int>(patience.count()), 0));
  if (!answer) {
    return cannot("the responder at '" + url + "' does not answer", Rsc::kTargetNotReachable);
  }
  std::string bytes(kMaxResponseBytes, '\0');
  const int got = BIO_read(answer.get(), bytes.data(), static_cast<int>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max(got, 0)));
  return bytes;
}

Result<void> replace(const std::string& file, const std::string& bytes) {
  const std::string beside = file + "." + std::to_string(::getpid());
  std::ofstream(beside, std::ios::binary | std::ios::trunc) << bytes;
  if (std::rename(beside.c_str(), file.c_str()) == 0) return {};
  ::unlink(beside.c_str());
  return cannot("the file '" + file + "' cannot be written");
}

}  // namespace

bool is_in_time(std::string_view response) {
  const Owned<OCSP_BASICRESP> basic = read_response(response);
  const int count = basic ? OCSP_resp_count(basic.get()) : 0;
  for (int i = 0; i < count; ++i) {
    if (!read_statement(OCSP_resp_get0(basic.get(), i)).in_time()) return false;
  }
  return count > 0;
}

Result<void> check_ocsp_response(std::string_view response, X509* certificate, X509* issuer,
                                 X509_STORE* trust) {
  const Owned<OCSP_BASICRESP> basic = read_response(response);
  if (!basic) return refused("no successful response");
  const Owned<STACK_OF(X509)> known(sk_X509_new_null());
  if (known && X509_up_ref(issuer) == 1) sk_X509_push(known.get(), issuer);
  if (OCSP_basic_verify(basic.get(), known.get(), trust, 0) <= 0) {
    return refused("the response is not signed by one who may");
  }
  OCSP_SINGLERESP* const single = find_statement(basic.get(), certificate, issuer);
  if (!single) return refused("the response is of another certificate");
  const Statement statement = read_statement(single);
  if (statement.status == V_OCSP_CERTSTATUS_REVOKED) return refused("the certificate is revoked");
  if (statement.status != V_OCSP_CERTSTATUS_GOOD) return refused("the certificate is unknown");
  if (!statement.in_time()) return refused("the response is out of time");
  return {};
}

void give_staples(SSL_CTX* context, SSL_CTX* source) {
  SSL_CTX_set_tlsext_status_cb(context, gatehouse_give_staple);
  SSL_CTX_set_tlsext_status_arg(context, source);
}

void demand_staples(SSL_CTX* context, OcspPolicy policy) {
  if (policy == OcspPolicy::kOff) return;
  SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
  SSL_CTX_set_tlsext_status_cb(context, gatehouse_check_staple);
  SSL_CTX_set_tlsext_status_arg(context,
                                reinterpret_cast<void*>(static_cast<std::uintptr_t>(policy)));
}

Result<std::chrono::seconds> fetch_ocsp_response(const TlsSettings& settings,
                                                 std::chrono::seconds patience) {
  const Pair pair = read_pair(settings);
  if (!pair.certificate || !pair.issuer) {
    return cannot("the certificate '" + settings.certificate_file + "' or its issuer is missing");
  }
  const std::string url = responder_of(pair.certificate.get());
  if (url.empty()) return cannot("the certificate names no responder");
  auto answer = ask(url, pair.certificate.get(), pair.issuer.get(), patience);
  if (!answer) return fail(answer.error());
  const Owned<X509_STORE> trust(X509_STORE_new());
  X509_STORE_add_cert(trust.get(), pair.issuer.get());
  X509_STORE_set_flags(trust.get(), X509_V_FLAG_PARTIAL_CHAIN);
  if (auto good =
          check_ocsp_response(*answer, pair.certificate.get(), pair.issuer.get(), trust.get());
      !good) {
    return fail(good.error());
  }
  if (auto written = replace(*settings.ocsp_file, *answer); !written) return fail(written.error());
  const Owned<OCSP_BASICRESP> basic = read_response(*answer);
  const Statement statement =
      read_statement(find_statement(basic.get(), pair.certificate.get(), pair.issuer.get()));
  int days = 0, seconds = 0;
  ASN1_TIME_diff(&days, &seconds, nullptr, statement.until);
  return std::chrono::seconds(days * 86'400LL + seconds);
}

}  // namespace gatehouse
