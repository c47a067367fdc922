#include "ae-apps/attestation/tpm/tpm.h"

#include <tss2/tss2_mu.h>
#include <tss2/tss2_rc.h>
#include <tss2/tss2_tctildr.h>

#include <cstdlib>

#include "ae-apps/attestation/quote/wire.h"
#include "ae-apps/attestation/tpm/esys.h"

namespace gatehouse::attest {
namespace {

/// The template of the TCG's low-range endorsement keys: only who may use the endorsement hierarchy
/// may use them. Source: TCG EK Credential Profile, templates L-1 and L-2.
constexpr std::uint8_t kEndorsementPolicy[] = {
    0x83, 0x71, 0x97, 0x67, 0x44, 0x84, 0xB3, 0xF8, 0x1A, 0x90, 0xCC, 0x8D, 0x46, 0xA5, 0xD7, 0x24,
    0xFD, 0x52, 0xD7, 0x6E, 0x06, 0x52, 0x0B, 0x64, 0xF2, 0xA1, 0xDA, 0x1B, 0x33, 0x14, 0x69, 0xAA};
constexpr std::size_t kRsaBytes = 256;
constexpr std::size_t kP256Bytes = 32;
constexpr TPM2_RC kFormatMask = 0x0BF;  // of a formatted code, without parameter or session number
constexpr TPM2_RC kIntegrity = 0x09F;
constexpr TPM2_RC kNvDefined = 0x14C;
constexpr TPM2_RC kAlreadyStarted = 0x100;

TPML_PCR_SELECTION selection_of(const PcrSelection& selection) {
  TPML_PCR_SELECTION out{};
  out.count = static_cast<UINT32>(selection.banks.size());
  for (std::size_t i = 0; i < selection.banks.size(); ++i) {
    const PcrBank& bank = selection.banks[i];
    out.pcrSelections[i].hash = static_cast<TPMI_ALG_HASH>(bank.alg);
    out.pcrSelections[i].sizeofSelect = 3;
    for (int b = 0; b < 3; ++b) {
      out.pcrSelections[i].pcrSelect[b] = static_cast<BYTE>(bank.mask >> (8 * b));
    }
  }
  return out;
}

TPM2B_PUBLIC endorsement_template(KeyKind kind) {
  TPM2B_PUBLIC out{};
  TPMT_PUBLIC& area = out.publicArea;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes =
      kFixedTpm | kFixedParent | kSensitiveDataOrigin | kAdminWithPolicy | kRestricted | kDecrypt;
  area.authPolicy.size = sizeof kEndorsementPolicy;
  std::memcpy(area.authPolicy.buffer, kEndorsementPolicy, sizeof kEndorsementPolicy);
  TPMT_SYM_DEF_OBJECT aes{};
  aes.algorithm = TPM2_ALG_AES;
  aes.keyBits.aes = 128;
  aes.mode.aes = TPM2_ALG_CFB;
  if (kind == KeyKind::kRsa2048) {
    area.type = TPM2_ALG_RSA;
    area.parameters.rsaDetail.symmetric = aes;
    area.parameters.rsaDetail.scheme.scheme = TPM2_ALG_NULL;
    area.parameters.rsaDetail.keyBits = kRsaBytes * 8;
    area.unique.rsa.size = kRsaBytes;
  } else {
    area.type = TPM2_ALG_ECC;
    area.parameters.eccDetail.symmetric = aes;
    area.parameters.eccDetail.scheme.scheme = TPM2_ALG_NULL;
    area.parameters.eccDetail.curveID = TPM2_ECC_NIST_P256;
    area.parameters.eccDetail.kdf.scheme = TPM2_ALG_NULL;
    area.unique.ecc.x.size = kP256Bytes;
    area.unique.ecc.y.size = kP256Bytes;
  }
  return out;
}

}  // namespace

Error error_of(TSS2_RC rc, const char* what) {
  const bool from_tpm = (rc & TSS2_RC_LAYER_MASK) == 0;
  const bool from_tcti = (rc & TSS2_RC_LAYER_MASK) == TSS2_TCTI_RC_LAYER;
  Rsc rsc = from_tcti ? Rsc::kTargetNotReachable : Rsc::kInternalServerError;
  const bool formatted = (rc & 0x80) != 0;
  if (from_tpm && formatted && (rc & kFormatMask) == kIntegrity) rsc = Rsc::kNotAcceptable;
  if (from_tpm && rc == kNvDefined) rsc = Rsc::kAlreadyExists;
  return {rsc, std::string("TPM: ") + what + ": " + Tss2_RC_Decode(rc)};
}

TPM2B_PUBLIC attestation_template() {
  TPM2B_PUBLIC out{};
  TPMT_PUBLIC& area = out.publicArea;
  area.type = TPM2_ALG_ECC;
  area.nameAlg = TPM2_ALG_SHA256;
  area.objectAttributes = kAttestationKeyAttributes;
  auto& ecc = area.parameters.eccDetail;
  ecc.symmetric.algorithm = TPM2_ALG_NULL;
  ecc.scheme.scheme = TPM2_ALG_ECDSA;
  ecc.scheme.details.ecdsa.hashAlg = TPM2_ALG_SHA256;
  ecc.curveID = TPM2_ECC_NIST_P256;
  ecc.kdf.scheme = TPM2_ALG_NULL;
  return out;
}

Result<Tpm::State::Primary> Tpm::State::create_primary(const TPM2B_PUBLIC& shape,
                                                       const char* what) {
  const TPM2B_SENSITIVE_CREATE sensitive{};
  const TPM2B_DATA outside{};
  const TPML_PCR_SELECTION no_pcrs{};
  ESYS_TR handle = ESYS_TR_NONE;
  TPM2B_PUBLIC* made = nullptr;
  TPM2B_CREATION_DATA* data = nullptr;
  TPM2B_DIGEST* hash = nullptr;
  TPMT_TK_CREATION* ticket = nullptr;
  const TSS2_RC rc = Esys_CreatePrimary(esys, ESYS_TR_RH_ENDORSEMENT, ESYS_TR_PASSWORD,
                                        ESYS_TR_NONE, ESYS_TR_NONE, &sensitive, &shape, &outside,
                                        &no_pcrs, &handle, &made, &data, &hash, &ticket);
  const Owned<TPM2B_PUBLIC> own_made(made);
  const Owned<TPM2B_CREATION_DATA> own_data(data);
  const Owned<TPM2B_DIGEST> own_hash(hash);
  const Owned<TPMT_TK_CREATION> own_ticket(ticket);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, what));
  Loaded key(esys, handle);
  std::uint8_t buffer[sizeof(TPM2B_PUBLIC)];
  size_t length = 0;
  if (const TSS2_RC bad = Tss2_MU_TPM2B_PUBLIC_Marshal(made, buffer, sizeof buffer, &length)) {
    return fail(error_of(bad, what));
  }
  auto area = parse_public_area({buffer, length});
  if (!area) return fail(area.error());
  return Primary{std::move(key), *std::move(area)};
}

