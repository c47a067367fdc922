#include "ae-apps/attestation/quote/key_agreement.h"

#include <openssl/err.h>

#include <stdexcept>

#include "ae-apps/attestation/quote/openssl_key.h"

namespace gatehouse::attest {

struct KeyAgreement::State {
  PkeyHandle key;
  Bytes point;
};

KeyAgreement::KeyAgreement() : state_(std::make_unique<State>()) {
  state_->key.reset(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", "P-256"));
  if (!state_->key) throw std::runtime_error("OpenSSL makes no keys");
  const auto own = coordinates(state_->key.get());
  if (!own) throw std::runtime_error("OpenSSL makes no points");
  state_->point = own->first;
  append(state_->point, own->second);
}

KeyAgreement::KeyAgreement(KeyAgreement&&) noexcept = default;
KeyAgreement& KeyAgreement::operator=(KeyAgreement&&) noexcept = default;
KeyAgreement::~KeyAgreement() = default;

const Bytes& KeyAgreement::public_point() const { return state_->point; }

Result<Bytes> KeyAgreement::shared_with(ByteView point) const {
  const auto wrong = [] {
    ERR_clear_error();
    return fail(Rsc::kBadRequest, "the public value is no point of P-256");
  };
  if (point.size() != kPointBytes) return wrong();
  // The import refuses what is not on the curve.
  const PkeyHandle theirs =
      ec_pkey(kCurveP256, point.first(kPointBytes / 2), point.last(kPointBytes / 2));
  if (!theirs) return wrong();
  Bytes out = shared_secret(state_->key.get(), theirs.get());
  if (out.size() != kSecretBytes) return wrong();
  return out;
}

}  // namespace gatehouse::attest
