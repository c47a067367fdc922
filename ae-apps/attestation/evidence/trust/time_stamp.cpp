#include "ae-apps/attestation/evidence/trust/time_stamp.h"

#include <openssl/err.h>

#include <ctime>

#include "ae-apps/attestation/evidence/trust/openssl_handles.h"
#include "ae-apps/ota/crypto/digest.h"

namespace gatehouse::evidence {
namespace {

constexpr std::size_t kNonceBytes = 8;
constexpr std::size_t kMaxStampBytes = 64 * 1024;

/// Bytes of an object by its i2d function.
template <class T, class Encode>
Result<Bytes> der_of(const T* object, Encode encode) {
  unsigned char* der = nullptr;
  const int length = encode(object, &der);
  if (length <= 0) return fail(Rsc::kInternalServerError, last_reason());
  Bytes out(der, der + length);
  OPENSSL_free(der);
  return out;
}

Handle<TS_RESP> read_response(ByteView der) {
  const unsigned char* at = der.data();
  Handle<TS_RESP> response;
  if (der.size() <= kMaxStampBytes) {
    response.reset(d2i_TS_RESP(nullptr, &at, static_cast<long>(der.size())));
  }
  if (at != der.data() + der.size()) response.reset();
  ERR_clear_error();
  return response;
}

tl::unexpected<Error> refused(const std::string& reason) {
  return fail(Rsc::kNotAcceptable, "the time stamp is refused: " + reason);
}

std::int64_t seconds_of(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts{};
  return ASN1_TIME_to_tm(time, &parts) == 1 ? static_cast<std::int64_t>(timegm(&parts)) : -1;
}

std::string dotted(const ASN1_OBJECT* object) {
  char text[128] = {};
  OBJ_obj2txt(text, sizeof text, object, 1);
  return text;
}

std::string hex_of(const ASN1_INTEGER* number) {
  const Handle<BIGNUM> value(ASN1_INTEGER_to_BN(number, nullptr));
  char* text = value ? BN_bn2hex(value.get()) : nullptr;
  std::string out = text == nullptr ? "" : text;
  OPENSSL_free(text);
  return out;
}

/// The common name of the certificate in the token whose key signed it.
std::string signer_in(TS_RESP* response) {
  const Handle<STACK_OF(X509)> none;
  STACK_OF(X509)* signers = PKCS7_get0_signers(TS_RESP_get_token(response), nullptr, 0);
  std::string name;
  if (signers != nullptr && sk_X509_num(signers) > 0)
    name = common_name_of(sk_X509_value(signers, 0));
  sk_X509_free(signers);
  return name;
}

}  // namespace

Result<Bytes> stamp_request(ByteView data, crypto::Random& random) {
  const Handle<TS_REQ> request(TS_REQ_new());
  const Handle<TS_MSG_IMPRINT> imprint(TS_MSG_IMPRINT_new());
  const Handle<X509_ALGOR> algorithm(X509_ALGOR_new());
  auto digest = crypto::sha256(data);
  Bytes nonce_bytes = random.bytes(kNonceBytes);
  nonce_bytes[0] = static_cast<std::uint8_t>((nonce_bytes[0] & 0x7f) | 0x40);
  const Handle<BIGNUM> nonce_number(BN_bin2bn(nonce_bytes.data(), kNonceBytes, nullptr));
  const Handle<ASN1_INTEGER> nonce(BN_to_ASN1_INTEGER(nonce_number.get(), nullptr));
  const bool good =
      X509_ALGOR_set0(algorithm.get(), OBJ_nid2obj(NID_sha256), V_ASN1_NULL, nullptr) == 1 &&
      TS_MSG_IMPRINT_set_algo(imprint.get(), algorithm.get()) == 1 &&
      TS_MSG_IMPRINT_set_msg(imprint.get(), digest.data(), static_cast<int>(digest.size())) == 1 &&
      TS_REQ_set_version(request.get(), 1) == 1 &&
      TS_REQ_set_msg_imprint(request.get(), imprint.get()) == 1 &&
      TS_REQ_set_nonce(request.get(), nonce.get()) == 1 &&
      TS_REQ_set_cert_req(request.get(), 1) == 1;
  if (!good) return fail(Rsc::kInternalServerError, last_reason());
  return der_of(request.get(), i2d_TS_REQ);
}

Result<void> match_response(ByteView response, ByteView request) {
  const Handle<TS_RESP> answer = read_response(response);
  const unsigned char* at = request.data();
  const Handle<TS_REQ> asked(d2i_TS_REQ(nullptr, &at, static_cast<long>(request.size())));
  if (!answer || !asked) return refused("it is not well formed");
  TS_TST_INFO* info = TS_RESP_get_tst_info(answer.get());
  if (info == nullptr) return refused("the authority did not grant it");
  const ASN1_INTEGER* nonce = TS_TST_INFO_get_nonce(info);
  if (nonce == nullptr || ASN1_INTEGER_cmp(nonce, TS_REQ_get_nonce(asked.get())) != 0) {
    return refused("it answers another request");
  }
  const ASN1_OCTET_STRING* stamped = TS_MSG_IMPRINT_get_msg(TS_TST_INFO_get_msg_imprint(info));
  const ASN1_OCTET_STRING* wanted = TS_MSG_IMPRINT_get_msg(TS_REQ_get_msg_imprint(asked.get()));
  if (ASN1_OCTET_STRING_cmp(stamped, wanted) != 0) return refused("it is over other data");
  return {};
}

Result<TimeStamp> verify_stamp(ByteView response, ByteView data, std::string_view anchors_pem) {
  const Handle<TS_RESP> answer = read_response(response);
  if (!answer) return refused("it is not well formed");
  TS_TST_INFO* info = TS_RESP_get_tst_info(answer.get());
  if (info == nullptr) return refused("the authority did not grant it");
  TimeStamp stamp;
  stamp.time_s = seconds_of(TS_TST_INFO_get_time(info));
  if (stamp.time_s < 0) return refused("it has no time");
  stamp.serial = hex_of(TS_TST_INFO_get_serial(info));
  stamp.policy = dotted(TS_TST_INFO_get_policy_id(info));
  const Handle<TS_VERIFY_CTX> context(TS_VERIFY_CTX_new());
  TS_VERIFY_CTX_set_flags(context.get(), TS_VFY_SIGNATURE | TS_VFY_VERSION | TS_VFY_DATA);
  TS_VERIFY_CTX_set_store(context.get(), store_of(anchors_pem, stamp.time_s).release());
  TS_VERIFY_CTX_set_data(context.get(), bio_of(data).release());
  if (TS_RESP_verify_response(context.get(), answer.get()) != 1) return refused(last_reason());
  ERR_clear_error();
  stamp.authority = signer_in(answer.get());
  return stamp;
}

// --- StampAuthority --------------------------------------------------------------------------

struct StampAuthority::State {
  Handle<TS_RESP_CTX> context;
  crypto::SigningKey key;
  Clock clock;
  crypto::SystemRandom random;