Result<TpmQuote> Tpm::State::marshalled(const TPM2B_ATTEST& attest,
                                        const TPMT_SIGNATURE& signature) {
  TpmQuote out;
  out.message.assign(attest.attestationData, attest.attestationData + attest.size);
  std::uint8_t buffer[sizeof(TPMT_SIGNATURE)];
  size_t length = 0;
  if (const TSS2_RC bad =
          Tss2_MU_TPMT_SIGNATURE_Marshal(&signature, buffer, sizeof buffer, &length)) {
    return fail(error_of(bad, "signature"));
  }
  out.signature.assign(buffer, buffer + length);
  return out;
}

Tpm::Tpm(std::unique_ptr<State> state) : state_(std::move(state)) {}
Tpm::Tpm(Tpm&&) noexcept = default;
Tpm& Tpm::operator=(Tpm&&) noexcept = default;
Tpm::~Tpm() = default;

Result<Tpm> Tpm::open(const std::string& tcti, bool resume) {
  ::setenv("TSS2_LOG", "all+NONE", 0);  // the library writes to standard error unless told
  auto state = std::make_unique<State>();
  const auto unreachable = [&](TSS2_RC rc) {
    return fail(Rsc::kTargetNotReachable, "TPM: " + tcti + ": " + Tss2_RC_Decode(rc));
  };
  if (const TSS2_RC rc = Tss2_TctiLdr_Initialize(tcti.c_str(), &state->tcti)) {
    return unreachable(rc);
  }
  if (const TSS2_RC rc = Esys_Initialize(&state->esys, state->tcti, nullptr)) {
    return unreachable(rc);
  }
  if (resume && Esys_Startup(state->esys, TPM2_SU_STATE) == TSS2_RC_SUCCESS) {
    return Tpm(std::move(state));
  }
  const TSS2_RC rc = Esys_Startup(state->esys, TPM2_SU_CLEAR);
  if (rc != TSS2_RC_SUCCESS && rc != kAlreadyStarted) return unreachable(rc);
  return Tpm(std::move(state));
}

