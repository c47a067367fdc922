#pragma once
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <ctime>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

#include "bindings/security/tls_settings.h"

namespace gatehouse::testing_support {

/// A folder of its own that goes with the object.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    static std::atomic<int> next{0};
    path_ = std::filesystem::temp_directory_path() /
            ("gatehouse-test-" + std::to_string(::getpid()) + "-" + std::to_string(next++));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// What a test certificate says.
struct CertificateWish {
  std::string name = "test";      ///< common name and stem of the files
  std::string alternative_names;  ///< as in openssl.cnf:
                                  ///< "URI:m2m://sp.example/id-mn,DNS:localhost,IP:127.0.0.1"
  std::string purposes = "serverAuth,clientAuth";
  long valid_from_seconds = -3600, valid_until_seconds = 86400;  ///< relative to now
};

/// A certificate authority in a folder: EC P-256, made anew for each test program. Throws if
/// OpenSSL fails.
class TestAuthority {
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

 public:
  explicit TestAuthority(std::filesystem::path folder, std::string name = "ca")
      : folder_(std::move(folder)),
        key_(make_key()),
        certificate_(nullptr, &X509_free),
        name_(name) {
    CertificateWish wish;
    wish.name = std::move(name);
    certificate_ = build(wish, key_.get(), nullptr);
    save_certificate(*certificate_, folder_ / (wish.name + ".pem"));
  }

  std::string ca_file() const { return (folder_ / (name_ + ".pem")).string(); }
  /// The key of the authority's own certificate, which is signed by itself.
  void save_own_key(const std::filesystem::path& file) const { save_key(key_.get(), file); }

  /// Issues a certificate with a new key; gives settings that use both and trust this authority.
  TlsSettings issue(const CertificateWish& wish) const {
    const Key key = make_key();
    const Certificate certificate = build(wish, key.get(), certificate_.get());
    TlsSettings settings;
    settings.certificate_file = (folder_ / (wish.name + ".crt")).string();
    settings.key_file = (folder_ / (wish.name + ".key")).string();
    settings.ca_file = ca_file();
    save_certificate(*certificate, settings.certificate_file);
    save_key(key.get(), settings.key_file);
    return settings;
  }

  /// A list that revokes the certificate in that file; returns the list's file.
  std::string revoke(const std::string& certificate_file) const {
    const std::unique_ptr<X509_CRL, decltype(&X509_CRL_free)> list(X509_CRL_new(), &X509_CRL_free);
    check(X509_CRL_set_version(list.get(), 1));
    check(X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate_.get())));
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> now(
        ASN1_TIME_adj(nullptr, std::time(nullptr), 0, -60), &ASN1_TIME_free);
    const std::unique_ptr<ASN1_TIME, decltype(&ASN1_TIME_free)> next(
        ASN1_TIME_adj(nullptr, std::time(nullptr), 1, 0), &ASN1_TIME_free);
    check(X509_CRL_set1_lastUpdate(list.get(), now.get()));
    check(X509_CRL_set1_nextUpdate(list.get(), next.get()));
    FILE* in = std::fopen(certificate_file.c_str(), "r");
    const Certificate revoked(PEM_read_X509(in, nullptr, nullptr, nullptr), &X509_free);
    std::fclose(in);
    X509_REVOKED* entry = X509_REVOKED_new();
    check(X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked.get())));
    check(X509_REVOKED_set_revocationDate(entry, now.get()));
    check(X509_CRL_add0_revoked(list.get(), entry));
    check(X509_CRL_sign(list.get(), key_.get(), EVP_sha256()));
    const std::string file = (folder_ / (name_ + ".crl")).string();
    FILE* out = std::fopen(file.c_str(), "w");
    check(PEM_write_X509_CRL(out, list.get()));
    std::fclose(out);
    return file;
  }

 private:
  static void check(int done) {
    if (done <= 0) throw std::runtime_error("OpenSSL refuses to make a test certificate");
  }
  static Key make_key() {
    Key key(EVP_EC_gen("P-256"), &EVP_PKEY_free);
    check(key != nullptr);
    return key;
  }
  void extend(X509* certificate, X509* issuer, int kind, const std::string& text) const {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, text.c_str());
    check(extension != nullptr);
    check(X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
  }
  /// `issuer` nullptr: signs itself, as an authority.
  Certificate build(const CertificateWish& wish, EVP_PKEY* key, X509* issuer) const {
    static std::atomic<long> serial{1000};
    Certificate made(X509_new(), &X509_free);
    X509* c = made.get();
    check(X509_set_version(c, 2));
    check(ASN1_INTEGER_set(X509_get_serialNumber(c), serial++));
    X509_gmtime_adj(X509_getm_notBefore(c), wish.valid_from_seconds);
    X509_gmtime_adj(X509_getm_notAfter(c), wish.valid_until_seconds);
    check(X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                                     reinterpret_cast<const unsigned char*>(wish.name.c_str()), -1,
                                     -1, 0));
    check(X509_set_issuer_name(c, X509_get_subject_name(issuer ? issuer : c)));
    check(X509_set_pubkey(c, key));
    X509* const signer = issuer ? issuer : c;
    extend(c, signer, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    extend(c, signer, NID_key_usage,
           issuer ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
    if (issuer) extend(c, signer, NID_ext_key_usage, wish.purposes);
    if (!wish.alternative_names.empty()) {
      extend(c, signer, NID_subject_alt_name, wish.alternative_names);
    }
    check(X509_sign(c, key_.get(), EVP_sha256()));
    return made;
  }
  static void save_certificate(X509& certificate, const std::filesystem::path& file) {
    FILE* out = std::fopen(file.c_str(), "w");
    check(out != nullptr && PEM_write_X509(out, &certificate));
    std::fclose(out);
  }
  static void save_key(EVP_PKEY* key, const std::filesystem::path& file) {
    FILE* out = std::fopen(file.c_str(), "w");
    std::filesystem::permissions(file, std::filesystem::perms(0600));
    check(out != nullptr && PEM_write_PrivateKey(out, key, nullptr, nullptr, 0, nullptr, nullptr));
    std::fclose(out);
  }

  std::filesystem::path folder_;
  Key key_;
  Certificate certificate_;
  std::string name_;
};

}  // namespace gatehouse::testing_support
