#include "bindings/coap/pdu.h"

#include <arpa/inet.h>
#include <coap3/coap.h>

#include <algorithm>

namespace gatehouse::coap {
namespace {

const std::uint8_t* bytes_of(const std::string& text) {
  return reinterpret_cast<const std::uint8_t*>(text.data());
}

std::string text_of(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

Message message_of(const coap_pdu_t* pdu) {
  Message message;
  message.code = static_cast<std::uint8_t>(coap_pdu_get_code(pdu));
  coap_opt_iterator_t each;
  coap_option_iterator_init(pdu, &each, COAP_OPT_ALL);
  while (const coap_opt_t* found = coap_option_next(&each)) {
    message.options.push_back(
        {each.number, text_of(coap_opt_value(found), coap_opt_length(found))});
  }
  std::size_t size = 0;
  const std::uint8_t* data = nullptr;
  if (coap_get_data(pdu, &size, &data)) message.payload = text_of(data, size);
  return message;
}

std::string token_of(const coap_pdu_t* pdu) {
  const coap_bin_const_t token = coap_pdu_get_token(pdu);
  return text_of(token.s, token.length);
}

bool fill(coap_pdu_t* pdu, const Message& message) {
  coap_pdu_set_code(pdu, static_cast<coap_pdu_code_t>(message.code));
  for (const Option& o : message.options) {
    // 0 stands for failure, and also for an option whose encoding takes no byte: there is none.
    if (coap_add_option(pdu, o.number, o.value.size(), bytes_of(o.value)) == 0) return false;
  }
  return message.payload.empty() ||
         coap_add_data(pdu, message.payload.size(), bytes_of(message.payload)) != 0;
}

bool send(coap_session_t* session, const Message& message, const std::string& token,
          bool confirmable) {
  coap_pdu_t* pdu = coap_pdu_init(confirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON,
                                  static_cast<coap_pdu_code_t>(message.code),
                                  coap_new_message_id(session), coap_session_max_pdu_size(session));
  if (!pdu) return false;
  if (!coap_add_token(pdu, token.size(), bytes_of(token)) || !fill(pdu, message)) {
    coap_delete_pdu(pdu);
    return false;
  }
  return coap_send(session, pdu) != COAP_INVALID_MID;
}

std::size_t room_of(const coap_session_t* session) {
  constexpr std::size_t kTokenAndMarker = 16;
  const std::size_t size = coap_session_max_pdu_size(session);
  return size > kTokenAndMarker ? size - kTokenAndMarker : 0;
}

std::string remote_of(const coap_session_t* session) {
  const coap_address_t* remote = coap_session_get_addr_remote(session);
  char host[INET6_ADDRSTRLEN] = {};
  if (remote->addr.sa.sa_family == AF_INET6) {
    inet_ntop(AF_INET6, &remote->addr.sin6.sin6_addr, host, sizeof host);
    return "[" + std::string(host) + "]:" + std::to_string(ntohs(remote->addr.sin6.sin6_port));
  }
  inet_ntop(AF_INET, &remote->addr.sin.sin_addr, host, sizeof host);
  return std::string(host) + ":" + std::to_string(ntohs(remote->addr.sin.sin_port));
}

}  // namespace gatehouse::coap