Result<PublicArea> Tpm::attestation_key() {
  auto key = state_->create_primary(attestation_template(), "attestation key");
  if (!key) return fail(key.error());
  return std::move(key->area);
}

Result<PublicArea> Tpm::endorsement_key(KeyKind kind) {
  auto key = state_->create_primary(endorsement_template(kind), "endorsement key");
  if (!key) return fail(key.error());
  return std::move(key->area);
}

Result<TpmQuote> Tpm::quote(ByteView nonce, const PcrSelection& selection) {
  TPM2B_DATA extra{};
  if (const auto done = put(extra, nonce, "the nonce"); !done) return fail(done.error());
  const auto key = state_->create_primary(attestation_template(), "attestation key");
  if (!key) return fail(key.error());
  const TPMT_SIG_SCHEME scheme{.scheme = TPM2_ALG_NULL, .details = {}};
  const TPML_PCR_SELECTION pcrs = selection_of(selection);
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  const TSS2_RC rc = Esys_Quote(state_->esys, key->key.get(), ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                ESYS_TR_NONE, &extra, &scheme, &pcrs, &attest, &signature);
  const Owned<TPM2B_ATTEST> own_attest(attest);
  const Owned<TPMT_SIGNATURE> own_signature(signature);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "quote"));
  return State::marshalled(*attest, *signature);
}

Result<PcrValues> Tpm::read_pcrs(const PcrSelection& selection) {
  PcrValues out;
  for (const PcrBank& bank : selection.banks) {
    // At most eight values a call: the TPM says which.
    for (std::uint32_t left = bank.mask; left != 0;) {
      const TPML_PCR_SELECTION asked = selection_of({{{bank.alg, left}}});
      UINT32 counter = 0;
      TPML_PCR_SELECTION* read = nullptr;
      TPML_DIGEST* values = nullptr;
      const TSS2_RC rc = Esys_PCR_Read(state_->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                       &asked, &counter, &read, &values);
      const Owned<TPML_PCR_SELECTION> own_read(read);
      const Owned<TPML_DIGEST> own_values(values);
      if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "PCRs"));
      std::size_t at = 0;
      for (unsigned pcr = 0; pcr < 24 && read->count == 1; ++pcr) {
        if ((read->pcrSelections[0].pcrSelect[pcr / 8] >> (pcr % 8) & 1) == 0) continue;
        if (at >= values->count) break;
        const TPM2B_DIGEST& value = values->digests[at++];
        out[{bank.alg, pcr}] = Bytes(value.buffer, value.buffer + value.size);
        left &= ~(1u << pcr);
      }
      if (at == 0) {
        return fail(Rsc::kNotAcceptable,
                    "TPM: it has no PCR bank " + std::string(name_of(bank.alg)));
      }
    }
  }
  return out;
}

Result<void> Tpm::extend(unsigned pcr, const std::map<HashAlg, Bytes>& digests) {
  TPML_DIGEST_VALUES values{};
  for (const auto& [alg, value] : digests) {
    if (value.size() != size_of(alg) || values.count == TPM2_NUM_PCR_BANKS) {
      return fail(Rsc::kBadRequest, "TPM: a digest of another length than its hash");
    }
    TPMT_HA& to = values.digests[values.count++];
    to.hashAlg = static_cast<TPMI_ALG_HASH>(alg);
    std::memcpy(&to.digest, value.data(), value.size());
  }
  const TSS2_RC rc = Esys_PCR_Extend(state_->esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD,
                                     ESYS_TR_NONE, ESYS_TR_NONE, &values);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "extend"));
  return {};
}

