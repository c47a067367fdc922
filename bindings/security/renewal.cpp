#include "bindings/security/renewal.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "bindings/security/ocsp.h"

namespace gatehouse {
namespace {

constexpr std::size_t kMaxStapleBytes = 64 * 1024;

void free_renewal(void*, void* data, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<Renewal*>(data);
}

int renewal_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_renewal);
  return index;
}

std::string stamp_of(const std::string& file) {
  struct stat s {};
  if (file.empty() || ::stat(file.c_str(), &s) != 0) return "-";
  std::ostringstream text;
  text << s.st_mtim.tv_sec << '.' << s.st_mtim.tv_nsec << '/' << s.st_size << '/' << s.st_ino;
  return text.str();
}

/// The file of a key, or nothing where a token has it.
std::string file_of(const std::string& key) {
  if (key.starts_with("pkcs11:") || key.starts_with("tpm2:")) return {};
  return key.starts_with("file:") ? key.substr(5) : key;
}

std::string content_of(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string bytes(kMaxStapleBytes, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(std::max<std::streamsize>(in.gcount(), 0)));
  return bytes;
}

tl::unexpected<Error> refused(const char* what) {
  const char* reason = ERR_reason_error_string(ERR_get_error());
  ERR_clear_error();
  return fail(Rsc::kInternalServerError,
              std::string("TLS: ") + what + ": " + (reason ? reason : "unknown reason"));
}

}  // namespace

Renewal::Renewal(TlsSettings settings, Make make)
    : settings_(std::move(settings)), make_(make), seen_(stamp()) {}

void Renewal::attach(SSL_CTX* context, std::unique_ptr<Renewal> renewal) {
  if (SSL_CTX_set_ex_data(context, renewal_index(), renewal.get()) == 1) (void)renewal.release();
}

Renewal* Renewal::of(const SSL_CTX* context) {
  return static_cast<Renewal*>(SSL_CTX_get_ex_data(context, renewal_index()));
}

std::string Renewal::stamp() const {
  return stamp_of(settings_.certificate_file) + ' ' + stamp_of(file_of(settings_.key_file)) + ' ' +
         stamp_of(settings_.ca_file) + ' ' + stamp_of(settings_.crl_file.value_or(""));
}

TlsContext Renewal::newest() {
  std::string problem;
  TlsContext current;
  {
    const std::lock_guard lock(mutex_);
    std::string now = stamp();
    if (now == seen_) return newest_;
    seen_ = std::move(now);
    // A certificate that is there before its key does not fit yet; the key's coming is seen, too.
    if (auto made = make_(settings_)) {
      newest_ = *std::move(made);
      ++generation_;
    } else {
      problem = made.error().detail;
    }
    current = newest_;
  }
  if (settings_.on_renewal) settings_.on_renewal(problem);
  return current;
}

std::uint32_t Renewal::generation() const {
  const std::lock_guard lock(mutex_);
  return generation_;
}

std::shared_ptr<const std::string> Renewal::staple() {
  if (!settings_.ocsp_file) return nullptr;
  const std::lock_guard lock(mutex_);
  if (std::string now = stamp_of(*settings_.ocsp_file); now != staple_seen_) {
    staple_seen_ = std::move(now);
    staple_ = std::make_shared<const std::string>(content_of(*settings_.ocsp_file));
  }
  return staple_ && is_in_time(*staple_) ? staple_ : nullptr;
}

Result<void> adopt_credentials(SSL* connection, SSL_CTX* from) {
  X509* certificate = SSL_CTX_get0_certificate(from);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(from, &chain);
  if (certificate &&
      SSL_use_cert_and_key(connection, certificate, SSL_CTX_get0_privatekey(from), chain, 1) != 1) {
    return refused("the certificate");
  }
  if (!certificate) SSL_certs_clear(connection);
  if (SSL_set1_verify_cert_store(connection, SSL_CTX_get_cert_store(from)) != 1) {
    return refused("the trust anchors");
  }
  const STACK_OF(X509_NAME)* names = SSL_CTX_get_client_CA_list(from);
  if (names && sk_X509_NAME_num(names) > 0) {
    SSL_set_client_CA_list(connection, SSL_dup_CA_list(names));
  }
  return {};
}

Result<void> adopt_newest(SSL* connection) {
  Renewal* const renewal = Renewal::of(SSL_get_SSL_CTX(connection));
  if (!renewal) return {};
  const TlsContext newest = renewal->newest();
  if (!newest) return {};
  // A session of a former time would let in whoever has been revoked since.
  const std::string context = "gatehouse " + std::to_string(renewal->generation());
  SSL_set_session_id_context(connection, reinterpret_cast<const unsigned char*>(context.data()),
                             static_cast<unsigned>(context.size()));
  return adopt_credentials(connection, newest.get());
}

std::uint32_t trust_generation(const TlsContext& context) {
  Renewal* const renewal = context ? Renewal::of(context.get()) : nullptr;
  if (!renewal) return 0;
  (void)renewal->newest();
  return renewal->generation();
}

bool is_still_trusted(const SSL* connection, SSL_CTX* context) {
  X509* const certificate = SSL_get0_peer_certificate(connection);
  if (!context) context = SSL_get_SSL_CTX(connection);
  Renewal* const renewal = Renewal::of(context);
  if (!certificate || !renewal) return true;
  const TlsContext newest = renewal->newest();
  X509_STORE* const store = SSL_CTX_get_cert_store(newest ? newest.get() : context);
  const std::unique_ptr<X509_STORE_CTX, decltype(&X509_STORE_CTX_free)> check(X509_STORE_CTX_new(),
                                                                              &X509_STORE_CTX_free);
  STACK_OF(X509)* const chain = SSL_get_peer_cert_chain(connection);
  if (!check || X509_STORE_CTX_init(check.get(), store, certificate, chain) != 1) return false;
  X509_STORE_CTX_set_default(check.get(), SSL_is_server(connection) ? "ssl_client" : "ssl_server");
  const bool good = X509_verify_cert(check.get()) == 1;
  ERR_clear_error();
  return good;
}

}  // namespace gatehouse
