// The keys with which a gateway signs in its own name, and checks those who can only make MACs.
#include <tss2/tss2_mu.h>

#include <algorithm>

#include "ae-apps/attestation/quote/wire.h"
#include "ae-apps/attestation/tpm/esys.h"

namespace gatehouse::attest {
namespace {

constexpr std::uint32_t kDeviceKeyAttributes =
    kFixedTpm | kFixedParent | kSensitiveDataOrigin | kUserWithAuth | kNoDa | kSign;
constexpr std::uint32_t kRsaCertificate = 0x01C00002, kEccCertificate = 0x01C0000A;
constexpr std::size_t kNvPieceBytes = 512;
constexpr std::size_t kPemLine = 64;
constexpr std::size_t kMaxMacKeyBytes = 64;
constexpr std::size_t kMacPieceBytes = 1024;  // of one command
constexpr std::size_t kMaxMacMessageBytes = 20 * 1024;

TPM2B_PUBLIC device_template() {
  TPM2B_PUBLIC out = attestation_template();
  out.publicArea.objectAttributes = kDeviceKeyAttributes;
  return out;
}

/// Parent of the MAC keys: a storage key by the TCG's usual template.
TPM2B_PUBLIC storage_template() {
  TPM2B_PUBLIC out{};
  TPMT_PUBLIC& area = out.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = kFixedTpm | kFixedParent | kSensitiveDataOrigin | kUserWithAuth | kNoDa |
                          kRestricted | kDecrypt;
  auto& ecc = area.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_AES;
  ecc.symmetric.keyBits.aes = 128;
  ecc.symmetric.mode.aes = TPM2_ALG_CFB;
  ecc.scheme.scheme = TPM2_ALG_NULL;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

TPM2B_PUBLIC mac_template() {
  TPM2B_PUBLIC out{};
  TPMT_PUBLIC& area = out.publicArea;
  area.type = TPM2_ALG_KEYEDHASH;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = kFixedTpm | kFixedParent | kUserWithAuth | kNoDa | kSign;
  area.parameters.keyedHashDetail.scheme.scheme = TPM2_ALG_HMAC;
  area.parameters.keyedHashDetail.scheme.details.hmac.hashAlg = TPM2_ALG_SHA256;
  return out;
}

/// INTEGER of DER: no leading zeros but the one that keeps it positive.
Bytes der_integer(ByteView number) {
  while (number.size() > 1 && number.front() == 0) number = number.subspan(1);
  Bytes out{0x02, static_cast<std::uint8_t>(number.size())};
  if (number.front() >= 0x80) {
    ++out.back();
    out.push_back(0);
  }
  append(out, number);
  return out;
}

/// Of the SEQUENCE at the beginning, which is longer than 255 bytes, as certificates are.
std::size_t der_size(ByteView bytes) {
  constexpr std::size_t kHead = 4;
  if (bytes.size() < kHead || bytes[0] != 0x30 || bytes[1] != 0x82) return bytes.size();
  return kHead + (static_cast<std::size_t>(bytes[2]) << 8 | bytes[3]);
}

/// r and s of P-256, so every length fits in one byte.
Bytes der_signature(const TPMS_SIGNATURE_ECC& signature) {
  Bytes body = der_integer({signature.signatureR.buffer, signature.signatureR.size});
  append(body, der_integer({signature.signatureS.buffer, signature.signatureS.size}));
  Bytes out{0x30, static_cast<std::uint8_t>(body.size())};
  append(out, body);
  return out;
}

/// TPM2_HMAC_Start, SequenceUpdate and SequenceComplete: a message may be longer than a command.
Result<Bytes> mac_in_pieces(ESYS_CONTEXT* esys, ESYS_TR key, ByteView message) {
  const TPM2B_AUTH no_secret{};
  ESYS_TR sequence = ESYS_TR_NONE;
  TSS2_RC rc = Esys_HMAC_Start(esys, key, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &no_secret,
                               TPM2_ALG_SHA256, &sequence);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "MAC"));
  TPM2B_MAX_BUFFER data{};
  for (; message.size() > kMacPieceBytes; message = message.subspan(kMacPieceBytes)) {
    rc = put(data, message.first(kMacPieceBytes), "the message")
             ? Esys_SequenceUpdate(esys, sequence, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                                   &data)
             : TSS2_RC(TSS2_BASE_RC_BAD_SIZE);
    if (rc == TSS2_RC_SUCCESS) continue;
    Esys_FlushContext(esys, sequence);
    return fail(error_of(rc, "MAC"));
  }
  if (const auto done = put(data, message, "the message"); !done) {
    Esys_FlushContext(esys, sequence);
    return fail(done.error());
  }
  TPM2B_DIGEST* made = nullptr;
  TPMT_TK_HASHCHECK* ticket = nullptr;
  rc = Esys_SequenceComplete(esys, sequence, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, &data,
                             ESYS_TR_RH_NULL, &made, &ticket);
  const Owned<TPM2B_DIGEST> own_made(made);
  const Owned<TPMT_TK_HASHCHECK> own_ticket(ticket);
  if (rc != TSS2_RC_SUCCESS) {
    Esys_FlushContext(esys, sequence);
    return fail(error_of(rc, "MAC"));
  }
  return Bytes(made->buffer, made->buffer + made->size);
}

}  // namespace