Result<Bytes> Tpm::activate_credential(KeyKind kind, const Credential& credential) {
  TPM2B_ID_OBJECT blob{};
  TPM2B_ENCRYPTED_SECRET secret{};
  if (const auto done = put(blob, credential.id_object, "the credential"); !done) {
    return fail(done.error());
  }
  if (const auto done = put(secret, credential.secret, "the secret"); !done) {
    return fail(done.error());
  }
  ESYS_CONTEXT* esys = state_->esys;
  const auto key = state_->create_primary(attestation_template(), "attestation key");
  if (!key) return fail(key.error());
  const auto endorsement = state_->create_primary(endorsement_template(kind), "endorsement key");
  if (!endorsement) return fail(endorsement.error());
  const TPMT_SYM_DEF plain{.algorithm = TPM2_ALG_NULL, .keyBits = {}, .mode = {}};
  ESYS_TR handle = ESYS_TR_NONE;
  if (const TSS2_RC rc = Esys_StartAuthSession(esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                                               ESYS_TR_NONE, ESYS_TR_NONE, nullptr, TPM2_SE_POLICY,
                                               &plain, TPM2_ALG_SHA256, &handle)) {
    return fail(error_of(rc, "session"));
  }
  const Loaded session(esys, handle);
  if (const TSS2_RC rc = Esys_PolicySecret(esys, ESYS_TR_RH_ENDORSEMENT, session.get(),
                                           ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE, nullptr,
                                           nullptr, nullptr, 0, nullptr, nullptr)) {
    return fail(error_of(rc, "policy"));
  }
  TPM2B_DIGEST* found = nullptr;
  const TSS2_RC rc =
      Esys_ActivateCredential(esys, key->key.get(), endorsement->key.get(), ESYS_TR_PASSWORD,
                              session.get(), ESYS_TR_NONE, &blob, &secret, &found);
  const Owned<TPM2B_DIGEST> own_found(found);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "credential"));
  return Bytes(found->buffer, found->buffer + found->size);
}

// --- counters -----------------------------------------------------------------------------------

Result<void> Tpm::define_counter(std::uint32_t index) {
  TPM2B_NV_PUBLIC shape{};
  shape.nvPublic.nvIndex = index;
  shape.nvPublic.nameAlg = TPM2_ALG_SHA256;
  shape.nvPublic.attributes = TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHWRITE |
                              TPMA_NV_AUTHREAD | TPMA_NV_NO_DA |
                              (TPM2_NT_COUNTER << TPMA_NV_TPM2_NT_SHIFT);
  shape.nvPublic.dataSize = 8;
  const TPM2B_AUTH no_password{};
  ESYS_TR handle = ESYS_TR_NONE;
  const TSS2_RC rc = Esys_NV_DefineSpace(state_->esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
                                         ESYS_TR_NONE, ESYS_TR_NONE, &no_password, &shape, &handle);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "counter"));
  Esys_TR_Close(state_->esys, &handle);
  return increment_counter(index);  // it cannot be read before
}

Result<ESYS_TR> Tpm::State::counter_handle(std::uint32_t index) {
  ESYS_TR handle = ESYS_TR_NONE;
  const TSS2_RC rc =
      Esys_TR_FromTPMPublic(esys, index, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &handle);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "counter"));
  return handle;
}

Result<void> Tpm::increment_counter(std::uint32_t index) {
  auto handle = state_->counter_handle(index);
  if (!handle) return fail(handle.error());
  const TSS2_RC rc = Esys_NV_Increment(state_->esys, *handle, *handle, ESYS_TR_PASSWORD,
                                       ESYS_TR_NONE, ESYS_TR_NONE);
  Esys_TR_Close(state_->esys, &*handle);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "counter"));
  return {};
}

Result<std::uint64_t> Tpm::read_counter(std::uint32_t index) {
  auto handle = state_->counter_handle(index);
  if (!handle) return fail(handle.error());
  TPM2B_MAX_NV_BUFFER* data = nullptr;
  const TSS2_RC rc = Esys_NV_Read(state_->esys, *handle, *handle, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                  ESYS_TR_NONE, 8, 0, &data);
  const Owned<TPM2B_MAX_NV_BUFFER> own_data(data);
  Esys_TR_Close(state_->esys, &*handle);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "counter"));
  return Reader({data->buffer, data->size}).u64();
}

