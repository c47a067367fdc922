#pragma once
#include <openssl/evp.h>

#include <memory>

#include "ae-apps/attestation/quote/public_area.h"

namespace gatehouse::attest {

struct PkeyFreer {
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
};
using PkeyHandle = std::unique_ptr<EVP_PKEY, PkeyFreer>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, PkeyFreer>;

/// The key of a public area for OpenSSL; the point must be on its curve. Errors: kBadRequest.
Result<PkeyHandle> pkey_of(const PublicArea& area);
/// "PUBLIC KEY" or "CERTIFICATE" in PEM, the first block. Errors: kBadRequest.
Result<PkeyHandle> pkey_of_pem(std::string_view pem);
/// An EC key of a named curve from its coordinates, of any length up to the field's. Null if it is
/// none.
PkeyHandle ec_pkey(std::uint16_t curve, ByteView x, ByteView y);

struct Curve {
  std::uint16_t number;
  const char* name;
  std::size_t size_bytes;
};
/// nullptr for a curve that is not P-256, P-384 or P-521.
const Curve* curve_of_number(std::uint16_t number);
const Curve* curve_of(const EVP_PKEY* key);
/// The x coordinate of the point that both EC keys share, of the field's full length; empty if
/// there is none.
Bytes shared_secret(EVP_PKEY* own, EVP_PKEY* peer);
/// Coordinates of the field's full length.
Result<std::pair<Bytes, Bytes>> coordinates(const EVP_PKEY* key);

}  // namespace gatehouse::attest
