#include "certs/openssl_handles.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <ctime>

namespace gatehouse::pki {
namespace {

Handle<BIO> reader_of(std::string_view text) {
  return Handle<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

/// An encrypted file is an error, never a question on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

template <class Write>
std::string written(Write write) {
  Handle<BIO> out(BIO_new(BIO_s_mem()));
  if (!out || write(out.get()) != 1) return {};
  char* data = nullptr;
  const long size = BIO_get_mem_data(out.get(), &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string();
}

bool is_in_profile(const EVP_PKEY* key) {
  char group[32] = {};
  return EVP_PKEY_is_a(key, "ED25519") == 1 ||
         (EVP_PKEY_is_a(key, "EC") == 1 &&
          EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) == 1 &&
          std::string_view(group) == "prime256v1");
}

}  // namespace

tl::unexpected<Error> openssl_failure(std::string_view tried) {
  std::string text(tried);
  if (const unsigned long code = ERR_peek_last_error(); code != 0) {
    const char* reason = ERR_reason_error_string(code);
    text += std::string(": ") + (reason != nullptr ? reason : "unknown reason");
  }
  ERR_clear_error();
  return fail(Rsc::kInternalServerError, std::move(text));
}

Result<Handle<X509>> certificate_from_pem(std::string_view pem) {
  const auto in = reader_of(pem);
  Handle<X509> out(PEM_read_bio_X509(in.get(), nullptr, no_passphrase, nullptr));
  if (!out) return openssl_failure("not a certificate in PEM");
  return out;
}

Result<Handle<EVP_PKEY>> private_key_from_pem(std::string_view pem) {
  const auto in = reader_of(pem);
  Handle<EVP_PKEY> out(PEM_read_bio_PrivateKey(in.get(), nullptr, no_passphrase, nullptr));
  if (!out) return openssl_failure("not a private key in PEM");
  return out;
}

Result<Handle<EVP_PKEY>> public_key_from_pem(std::string_view pem) {
  const auto in = reader_of(pem);
  Handle<EVP_PKEY> out(PEM_read_bio_PUBKEY(in.get(), nullptr, no_passphrase, nullptr));
  ERR_clear_error();
  if (!out || !is_in_profile(out.get())) {
    return fail(Rsc::kBadRequest, "not a public key in PEM of the kind EC P-256 or Ed25519");
  }
  return out;
}

Result<Handle<X509_CRL>> crl_from_pem(std::string_view pem) {
  const auto in = reader_of(pem);
  Handle<X509_CRL> out(PEM_read_bio_X509_CRL(in.get(), nullptr, no_passphrase, nullptr));
  if (!out) return openssl_failure("not a revocation list in PEM");
  return out;
}

std::string to_pem(X509* certificate) {
  return written([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
}

std::string to_pem(X509_CRL* crl) {
  return written([&](BIO* out) { return PEM_write_bio_X509_CRL(out, crl); });
}

std::string to_pem(EVP_PKEY* private_key) {
  return written([&](BIO* out) {
    return PEM_write_bio_PrivateKey(out, private_key, nullptr, nullptr, 0, nullptr, nullptr);
  });
}

Result<Handle<EVP_PKEY>> generate_key() {
  Handle<EVP_PKEY> key(EVP_EC_gen("P-256"));
  if (!key) return openssl_failure("no key could be made");
  return key;
}

const EVP_MD* digest_for(const EVP_PKEY* key) {
  return EVP_PKEY_is_a(key, "ED25519") == 1 ? nullptr : EVP_sha256();
}

std::string serial_text(const X509* certificate) {
  const Handle<BIGNUM> number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(certificate), nullptr));
  char* digits = number ? BN_bn2hex(number.get()) : nullptr;
  std::string out = digits != nullptr ? digits : "";
  OPENSSL_free(digits);
  return out;
}

Result<Handle<ASN1_INTEGER>> serial_from_text(const std::string& text) {
  BIGNUM* number = nullptr;
  const int used = BN_hex2bn(&number, text.c_str());
  const Handle<BIGNUM> owner(number);
  Handle<ASN1_INTEGER> out;
  if (used > 0 && static_cast<std::size_t>(used) == text.size()) {
    out.reset(BN_to_ASN1_INTEGER(number, nullptr));
  }
  if (!out) return fail(Rsc::kInternalServerError, "the index holds a serial number that is none");
  return out;
}

Handle<ASN1_STRING> asn1_time(Time time) {
  return Handle<ASN1_STRING>(ASN1_TIME_set(nullptr, std::chrono::system_clock::to_time_t(time)));
}

Time time_of(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return {};
  return std::chrono::system_clock::from_time_t(timegm(&parts));
}

}  // namespace gatehouse::pki