Result<Bytes> Tpm::counter_name(std::uint32_t index) {
  auto handle = state_->counter_handle(index);
  if (!handle) return fail(handle.error());
  TPM2B_NAME* name = nullptr;
  const TSS2_RC rc = Esys_TR_GetName(state_->esys, *handle, &name);
  const Owned<TPM2B_NAME> own_name(name);
  Esys_TR_Close(state_->esys, &*handle);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "counter"));
  return Bytes(name->name, name->name + name->size);
}

Result<TpmQuote> Tpm::certify_counter(std::uint32_t index, ByteView nonce) {
  TPM2B_DATA extra{};
  if (const auto done = put(extra, nonce, "the nonce"); !done) return fail(done.error());
  auto handle = state_->counter_handle(index);
  if (!handle) return fail(handle.error());
  const auto key = state_->create_primary(attestation_template(), "attestation key");
  if (!key) return fail(key.error());
  const TPMT_SIG_SCHEME scheme{.scheme = TPM2_ALG_NULL, .details = {}};
  TPM2B_ATTEST* attest = nullptr;
  TPMT_SIGNATURE* signature = nullptr;
  const TSS2_RC rc =
      Esys_NV_Certify(state_->esys, key->key.get(), *handle, *handle, ESYS_TR_PASSWORD,
                      ESYS_TR_PASSWORD, ESYS_TR_NONE, &extra, &scheme, 8, 0, &attest, &signature);
  const Owned<TPM2B_ATTEST> own_attest(attest);
  const Owned<TPMT_SIGNATURE> own_signature(signature);
  Esys_TR_Close(state_->esys, &*handle);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "counter"));
  return State::marshalled(*attest, *signature);
}

Result<TpmIdentification> Tpm::identification() {
  TPMI_YES_NO more = TPM2_NO;
  TPMS_CAPABILITY_DATA* data = nullptr;
  constexpr UINT32 kProperties = TPM2_PT_MANUFACTURER - TPM2_PT_FIXED + 1;
  const TSS2_RC rc =
      Esys_GetCapability(state_->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE,
                         TPM2_CAP_TPM_PROPERTIES, TPM2_PT_FIXED, kProperties, &more, &data);
  const Owned<TPMS_CAPABILITY_DATA> own_data(data);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "properties"));
  TpmIdentification out;
  const TPML_TAGGED_TPM_PROPERTY& list = data->data.tpmProperties;
  for (UINT32 i = 0; i < list.count; ++i) {
    const TPMS_TAGGED_PROPERTY& each = list.tpmProperty[i];
    if (each.property == TPM2_PT_REVISION) out.revision = each.value;
    if (each.property == TPM2_PT_YEAR) out.year = each.value;
    if (each.property != TPM2_PT_MANUFACTURER) continue;
    for (int shift = 24; shift >= 0; shift -= 8) {
      const char letter = static_cast<char>(each.value >> shift);
      if (letter != 0) out.vendor += letter;
    }
  }
  return out;
}

Result<ClockInfo> Tpm::clock() {
  TPMS_TIME_INFO* time = nullptr;
  const TSS2_RC rc = Esys_ReadClock(state_->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, &time);
  const Owned<TPMS_TIME_INFO> own_time(time);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "clock"));
  const TPMS_CLOCK_INFO& info = time->clockInfo;
  return ClockInfo{info.clock, info.resetCount, info.restartCount, info.safe == TPM2_YES};
}

Result<void> Tpm::shut_down() {
  const TSS2_RC rc =
      Esys_Shutdown(state_->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_SU_CLEAR);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "shutdown"));
  return {};
}

Result<void> Tpm::save_state() {
  const TSS2_RC rc =
      Esys_Shutdown(state_->esys, ESYS_TR_NONE, ESYS_TR_NONE, ESYS_TR_NONE, TPM2_SU_STATE);
  if (rc != TSS2_RC_SUCCESS) return fail(error_of(rc, "saving its state"));
  return {};
}

}  // namespace gatehouse::attest
