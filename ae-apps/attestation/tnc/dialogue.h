#pragma once
#include <functional>
#include <optional>
#include <string>

#include "ae-apps/attestation/tnc/pb_tnc.h"
#include "ae-apps/attestation/tnc/pt_tls.h"
#include "ae-apps/attestation/tnc/pts.h"

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
/// out, no socket. Whatever is malformed is answered as the RFCs say (an error message, or a CLOSE
/// batch with the error) and ends it; why is in fault(). Threading: one thread at a time.
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
  /// A PA message for PTS.
  PbMessage to_pts(std::vector<PaAttribute> attributes);
  /// Attributes of all PA messages for PTS in the batch. Breaks off if one is malformed.
  std::optional<PaMessage> pts_in(const PbBatch& batch);
  void break_off(PtErrorCode code, const PtMessage& offending, const std::string& why);
  void break_off(const PbFault& fault);
  void end() { finished_ = true; }
  void begin_data() { data_phase_ = true; }
  void decide(TncOutcome outcome) { outcome_ = std::move(outcome); }

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

/// The validator's side: gives a challenge, has the evidence judged, tells the result.
class TncServer final : public Dialogue {
 public:
  struct Parts {
    std::function<Result<std::string>()> challenge;  ///< attest::encode(Challenge)
    std::function<TncOutcome(const std::string& evidence)> judge;
  };
  explicit TncServer(Parts parts) : Dialogue(true), parts_(std::move(parts)) {}
  static constexpr unsigned kMaxRounds = 3;  ///< a client that asks again and again is sent away

 private:
  void on_negotiation(const PtMessage& message) override;
  void on_batch(const PbBatch& batch) override;
  void ask();
  void answer(const PbBatch& batch);

  Parts parts_;
  unsigned rounds_ = 0;
  bool asked_ = false;
};

/// The collector's side.
class TncClient final : public Dialogue {
 public:
  struct Parts {
    std::function<Result<std::string>(const std::string& challenge)> evidence;
    Bytes attestation_key;  ///< SubjectPublicKeyInfo, DER
  };
  explicit TncClient(Parts parts) : Dialogue(false), parts_(std::move(parts)) {}
  /// The first bytes; before feed().
  Bytes start();

 private:
  void on_negotiation(const PtMessage& message) override;
  void on_batch(const PbBatch& batch) override;
  void answer(const PbBatch& batch);
  void take_result(const PbBatch& batch);

  Parts parts_;
  bool version_agreed_ = false;
};

}  // namespace gatehouse::tnc