Result<PublicArea> Tpm::device_key() {
  auto key = state_->create_primary(device_template(), "device key");
  if (!key) return fail(key.error());
  return std::move(key->area);
}

Result<Bytes> Tpm::sign(ByteView message) {
  const auto key = state_->create_primary(device_template(), "device key");
  if (!key) return fail(key.error());
  TPM2B_DIGEST hashed{};
  const Bytes value = digest(HashAlg::kSha256, {message});
  if (const auto done = put(hashed, value, "the digest"); !done) return fail(done.error());
  const TPMT_SIG_SCHEME scheme{.scheme = TPM2_ALG_NULL, .details = {}};
  TPMT_TK_HASHCHECK ticket{};  // for a key that is not restricted
  ticket.tag = TPM2_ST_HASHCHECK;
  ticket.hierarchy = TPM2_RH_NULL;
  TPMT_SIGNATURE* signature = nullptr;
  const TSS2_RC rc = Esys_Sign(state_->esys, key->key.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                               ESYS_TR_NONE, &hashed, &scheme, &ticket, &signature);
  const Owned<TPMT_SIGNATURE> own_signature(signature);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "signature"));
  const TPMS_SIGNATURE_ECC& pair = signature->signature.ecdsa;
  if (signature->sigAlg != TPM2_ALG_ECDSA || pair.signatureR.size == 0 ||
      pair.signatureS.size == 0) {
    return fail(Rsc::kInternalServerError, "TPM: signature: of another kind");
  }
  return der_signature(pair);
}

Result<TpmQuote> Tpm::certify_device_key(ByteView nonce) {
  TPM2B_DATA extra{};
  if (const auto done = put(extra, nonce, "the nonce"); !done) return fail(done.error());
  const auto key = state_->create_primary(device_template(), "device key");
  if (!key) return fail(key.error());
  const auto attestation = state_->create_primary(attestation_template(), "attestation key");
  if (!attestation) return fail(attestation.error());
  const TPMT_SIG_SCHEME scheme{.scheme = TPM2_ALG_NULL, .details = {}};
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  const TSS2_RC rc =
      Esys_Certify(state_->esys, key->key.get(), attestation->key.get(), ESYS_TR_PASSWORD,
                   ESYS_TR_PASSWORD, ESYS_TR_NONE, &extra, &scheme, &attest, &signature);
  const Owned<TPM2B_ATTEST> own_attest(attest);
  const Owned<TPMT_SIGNATURE> own_signature(signature);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "certification"));
  return State::marshalled(*attest, *signature);
}

Result<Bytes> Tpm::adopt_mac_key(ByteView key) {
  if (key.empty() || key.size() > kMaxMacKeyBytes) {
    return fail(Rsc::kBadRequest, "TPM: a MAC key has 1 to 64 bytes");
  }
  const auto parent = state_->create_primary(storage_template(), "storage key");
  if (!parent) return fail(parent.error());
  TPM2B_SENSITIVE_CREATE sensitive{};
  if (const auto done = put(sensitive.sensitive.data, key, "the key"); !done) {
    return fail(done.error());
  }
  const TPM2B_PUBLIC shape = mac_template();
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION no_pcrs{};
  TPM2B_PRIVATE* made_private = nullptr;
  TPM2B_PUBLIC* made_public = nullptr;
  TPM2B_CREATION_DATA* data = nullptr;
  TPM2B_DIGEST* hash = nullptr;
  TPMT_TK_CREATION* ticket = nullptr;
  const TSS2_RC rc = Esys_Create(state_->esys, parent->key.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                 ESYS_TR_NONE, &sensitive, &shape, &outside, &no_pcrs,
                                 &made_private, &made_public, &data, &hash, &ticket);
  const Owned<TPM2B_PRIVATE> own_private(made_private);
  const Owned<TPM2B_PUBLIC> own_public(made_public);
  const Owned<TPM2B_CREATION_DATA> own_data(data);
  const Owned<TPM2B_DIGEST> own_hash(hash);
  const Owned<TPMT_TK_CREATION> own_ticket(ticket);
  explicit_bzero(&sensitive, sizeof sensitive);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "MAC key"));
  std::uint8_t buffer[sizeof(TPM2B_PRIVATE) + sizeof(TPM2B_PUBLIC)];
  size_t length = 0;
  TSS2_RC bad = Tss2_MU_TPM2B_PRIVATE_Marshal(made_private, buffer, sizeof buffer, &length);
  if (bad == TSS2_RC_SUCCESS) {
    bad = Tss2_MU_TPM2B_PUBLIC_Marshal(made_public, buffer, sizeof buffer, &length);
  }
  if (bad != TSS2_RC_SUCCESS) return fail(error_of(bad, "MAC key"));
  return Bytes(buffer, buffer + length);
}