  static int time_of(TS_RESP_CTX*, void* self, long* seconds, long* microseconds) {
    *seconds = static_cast<long>(static_cast<State*>(self)->clock());
    *microseconds = 0;
    return 1;
  }
  static ASN1_INTEGER* serial_of(TS_RESP_CTX*, void* self) {
    Bytes bytes = static_cast<State*>(self)->random.bytes(16);
    bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0x7f) | 0x40);
    const Handle<BIGNUM> number(BN_bin2bn(bytes.data(), static_cast<int>(bytes.size()), nullptr));
    return BN_to_ASN1_INTEGER(number.get(), nullptr);
  }
};

StampAuthority::StampAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
StampAuthority::StampAuthority(StampAuthority&&) noexcept = default;
StampAuthority::~StampAuthority() = default;

Result<StampAuthority> StampAuthority::make(std::string_view chain_pem, crypto::SigningKey key,
                                            Settings settings) {
  const std::vector<Handle<X509>> chain = certificates_in(chain_pem);
  if (chain.empty()) return fail(Rsc::kBadRequest, "the stamp authority has no certificate");
  auto* native = static_cast<EVP_PKEY*>(key.native());
  if (X509_check_private_key(chain[0].get(), native) != 1) {
    last_reason();
    return fail(Rsc::kBadRequest, "the stamp authority's certificate is for another key");
  }
  auto state = std::make_unique<State>(
      State{Handle<TS_RESP_CTX>(TS_RESP_CTX_new()), std::move(key), settings.clock, {}});
  const Handle<STACK_OF(X509)> others(sk_X509_new_null());
  for (std::size_t i = 1; i < chain.size(); ++i) {
    X509_up_ref(chain[i].get());
    sk_X509_push(others.get(), chain[i].get());
  }
  TS_RESP_CTX* context = state->context.get();
  const Handle<ASN1_OBJECT> policy(OBJ_txt2obj(settings.policy.c_str(), 1));
  const bool good = policy && TS_RESP_CTX_set_signer_cert(context, chain[0].get()) == 1 &&
                    TS_RESP_CTX_set_signer_key(context, native) == 1 &&
                    TS_RESP_CTX_set_certs(context, others.get()) == 1 &&
                    TS_RESP_CTX_set_def_policy(context, policy.get()) == 1 &&
                    TS_RESP_CTX_set_signer_digest(context, EVP_sha256()) == 1 &&
                    TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256()) == 1 &&
                    TS_RESP_CTX_add_md(context, EVP_sha256()) == 1 &&
                    TS_RESP_CTX_add_md(context, EVP_sha512()) == 1;
  if (!good) {
    return fail(Rsc::kBadRequest, "this cannot be a stamp authority: " + last_reason());
  }
  TS_RESP_CTX_set_time_cb(context, State::time_of, state.get());
  TS_RESP_CTX_set_serial_cb(context, State::serial_of, state.get());
  return StampAuthority(std::move(state));
}

Result<Bytes> StampAuthority::answer(ByteView request) {
  const Handle<BIO> bio = bio_of(request);
  const Handle<TS_RESP> response(TS_RESP_create_response(state_->context.get(), bio.get()));
  ERR_clear_error();
  if (!response) return fail(Rsc::kInternalServerError, "the stamp authority cannot answer");
  return der_of(response.get(), i2d_TS_RESP);
}

}  // namespace gatehouse::evidence
