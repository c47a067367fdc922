#pragma once
#include <string>

#include "certs/sim/card.h"

namespace gatehouse::sim {

/// Where the reader "Virtual PCD" of pcscd (package vsmartcard-vpcd) listens for its card.
struct ReaderAddress {
  std::string host = "127.0.0.1";
  std::string port = "35963";
};
/// HOST:PORT, [IPv6]:PORT. Errors: kBadRequest.
Result<ReaderAddress> reader_address(std::string_view text);

/// The reader's side of the wire: two bytes of length (big-endian), then the message. One byte is a
/// control (power off 0, power on 1, reset 2, answer to reset 4), more are a command APDU. What to
/// send back, without its length; nullopt: nothing.
std::optional<Bytes> respond(Card& card, ByteView message);

/// Has the card in the reader until the reader takes it out. The card is powered on afresh. Errors:
/// kTargetNotReachable (nobody listens there, or it does not go on within ten seconds in the middle
/// of a message).
Result<void> stay_in_reader(Card& card, const ReaderAddress& address);

}  // namespace gatehouse::sim