Result<Bytes> Tpm::mac(ByteView adopted_key, ByteView message) {
  if (message.size() > kMaxMacMessageBytes) {
    return fail(Rsc::kBadRequest, "TPM: a message for a MAC has at most 20 KiB");
  }
  TPM2B_PRIVATE key_private{};
  TPM2B_PUBLIC key_public{};
  size_t at = 0;
  TSS2_RC bad =
      Tss2_MU_TPM2B_PRIVATE_Unmarshal(adopted_key.data(), adopted_key.size(), &at, &key_private);
  if (bad == TSS2_RC_SUCCESS) {
    bad = Tss2_MU_TPM2B_PUBLIC_Unmarshal(adopted_key.data(), adopted_key.size(), &at, &key_public);
  }
  if (bad != TSS2_RC_SUCCESS || at != adopted_key.size()) {
    return fail(Rsc::kBadRequest, "TPM: not a MAC key that it has adopted");
  }
  const auto parent = state_->create_primary(storage_template(), "storage key");
  if (!parent) return fail(parent.error());
  ESYS_TR handle = ESYS_TR_NONE;
  if (const TSS2_RC rc = Esys_Load(state_->esys, parent->key.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                   ESYS_TR_NONE, &key_private, &key_public, &handle)) {
    return fail(error_of(rc, "MAC key"));
  }
  const Loaded key(state_->esys, handle);
  return mac_in_pieces(state_->esys, key.get(), message);
}

Result<void> Tpm::persist_device_key(std::uint32_t handle) {
  const auto key = state_->create_primary(device_template(), "device key");
  if (!key) return fail(key.error());
  ESYS_TR present = ESYS_TR_NONE;
  if (Esys_TR_FromTPMPublic(state_->esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                            &present) == TSS2_RC_SUCCESS) {
    TPM2B_NAME* name = nullptr;
    const TSS2_RC rc = Esys_TR_GetName(state_->esys, present, &name);
    const Owned<TPM2B_NAME> own_name(name);
    Esys_TR_Close(state_->esys, &present);
    if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "persistent key"));
    if (Bytes(name->name, name->name + name->size) == key->area.name()) return {};
    return fail(Rsc::kConflict, "TPM: another key is at the persistent handle");
  }
  const TSS2_RC rc =
      Esys_EvictControl(state_->esys, ESYS_TR_RH_OWNER, key->key.get(), ESYS_TR_PASSWORD,
                        ESYS_TR_NONE, ESYS_TR_NONE, handle, &present);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "persistent key"));
  Esys_TR_Close(state_->esys, &present);
  return {};
}

Result<std::string> Tpm::endorsement_certificate(KeyKind kind) {
  const std::uint32_t index = kind == KeyKind::kRsa2048 ? kRsaCertificate : kEccCertificate;
  ESYS_CONTEXT* esys = state_->esys;
  ESYS_TR handle = ESYS_TR_NONE;
  if (Esys_TR_FromTPMPublic(esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle) !=
      TSS2_RC_SUCCESS) {
    return std::string();  // most software TPMs have none
  }
  TPM2B_NV_PUBLIC* shape = nullptr;
  TSS2_RC rc =
      Esys_NV_ReadPublic(esys, handle, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &shape, nullptr);
  const Owned<TPM2B_NV_PUBLIC> own_shape(shape);
  const std::size_t size = rc == TSS2_RC_SUCCESS ? shape->nvPublic.dataSize : 0;
  Bytes out;
  while (rc == TSS2_RC_SUCCESS && out.size() < size) {
    TPM2B_MAX_NV_BUFFER* data = nullptr;
    rc = Esys_NV_Read(esys, handle, handle, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                      static_cast<UINT16>(std::min(size - out.size(), kNvPieceBytes)),
                      static_cast<UINT16>(out.size()), &data);
    const Owned<TPM2B_MAX_NV_BUFFER> own_data(data);
    if (rc != TSS2_RC_SUCCESS || data->size == 0) break;
    append(out, ByteView(data->buffer, data->size));
  }
  Esys_TR_Close(esys, &handle);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "certificate of the endorsement key"));
  out.resize(std::min(out.size(), der_size(out)));  // an index may be larger than what is in it
  std::string text = to_base64(out);
  for (std::size_t at = kPemLine; at < text.size(); at += kPemLine + 1) text.insert(at, 1, '\n');
  return "-----BEGIN CERTIFICATE-----\n" + text + "\n-----END CERTIFICATE-----\n";
}

}  // namespace gatehouse::attest
