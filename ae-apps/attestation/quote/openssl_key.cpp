#include "ae-apps/attestation/quote/openssl_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <string>

namespace gatehouse::attest {
namespace {

constexpr Curve kCurves[] = {
    {kCurveP256, "prime256v1", 32}, {kCurveP384, "secp384r1", 48}, {kCurveP521, "secp521r1", 66}};
constexpr std::uint32_t kUsualExponent = 65537;

struct Freer {
  void operator()(BIO* p) const { BIO_free_all(p); }
  void operator()(X509* p) const { X509_free(p); }
  void operator()(OSSL_PARAM_BLD* p) const { OSSL_PARAM_BLD_free(p); }
  void operator()(OSSL_PARAM* p) const { OSSL_PARAM_free(p); }
  void operator()(BIGNUM* p) const { BN_free(p); }
};
template <class T>
using Handle = std::unique_ptr<T, Freer>;

PkeyHandle built(const char* type, OSSL_PARAM_BLD* builder) {
  const Handle<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder));
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, type, nullptr));
  EVP_PKEY* key = nullptr;
  if (!parameters || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    key = nullptr;
  }
  ERR_clear_error();
  return PkeyHandle(key);
}

PkeyHandle rsa_pkey(const PublicArea& area) {
  const std::uint32_t exponent = area.rsa_exponent == 0 ? kUsualExponent : area.rsa_exponent;
  const Handle<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  const Handle<BIGNUM> n(
      BN_bin2bn(area.modulus.data(), static_cast<int>(area.modulus.size()), nullptr));
  const Handle<BIGNUM> e(BN_new());
  if (!builder || !n || !e || BN_set_word(e.get(), exponent) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1) {
    return nullptr;
  }
  return built("RSA", builder.get());
}

/// An encrypted PEM is an error, never a question on the terminal.
int no_passphrase(char*, int, int, void*) { return -1; }

}  // namespace

const Curve* curve_of_number(std::uint16_t number) {
  for (const Curve& curve : kCurves) {
    if (curve.number == number) return &curve;
  }
  return nullptr;
}

const Curve* curve_of(const EVP_PKEY* key) {
  char group[32] = {};
  if (EVP_PKEY_get_group_name(key, group, sizeof group, nullptr) != 1) return nullptr;
  for (const Curve& curve : kCurves) {
    if (std::string_view(group) == curve.name) return &curve;
  }
  return nullptr;
}

PkeyHandle ec_pkey(std::uint16_t number, ByteView x, ByteView y) {
  const Curve* curve = curve_of_number(number);
  if (curve == nullptr || x.size() > curve->size_bytes || y.size() > curve->size_bytes) {
    return nullptr;
  }
  Bytes point(1 + 2 * curve->size_bytes);
  point[0] = 4;  // uncompressed
  std::copy(x.begin(), x.end(),
            point.begin() + 1 + static_cast<long>(curve->size_bytes - x.size()));
  std::copy(y.begin(), y.end(), point.end() - static_cast<long>(y.size()));
  const Handle<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  if (!builder ||
      OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve->name, 0) !=
          1 ||
      OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(),
                                       point.size()) != 1) {
    return nullptr;
  }
  return built("EC", builder.get());
}

Result<PkeyHandle> pkey_of(const PublicArea& area) {
  PkeyHandle key = area.type == kTypeRsa ? rsa_pkey(area) : ec_pkey(area.curve, area.x, area.y);
  if (!key) return fail(Rsc::kBadRequest, "public area: no key that can be used");
  return key;
}

Result<PkeyHandle> pkey_of_pem(std::string_view pem) {
  const Handle<BIO> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Handle<BIO> again(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PkeyHandle key;
  if (pem.find("-----BEGIN CERTIFICATE-----") != std::string_view::npos) {
    const Handle<X509> certificate(PEM_read_bio_X509(again.get(), nullptr, no_passphrase, nullptr));
    if (certificate) key.reset(X509_get_pubkey(certificate.get()));
  } else {
    key.reset(PEM_read_bio_PUBKEY(bio.get(), nullptr, no_passphrase, nullptr));
  }
  ERR_clear_error();
  if (!key) return fail(Rsc::kBadRequest, "key: no public key and no certificate in PEM");
  return key;
}

Result<std::pair<Bytes, Bytes>> coordinates(const EVP_PKEY* key) {
  const Curve* curve = curve_of(key);
  BIGNUM* x = nullptr;
  BIGNUM* y = nullptr;
  const bool good = curve != nullptr &&
                    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x) == 1 &&
                    EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y) == 1;
  const Handle<BIGNUM> own_x(x);
  const Handle<BIGNUM> own_y(y);
  if (!good) return fail(Rsc::kBadRequest, "key: no EC key of a known curve");
  const int size = static_cast<int>(curve->size_bytes);
  std::pair<Bytes, Bytes> out{Bytes(curve->size_bytes), Bytes(curve->size_bytes)};
  BN_bn2binpad(x, out.first.data(), size);
  BN_bn2binpad(y, out.second.data(), size);
  return out;
}

Bytes shared_secret(EVP_PKEY* own, EVP_PKEY* peer) {
  const Curve* curve = curve_of(own);
  if (curve == nullptr) return {};
  const PkeyContext context(EVP_PKEY_CTX_new(own, nullptr));
  std::size_t length = curve->size_bytes;
  Bytes out(length);
  const bool good = context && EVP_PKEY_derive_init(context.get()) == 1 &&
                    EVP_PKEY_derive_set_peer(context.get(), peer) == 1 &&
                    EVP_PKEY_derive(context.get(), out.data(), &length) == 1;
  ERR_clear_error();
  return good ? out : Bytes();
}

Result<std::string> pem_of(const PublicArea& area) {
  const auto key = pkey_of(area);
  if (!key) return fail(key.error());
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  if (!bio || PEM_write_bio_PUBKEY(bio.get(), key->get()) != 1) {
    return fail(Rsc::kBadRequest, "public area: no key that PEM can hold");
  }
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return std::string(text, static_cast<std::size_t>(length));
}

}  // namespace gatehouse::attest
