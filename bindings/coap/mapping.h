#pragma once
#include <optional>
#include <string>

#include "bindings/coap/content_format.h"
#include "bindings/coap/message.h"
#include "bindings/coap/option_table.h"
#include "bindings/coap/url.h"
#include "cse/codec/codec.h"
#include "cse/primitive/request.h"

namespace gatehouse::coap {

/// How one answer is written: as its request was, where the request shows it.
struct AnswerStyle {
  const Codec* codec = nullptr;
  bool kind_told = false;  ///< by a number of oneM2M, such as 10001, rather than 50
  OptionNumbers numbers = OptionNumbers::kRegistered;
};

/// What a server makes of a request message.
struct Incoming {
  Request request;    ///< as far as it could be read, so that a refusal carries its identifier
  AnswerStyle style;  ///< always has a codec
  std::optional<Error> refusal;   ///< present: the request must not be served
  std::uint8_t refusal_code = 0;  ///< not 0: in place of the one that belongs to the status
};

/// Reads a request primitive from a whole message (block-wise transfer undone). Pure and total: any
/// message gives a request or a refusal: kBadRequest naming the option at fault (with 4.02 for a
/// critical option that is not understood, and with 4.00 for Observe: oneM2M has subscriptions for
/// that), kUnsupportedMediaType, kNotAcceptable, kOperationNotAllowed for another method.
/// Both numberings of oneM2M's options are read. Source: TS-0008 clause 6.2.
Incoming read_request(const Message& message, const Codecs& codecs, OptionNumbers usual,
                      const DecodeLimits& limits = {});

/// A response message. Source: TS-0008 clauses 6.2.2.4, 6.2.4; Max-Age 0 keeps proxies from
/// storing it.
Message write_response(const Response& response, Operation operation, const AnswerStyle& style,
                       std::uint8_t refusal_code = 0);

/// True if the request is a notification for exactly this URL, so that nothing of `to` belongs into
/// the path: as in HTTP.
bool is_for_exact_url(const Request& request, const Url& url, std::string_view receiver_id);

/// A request message for the entity at `url`; `exact`: see is_for_exact_url(), else the URL's path
/// is a prefix. Errors: kBadRequest for what does not fit into options (255 bytes each).
/// Source: TS-0008 clause 6.2.
Result<Message> write_request(const Request& request, const Url& url, bool exact,
                              const Codec& codec, OptionNumbers numbers);

/// Reads the answer to `request`. Without oneM2M-RSC its code tells the status. Errors:
/// kTargetNotReachable saying what is wrong with the answer.
Result<Response> read_response(const Message& message, const Request& request, const Codecs& codecs,
                               const DecodeLimits& limits = {});

}  // namespace gatehouse::coap
