#include "ae-apps/attestation/evidence/trust/openssl_handles.h"
#include "ae-apps/attestation/evidence/trust/time_stamp.h"

namespace gatehouse::evidence {
namespace {

constexpr std::int64_t kSecondsPerDay = 86'400;

struct Extension {
  int nid;
  const char* value;
};
/// RFC 3161 clause 2.3: the usage is critical, and the only one.
constexpr Extension kStampExtensions[] = {{NID_basic_constraints, "critical,CA:FALSE"},
                                          {NID_key_usage, "critical,digitalSignature"},
                                          {NID_ext_key_usage, "critical,timeStamping"},
                                          {NID_subject_key_identifier, "hash"},
                                          {NID_authority_key_identifier, "keyid:always"}};
constexpr Extension kAnchorExtensions[] = {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                           {NID_key_usage, "critical,keyCertSign,cRLSign"},
                                           {NID_subject_key_identifier, "hash"}};

struct Issuer {
  X509* certificate;  ///< null: signs itself
  const crypto::SigningKey& key;
};

void set_name(X509_NAME* subject, const std::string& name) {
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
}

template <std::size_t N>
Handle<X509> issue(const std::string& name, const crypto::SigningKey& key, const Issuer& issuer,
                   std::int64_t from_s, int days, const Extension (&extensions)[N]) {
  Handle<X509> made(X509_new());
  X509_set_version(made.get(), X509_VERSION_3);
  crypto::SystemRandom random;
  Bytes serial = random.bytes(16);
  serial[0] = static_cast<std::uint8_t>((serial[0] & 0x7f) | 0x40);
  const Handle<BIGNUM> number(BN_bin2bn(serial.data(), static_cast<int>(serial.size()), nullptr));
  BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made.get()));
  ASN1_TIME_set(X509_getm_notBefore(made.get()), static_cast<time_t>(from_s));
  ASN1_TIME_set(X509_getm_notAfter(made.get()),
                static_cast<time_t>(from_s + days * kSecondsPerDay));
  set_name(X509_get_subject_name(made.get()), name);
  X509* above = issuer.certificate == nullptr ? made.get() : issuer.certificate;
  X509_set_issuer_name(made.get(), X509_get_subject_name(above));
  X509_set_pubkey(made.get(), static_cast<EVP_PKEY*>(key.native()));
  X509V3_CTX context;
  X509V3_set_ctx(&context, above, made.get(), nullptr, nullptr, 0);
  for (const Extension& one : extensions) {
    const Handle<X509_EXTENSION> extension(
        X509V3_EXT_conf_nid(nullptr, &context, one.nid, one.value));
    if (!extension || X509_add_ext(made.get(), extension.get(), -1) != 1) return nullptr;
  }
  if (X509_sign(made.get(), static_cast<EVP_PKEY*>(issuer.key.native()), EVP_sha256()) == 0) {
    return nullptr;
  }
  return made;
}

std::string pem_of(X509* certificate) {
  const Handle<BIO> bio(BIO_new(BIO_s_mem()));
  PEM_write_bio_X509(bio.get(), certificate);
  return text_in(bio.get());
}

}  // namespace

Result<StampIdentity> make_stamp_identity(const std::string& name, std::int64_t from_s, int days) {
  auto anchor_key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  if (!anchor_key) return fail(anchor_key.error());
  auto key = crypto::SigningKey::generate(crypto::Algorithm::kEcdsaP256);
  if (!key) return fail(key.error());
  const Handle<X509> anchor =
      issue(name + " anchor", *anchor_key, {nullptr, *anchor_key}, from_s, days, kAnchorExtensions);
  const Handle<X509> leaf =
      anchor ? issue(name, *key, {anchor.get(), *anchor_key}, from_s, days, kStampExtensions)
             : nullptr;
  if (!leaf) return fail(Rsc::kInternalServerError, "no certificate: " + last_reason());
  // The anchor's key is forgotten here: nobody can issue a second stamping key under it.
  return StampIdentity{pem_of(anchor.get()), pem_of(leaf.get()), *std::move(key)};
}

}  // namespace gatehouse::evidence
