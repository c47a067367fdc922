#pragma once
#include <functional>
#include <string_view>

#include "certs/sim/state.h"

namespace gatehouse::sim {

/// A card of ISO 7816 with the PIV applet of NIST SP 800-73-4: signatures by ECDSA P-256 behind a
/// PIN. Any bytes are a command, and get an answer that ends in a status. No command reads or
/// writes a private key. One thread at a time.
///
///   SELECT 00A4 0400 · GET DATA 00CB 3FFF · VERIFY 0020 · CHANGE REFERENCE DATA 0024
///   RESET RETRY COUNTER 002C · GENERAL AUTHENTICATE 0087 · GET RESPONSE 00C0
///
/// Commands may be chained (CLA 10), answers are fetched in pieces or in the extended form.
class Card {
 public:
  /// Keeps a changed state for good; only when it has done so the change counts. A card whose power
  /// is cut before that has the old state.
  using Save = std::function<Result<void>(const State&)>;

  Card(State state, Save save) : state_(std::move(state)), save_(std::move(save)) {}

  /// The answer to reset. Its historical bytes name the applet, by which OpenSC knows the card.
  /// Source: ISO/IEC 7816-3 clause 8.2, ISO/IEC 7816-4 clause 12.1.1.
  static Bytes answer_to_reset();
  /// Power on, or a reset: PINs have to be verified again.
  void reset();
  /// The answer to a command APDU.
  Bytes transmit(ByteView command);

  const State& state() const { return state_; }

 private:
  /// What an instruction gives: data only with kDone.
  struct Outcome {
    Status status;
    Bytes data{};
  };
  struct Instruction {
    std::uint8_t code;
    bool chained;  ///< may come in pieces
    Outcome (Card::*run)(const Command&);
  };
  static const Instruction kInstructions[];

  Outcome perform(Command command);
  Outcome run(const Instruction& instruction, const Command& command);
  Bytes deliver(std::optional<std::size_t> expected);

  Outcome select(const Command& command);
  Outcome get_data(const Command& command);
  Outcome verify(const Command& command);
  Outcome change_reference_data(const Command& command);
  Outcome reset_retry_counter(const Command& command);
  Outcome general_authenticate(const Command& command);

  /// Counts a try before it looks whether the secret is right, so that cutting the power saves no
  /// try.
  Status check(Secret State::*secret, std::string_view pin);
  Status change(Secret State::*secret, Secret value);
  std::optional<Bytes> object(std::uint32_t tag) const;

  State state_;
  Save save_;
  bool verified_ = false;
  bool verified_just_now_ = false;  ///< the last command but pieces of this one verified the PIN
  std::optional<Command> chain_;    ///< the pieces so far
  Bytes response_;                  ///< what GET RESPONSE has not fetched yet
};

}  // namespace gatehouse::sim
