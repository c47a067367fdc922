#pragma once
#include <cstdint>
#include <string>

#include "bindings/coap/message.h"

struct coap_pdu_t;
struct coap_session_t;

/// Messages to libcoap's and back.
namespace gatehouse::coap {

Message message_of(const coap_pdu_t* pdu);
std::string token_of(const coap_pdu_t* pdu);
/// Appends code, options and payload to a PDU that has its token. False: it does not fit.
bool fill(coap_pdu_t* pdu, const Message& message);
/// Sends a message of its own: confirmable where that has a meaning. False: it could not be sent.
bool send(coap_session_t* session, const Message& message, const std::string& token,
          bool confirmable);

/// Bytes that one message of this session may have behind its header.
std::size_t room_of(const coap_session_t* session);
/// "192.0.2.1:5683", "[2001:db8::1]:5683"
std::string remote_of(const coap_session_t* session);

}  // namespace gatehouse::coap
