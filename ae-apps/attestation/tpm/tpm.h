#pragma once
#include <memory>
#include <string>

#include "ae-apps/attestation/quote/credential.h"
#include "ae-apps/attestation/quote/pcr_values.h"

namespace gatehouse::attest {

/// Endorsement keys of the TCG's low-range templates.
enum class KeyKind : std::uint8_t { kRsa2048, kEccP256 };

struct TpmQuote {
  Bytes message;    ///< TPMS_ATTEST
  Bytes signature;  ///< TPMT_SIGNATURE
};

/// Which TPM it is, as it says itself.
struct TpmIdentification {
  std::uint32_t revision = 0;  ///< of the specification, times 100
  std::uint32_t year = 0;      ///< of that revision
  std::string vendor;          ///< four letters at most
};

/// One TPM 2.0, spoken to through the ESYS layer of tpm2-tss. A TPM without a resource manager has
/// three places for objects: this keeps one key loaded at a time, and flushes what it loads. One
/// process should own a TPM. Threading: one thread at a time. Errors of all calls:
/// kTargetNotReachable if the TPM does not answer, kInternalServerError with the TPM's own words
/// otherwise.
class Tpm {
 public:
  /// `tcti`: "swtpm:path=/run/tpm.sock", "swtpm:host=127.0.0.1,port=2321", "device:/dev/tpmrm0",
  /// "tabrmd:…", as tpm2-tools take it. Starts the TPM up if nobody has: where save_state() left it
  /// if `resume` and nothing has changed it since, else with registers at zero.
  static Result<Tpm> open(const std::string& tcti, bool resume = false);
  Tpm(Tpm&&) noexcept;
  Tpm& operator=(Tpm&&) noexcept;
  ~Tpm();

  /// The attestation key: a primary key of the endorsement hierarchy by a fixed template, so the
  /// same at every start, with nothing to store. ECDSA P-256, SHA-256, restricted, noDA.
  Result<PublicArea> attestation_key();
  /// The endorsement key by the TCG's template.
  Result<PublicArea> endorsement_key(KeyKind kind);

  /// Its certificate from the TPM's maker, PEM; empty if the TPM has none. Source: TCG EK
  /// Credential Profile clause 2.2.1.4 (NV indices of the low range).
  Result<std::string> endorsement_certificate(KeyKind kind);

  Result<TpmQuote> quote(ByteView nonce, const PcrSelection& selection);
  /// All banks and numbers that the TPM has of the selection. Errors: kNotAcceptable if it lacks
  /// one.
  Result<PcrValues> read_pcrs(const PcrSelection& selection);
  /// In all banks of `digests` at once.
  Result<void> extend(unsigned pcr, const std::map<HashAlg, Bytes>& digests);
  /// The secret of a credential made for this attestation key. Errors: kNotAcceptable if it was
  /// made for another key or TPM.
  Result<Bytes> activate_credential(KeyKind kind, const Credential& credential);

  /// A signing key that never leaves this TPM, by a fixed template, so the same at every start.
  /// ECDSA P-256, SHA-256. It signs what its user says, so it is worth as much as the quote that
  /// vouches for the user's software. The attestation key certifies that it is in the same TPM.
  Result<PublicArea> device_key();
  /// By the device key over the SHA-256 of the message; DER, as OpenSSL has it.
  Result<Bytes> sign(ByteView message);
  /// Keeps the device key at that persistent handle, for those who take keys by handle; once it is
  /// there this does nothing. Errors: kConflict if another key is there.
  Result<void> persist_device_key(std::uint32_t handle);
  /// TPM2_Certify of the device key by the attestation key.
  Result<TpmQuote> certify_device_key(ByteView nonce);

  /// A key of somebody who can only make MACs, taken over by this TPM: what is returned is worth
  /// nothing without it. Errors: kBadRequest for a key that is empty or above 64 bytes.
  Result<Bytes> adopt_mac_key(ByteView key);
  /// HMAC-SHA-256 by a key that adopt_mac_key() has returned; at most 20 KiB of message.
  Result<Bytes> mac(ByteView adopted_key, ByteView message);

  /// A counter that never goes back, except with all of the owner's indices. Errors:
  /// kAlreadyExists.
  Result<void> define_counter(std::uint32_t index);
  Result<void> increment_counter(std::uint32_t index);
  Result<std::uint64_t> read_counter(std::uint32_t index);
  Result<Bytes> counter_name(std::uint32_t index);
  /// Its value, signed by the attestation key.
  Result<TpmQuote> certify_counter(std::uint32_t index, ByteView nonce);

  Result<TpmIdentification> identification();
  /// Clock, reset and restart counts, unsigned.
  Result<ClockInfo> clock();
  /// TPM2_Shutdown(CLEAR): orderly, before power goes.
  Result<void> shut_down();
  /// TPM2_Shutdown(STATE): if power goes before the TPM is changed again, it can be resumed.
  Result<void> save_state();

 private:
  struct State;
  explicit Tpm(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::attest
