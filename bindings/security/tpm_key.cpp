// A method of OpenSSL's EC keys rather than a provider: Debian's tpm2-openssl 1.1 serves one thread
// only, and its algorithms would stand beside OpenSSL's own for everything else.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "bindings/security/tpm_key.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <optional>

namespace gatehouse {
namespace {

constexpr int kCoordinateBytes = 32;  // P-256

struct EsysFreer {
  void operator()(void* p) const { Esys_Free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, EsysFreer>;

std::string words_of(TSS2_RC rc) { return Tss2_RC_Decode(rc); }

// --- the connection ------------------------------------------------------------------------------

/// One ESYS context; all use of it holds the mutex.
class Connection {
 public:
  explicit Connection(std::string tcti) : tcti_(std::move(tcti)) {}
  ~Connection() { close(); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// One for each TCTI, for as long as a key uses it.
  static std::shared_ptr<Connection> of(const std::string& tcti) {
    static std::mutex mutex;
    static std::map<std::string, std::weak_ptr<Connection>> all;
    const std::lock_guard lock(mutex);
    std::shared_ptr<Connection> found = all[tcti].lock();
    if (!found) all[tcti] = found = std::make_shared<Connection>(tcti);
    return found;
  }

  /// Runs `use` with the context and the key's own handle; once more on a new connection if the old
  /// one has broken.
  template <class Use>
  TSS2_RC with_key(TPM2_HANDLE handle, const std::string& secret, Use use) {
    const std::lock_guard lock(mutex_);
    TSS2_RC rc = attempt(handle, secret, use);
    const TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
    if (rc == TSS2_RC_SUCCESS || layer == 0 || layer == TSS2_RESMGR_TPM_RC_LAYER) return rc;
    close();
    return attempt(handle, secret, use);
  }

 private:
  template <class Use>
  TSS2_RC attempt(TPM2_HANDLE handle, const std::string& secret, Use& use) {
    if (const TSS2_RC rc = open(); rc != TSS2_RC_SUCCESS) return rc;
    ESYS_TR key = ESYS_TR_NONE;
    TSS2_RC rc =
        Esys_TR_FromTPMPublic(esys_, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &key);
    if (rc != TSS2_RC_SUCCESS) return rc;
    TPM2B_AUTH auth{};
    auth.size = static_cast<UINT16>(std::min(secret.size(), sizeof auth.buffer));
    std::memcpy(auth.buffer, secret.data(), auth.size);
    rc = Esys_TR_SetAuth(esys_, key, &auth);
    if (rc == TSS2_RC_SUCCESS) rc = use(esys_, key);
    Esys_TR_Close(esys_, &key);
    return rc;
  }
  TSS2_RC open() {
    if (esys_) return TSS2_RC_SUCCESS;
    ::setenv("TSS2_LOG", "all+NONE", 0);  // the library writes to standard error unless told
    TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti_.c_str(), &transport_);
    if (rc == TSS2_RC_SUCCESS) rc = Esys_Initialize(&esys_, transport_, nullptr);
    // Nobody has started a bare TPM up; a kernel or a resource manager has.
    if (rc == TSS2_RC_SUCCESS) rc = Esys_Startup(esys_, TPM2_SU_CLEAR);
    if (rc == TPM2_RC_INITIALIZE) rc = TSS2_RC_SUCCESS;
    if (rc != TSS2_RC_SUCCESS) close();
    return rc;
  }
  void close() {
    Esys_Finalize(&esys_);
    Tss2_TctiLdr_Finalize(&transport_);
  }

  const std::string tcti_;
  std::mutex mutex_;
  TSS2_TCTI_CONTEXT* transport_ = nullptr;
  ESYS_CONTEXT* esys_ = nullptr;
};

/// What an EC_KEY of ours carries.
struct TpmKey {
  std::shared_ptr<Connection> connection;
  TPM2_HANDLE handle = 0;
  std::string secret;
};

// --- OpenSSL's side ------------------------------------------------------------------------------

void free_key(void*, void* data, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<TpmKey*>(data);
}

int copy_key(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** data, int, long, void*) {
  if (*data) *data = new TpmKey(*static_cast<TpmKey*>(*data));
  return 1;
}

int key_index() {
  static const int index = EC_KEY_get_ex_new_index(0, nullptr, nullptr, copy_key, free_key);
  return index;
}

TPMI_ALG_HASH hash_of_length(int bytes) {
  return bytes == 32   ? TPM2_ALG_SHA256
         : bytes == 48 ? TPM2_ALG_SHA384
         : bytes == 64 ? TPM2_ALG_SHA512
         : bytes == 20 ? TPM2_ALG_SHA1
                       : TPM2_ALG_ERROR;
}

ECDSA_SIG* to_openssl(const TPMS_SIGNATURE_ECC& made) {
  ECDSA_SIG* signature = ECDSA_SIG_new();
  BIGNUM* r = BN_bin2bn(made.signatureR.buffer, made.signatureR.size, nullptr);
  BIGNUM* s = BN_bin2bn(made.signatureS.buffer, made.signatureS.size, nullptr);
  if (!signature || !r || !s || ECDSA_SIG_set0(signature, r, s) != 1) {
    BN_free(r);
    BN_free(s);
    ECDSA_SIG_free(signature);
    return nullptr;
  }
  return signature;
}

TSS2_RC sign(const TpmKey& key, const TPM2B_DIGEST& digest, Owned<TPMT_SIGNATURE>& made) {
  TPMT_SIG_SCHEME scheme{};
  scheme.scheme = TPM2_ALG_ECDSA;
  scheme.details.ecdsa.hashAlg = hash_of_length(digest.size);
  // The digest was not made by the TPM, so there is no ticket for it.
  TPMT_TK_HASHCHECK ticket{};
  ticket.tag = TPM2_ST_HASHCHECK;
  ticket.hierarchy = TPM2_RH_NULL;
  TPMT_SIGNATURE* signature = nullptr;
  const TSS2_RC rc =
      key.connection->with_key(key.handle, key.secret, [&](ESYS_CONTEXT* esys, ESYS_TR handle) {
        return Esys_Sign(esys, handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &digest,
                         &scheme, &ticket, &signature);
      });
  made.reset(signature);
  return rc;
}

/// ECDSA_do_sign() of our keys; nullptr is what OpenSSL reports as a failed signature.
ECDSA_SIG* sign_in_tpm(const unsigned char* digest, int length, const BIGNUM*, const BIGNUM*,
                       EC_KEY* key) {
  const auto* ours = static_cast<const TpmKey*>(EC_KEY_get_ex_data(key, key_index()));
  if (!ours || hash_of_length(length) == TPM2_ALG_ERROR) return nullptr;
  TPM2B_DIGEST wanted{};
  wanted.size = static_cast<UINT16>(length);
  std::memcpy(wanted.buffer, digest, wanted.size);
  Owned<TPMT_SIGNATURE> made;
  if (sign(*ours, wanted, made) != TSS2_RC_SUCCESS || made->sigAlg != TPM2_ALG_ECDSA) {
    return nullptr;
  }
  return to_openssl(made->signature.ecdsa);
}

const EC_KEY_METHOD* tpm_method() {
  static const EC_KEY_METHOD* const method = [] {
    EC_KEY_METHOD* made = EC_KEY_METHOD_new(EC_KEY_OpenSSL());
    int (*sign)(int, const unsigned char*, int, unsigned char*, unsigned int*, const BIGNUM*,
                const BIGNUM*, EC_KEY*) = nullptr;
    EC_KEY_METHOD_get_sign(made, &sign, nullptr, nullptr);
    EC_KEY_METHOD_set_sign(made, sign, nullptr, sign_in_tpm);  // `sign` calls the last
    return made;
  }();
  return method;
}

Result<PrivateKey> to_openssl(TpmKey ours, const TPMS_ECC_POINT& point) {
  struct Freer {
    void operator()(EC_KEY* k) const { EC_KEY_free(k); }
    void operator()(BIGNUM* n) const { BN_free(n); }
  };
  const std::unique_ptr<BIGNUM, Freer> x(BN_bin2bn(point.x.buffer, point.x.size, nullptr));
  const std::unique_ptr<BIGNUM, Freer> y(BN_bin2bn(point.y.buffer, point.y.size, nullptr));
  std::unique_ptr<EC_KEY, Freer> key(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
  PrivateKey whole(EVP_PKEY_new(), [](EVP_PKEY* k) { EVP_PKEY_free(k); });
  const bool good = x && y && key && whole &&
                    EC_KEY_set_public_key_affine_coordinates(key.get(), x.get(), y.get()) == 1 &&
                    EC_KEY_set_method(key.get(), tpm_method()) == 1;
  auto carried = std::make_unique<TpmKey>(std::move(ours));
  if (!good || EC_KEY_set_ex_data(key.get(), key_index(), carried.get()) != 1) {
    return fail(Rsc::kInternalServerError, "OpenSSL does not take its public half");
  }
  (void)carried.release();  // the key frees it
  if (EVP_PKEY_assign_EC_KEY(whole.get(), key.get()) != 1) {
    return fail(Rsc::kInternalServerError, "OpenSSL does not take its public half");
  }
  (void)key.release();  // that has it now
  return whole;
}

// --- the URI -------------------------------------------------------------------------------------

struct Place {
  TPM2_HANDLE handle = 0;
  std::string secret, tcti = "device:/dev/tpmrm0";
};

tl::unexpected<Error> refused(std::string why) {
  return fail(Rsc::kInternalServerError, std::move(why));
}

std::optional<TPM2_HANDLE> read_handle(std::string_view text) {
  if (text.starts_with("0x") || text.starts_with("0X")) text.remove_prefix(2);
  TPM2_HANDLE handle = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), handle, 16);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  const bool persistent = handle >> TPM2_HR_SHIFT == TPM2_HT_PERSISTENT;
  return persistent ? std::optional(handle) : std::nullopt;
}

Result<Place> read_uri(std::string_view uri) {
  Place place;
  uri.remove_prefix(std::string_view("tpm2:").size());
  while (!uri.empty()) {
    const std::string_view item = uri.substr(0, uri.find(';'));
    uri.remove_prefix(std::min(item.size() + 1, uri.size()));
    const std::size_t equals = std::min(item.find('='), item.size());
    const std::string_view name = item.substr(0, equals);
    const std::string value(item.substr(std::min(equals + 1, item.size())));
    if (name == "handle") {
      const auto handle = read_handle(value);
      if (!handle) return refused("handle must be a persistent handle such as 0x81000001");
      place.handle = *handle;
    } else if (name == "auth-value") {
      place.secret = value;
    } else if (name == "auth-source") {
      auto secret = read_secret_line(value);
      if (!secret) return refused("auth-source: " + secret.error().detail);
      place.secret = *std::move(secret);
    } else if (name == "tcti" && !value.empty()) {
      place.tcti = value;
    } else {
      return refused("\"" + std::string(name) +
                     "\" is none of handle, auth-source, auth-value, tcti");
    }
  }
  if (place.handle == 0) return refused("handle is missing");
  return place;
}

/// What is wrong with the key for TLS, or nothing.
std::string objection(const TPMT_PUBLIC& area) {
  if (area.type != TPM2_ALG_ECC || area.parameters.eccDetail.curveID != TPM2_ECC_NIST_P256 ||
      area.unique.ecc.x.size > kCoordinateBytes || area.unique.ecc.y.size > kCoordinateBytes) {
    return "the key at this handle is not on P-256";
  }
  if ((area.objectAttributes & TPMA_OBJECT_SIGN_ENCRYPT) == 0 ||
      (area.objectAttributes & TPMA_OBJECT_RESTRICTED) != 0) {
    return "the key at this handle may not sign what TLS asks for";
  }
  return {};
}

/// One signature: a wrong authorisation value shows now rather than at the first handshake.
std::string failed_signature(const TpmKey& key) {
  TPM2B_DIGEST digest{};
  digest.size = 32;
  Owned<TPMT_SIGNATURE> made;
  const TSS2_RC rc = sign(key, digest, made);
  if (rc == TSS2_RC_SUCCESS) return {};
  return "the TPM does not sign with it: " + words_of(rc) + "; is auth-source right?";
}

}  // namespace

Result<PrivateKey> load_tpm_key(const std::string& uri) {
  auto place = read_uri(uri);
  if (!place) return fail(place.error());
  TpmKey ours{Connection::of(place->tcti), place->handle, std::move(place->secret)};
  TPM2B_PUBLIC* area = nullptr;
  const TSS2_RC rc = ours.connection->with_key(
      ours.handle, ours.secret, [&area](ESYS_CONTEXT* esys, ESYS_TR handle) {
        return Esys_ReadPublic(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &area,
                               nullptr, nullptr);
      });
  const Owned<TPM2B_PUBLIC> owned(area);
  if (rc != TSS2_RC_SUCCESS) {
    const TSS2_RC layer = rc & TSS2_RC_LAYER_MASK;
    const bool answered = layer == 0 || layer == TSS2_RESMGR_TPM_RC_LAYER;
    return refused(
        (answered ? "the TPM has no such key: " : "no TPM answers at tcti " + place->tcti + ": ") +
        words_of(rc));
  }
  if (std::string wrong = objection(owned->publicArea); !wrong.empty()) {
    return refused(std::move(wrong));
  }
  if (std::string wrong = failed_signature(ours); !wrong.empty()) return refused(std::move(wrong));
  return to_openssl(std::move(ours), owned->publicArea.unique.ecc);
}

}  // namespace gatehouse
