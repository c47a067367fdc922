#pragma once
#include <functional>
#include <optional>
#include <string>

#include "ae-apps/attestation/quote/key_agreement.h"
#include "ae-apps/attestation/tnc/canonical.h"
#include "ae-apps/attestation/tnc/pb_tnc.h"
#include "ae-apps/attestation/tnc/pt_tls.h"

namespace gatehouse::tnc {

/// Values of the assessment result. Source: RFC 5793 clause 4.9.2.
enum class Assessment : std::uint32_t {
  kCompliant = 0,
  kMinor = 1,
  kMajor = 2,
  kError = 3,
  kUnknown = 4,
};
/// Values of the access recommendation. Source: RFC 5793 clause 4.9.3.
enum class Access : std::uint16_t { kAllowed = 1, kDenied = 2, kQuarantined = 3 };

/// How the dialogue ended, as both sides know it.
struct TncOutcome {
  Assessment assessment = Assessment::kUnknown;
  Access access = Access::kDenied;
  std::string reason;
  friend bool operator==(const TncOutcome&, const TncOutcome&) = default;
};

/// One side of PT-TLS behind a finished handshake with certificates on both sides: bytes in, bytes
/// out, no socket. Whatever is malformed is answered as the RFCs say (an error message of PT-TLS, a
/// CLOSE batch with the error, or an error attribute of PA-TNC) and ends it; why is in fault().
/// Threading: one thread at a time.
class Dialogue {
 public:
  virtual ~Dialogue() = default;
  /// What came from the peer. Returns what to send, which may be nothing.
  Bytes feed(ByteView bytes);
  /// Nothing more will be said: the connection is to be closed.
  bool finished() const { return finished_; }
  /// Why it was broken off; empty if it was not.
  const std::string& fault() const { return fault_; }
  const std::optional<TncOutcome>& outcome() const { return outcome_; }

 protected:
  explicit Dialogue(bool server) : server_(server) {}
  /// One message in turn, of a type that the phase allows.
  virtual void on_negotiation(const PtMessage& message) = 0;
  virtual void on_batch(const PbBatch& batch) = 0;

  void send(PtType type, Bytes value);
  void send(PbBatchType type, std::vector<PbMessage> messages);
  /// PA messages for PTS: as many as it takes.
  std::vector<PbMessage> to_pts(const std::vector<PaAttribute>& attributes);
  /// Attributes of all PA messages for PTS in the batch. nullopt: it was broken off, or refuse()
  /// was called, for a malformed one or one that must be understood and is not.
  std::optional<PaMessage> pts_in(const PbBatch& batch);
  /// Tells the peer what is wrong with an attribute.
  virtual void refuse(const PaFault& fault) = 0;
  void break_off(PtErrorCode code, const PtMessage& offending, const std::string& why);
  void break_off(const PbFault& fault);
  void end() { finished_ = true; }
  void begin_data() { data_phase_ = true; }
  void decide(TncOutcome outcome) { outcome_ = std::move(outcome); }
  void note_fault(const std::string& why) { fault_ = why; }

 private:
  void take(const PtMessage& message);
  void take_batch(const PtMessage& message);

  const bool server_;
  PtReader reader_;
  Bytes out_;
  std::uint32_t next_id_ = 0, next_pa_ = 1;
  bool data_phase_ = false, finished_ = false;
  PbState state_ = PbState::kInit;
  std::string fault_;
  std::optional<TncOutcome> outcome_;
};

/// How the validator asks for evidence.
enum class Words : std::uint8_t {
  kPts,  ///< by PTS' own attributes, with its D-H nonce; our own for what those cannot say
  kOwn,  ///< the whole in one attribute of ours
};

/// The validator's side: gives a challenge, has the evidence judged, tells the result.
class TncServer final : public Dialogue {
 public:
  struct Parts {
    /// attest::encode(Challenge); not asked before the client has shown that it speaks PTS.
    std::function<Result<std::string>()> challenge;
    std::function<TncOutcome(const std::string& evidence)> judge;
    Words words = Words::kPts;
  };
  explicit TncServer(Parts parts) : Dialogue(true), parts_(std::move(parts)) {}
  static constexpr unsigned kMaxRounds = 3;  ///< a client that asks again and again is sent away
  /// What the client's TPM says of itself, if it did.
  const std::optional<TpmVersion>& tpm_version() const { return tpm_version_; }

 private:
  enum class Stage : std::uint8_t { kNothing, kNonceAsked, kEvidenceAsked };

  void on_negotiation(const PtMessage& message) override;
  void on_batch(const PbBatch& batch) override;
  void refuse(const PaFault& fault) override;
  void ask();
  void take_nonce(const PaMessage& answer);
  PaResult<attest::NonceExchange> exchange_with(const PaAttribute& response);
  void ask_for_evidence(const attest::NonceExchange& exchange);
  void answer(const PaMessage& answer);
  bool check_extras(const PaMessage& answer);
  PaResult<std::optional<std::string>> evidence_in(const PaMessage& answer) const;
  void tell(TncOutcome outcome, std::vector<PbMessage> messages = {});
  void deny(const std::string& because);

  Parts parts_;
  unsigned rounds_ = 0;
  bool asked_ = false;
  Stage stage_ = Stage::kNothing;
  std::optional<attest::KeyAgreement> key_;
  attest::Challenge challenge_;
  std::optional<TpmVersion> tpm_version_;
};

/// The collector's side. It answers in the words in which it is asked.
class TncClient final : public Dialogue {
 public:
  struct Parts {
    /// Of attest::encode(Challenge), for a PTS validator with the exchange in it.
    std::function<Result<std::string>(const std::string& challenge)> evidence;
    Bytes attestation_key;  ///< SubjectPublicKeyInfo, DER
    std::optional<TpmVersion> tpm_version = {};
  };
  explicit TncClient(Parts parts) : Dialogue(false), parts_(std::move(parts)) {}
  /// The first bytes; before feed().
  Bytes start();

 private:
  /// What one batch asks for.
  struct Questions {
    PtsQuestions asked;
    bool generate = false;
    const PaAttribute* challenge = nullptr;
  };

  void on_negotiation(const PtMessage& message) override;
  void on_batch(const PbBatch& batch) override;
  void refuse(const PaFault& fault) override;
  void answer(const PbBatch& batch);
  PaResult<void> answer_one(const PaAttribute& asked, Questions& questions,
                            std::vector<PaAttribute>& answers);
  PaResult<void> offer_nonce(const PaAttribute& asked, std::vector<PaAttribute>& answers);
  PaResult<void> finish_nonce(const PaAttribute& asked);
  PaResult<void> say_evidence(const Questions& questions, std::vector<PaAttribute>& answers);
  PaResult<attest::Challenge> challenge_of(const Questions& questions) const;
  void take_result(const PbBatch& batch);

  Parts parts_;
  bool version_agreed_ = false;
  std::optional<attest::KeyAgreement> key_;
  Bytes responder_nonce_, initiator_nonce_;
  std::optional<attest::NonceExchange> exchange_;
};

}  // namespace gatehouse::tnc
