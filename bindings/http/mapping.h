#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/http/media_type.h"
#include "bindings/http/page.h"
#include "bindings/http/url.h"
#include "cse/codec/codec.h"
#include "cse/primitive/request.h"

namespace gatehouse::http {

/// A request message, already cut into its parts. The views outlive the call only.
struct RequestParts {
  std::string_view method;
  std::string_view target;  ///< "/cse-in/ae?rcn=1", or the absolute form
  const std::vector<HeaderField>* headers = nullptr;
  std::string_view body;
};

/// What a server makes of it.
struct Incoming {
  Request request;    ///< as far as it could be read, so that a refusal carries its X-M2M-RI
  Negotiated answer;  ///< how to write the answer; always has a codec
  std::optional<Error> refusal;  ///< present: the request must not be served
};

/// Reads a request primitive. Pure and total: any bytes give a request or a refusal.
/// Refusals: kBadRequest naming the header field or the query parameter at fault,
/// kUnsupportedMediaType (4015) for a body of unknown type, kNotAcceptable (5207) if no codec suits
/// Accept, kOperationNotAllowed (4005) for another method. A query key that is no parameter is an
/// attribute condition if it looks like a short name (a lower-case letter, then letters and digits,
/// 32 at most), else it is refused. Source: TS-0009 clauses 6.2.2 and 6.4.
Incoming read_request(const RequestParts& parts, const Codecs& codecs,
                      const DecodeLimits& limits = {});

/// How to write one answer.
struct AnswerOptions {
  Negotiated style;
  bool keep_alive = true;
  int status = 0;                 ///< not 0: in place of the one that belongs to the code
  std::string_view extra_fields;  ///< whole lines, each with CR LF: Date, CORS
  /// The answer to a GET: its content gets an ETag, and these fields of the request are looked at:
  /// 304 without content, or 412. Source: TS-0009 clause 6.4 (ETag), RFC 9110 clause 13.
  bool is_get = false;
  std::string_view if_match, if_none_match;
};

/// Appends a whole response message. Ready-made JSON text is appended as it is.
/// Source: TS-0009 clauses 6.2.3, 6.3 and 6.4; the reason phrase is left out.
void append_response(std::string& out, const Response& response, const AnswerOptions& options);

/// True if a request to the entity at `url` is a notification for that very address, so that
/// nothing of `to` belongs into the request line: NOTIFY, a path or a query in the URL, and a `to`
/// that is empty, a URL or the receiver itself.
bool is_for_exact_url(const Request& request, const Url& url, std::string_view receiver_id);

/// A whole request message for the entity at `url`. `exact`: see is_for_exact_url(); otherwise the
/// URL's path is a prefix. Bytes that may not stand in a header field become spaces. Source:
/// TS-0009 clause 6.2.2.
std::string write_request(const Request& request, const Url& url, bool exact, const Codec& codec);

/// A response message, already cut into its parts.
struct ResponseParts {
  int status = 0;
  const std::vector<HeaderField>* headers = nullptr;
  std::string_view body;
};

/// Reads the answer to `request`. Without X-M2M-RSC it is kOk for a NOTIFY answered by 2xx;
/// anything else without it fails. Errors: kTargetNotReachable, saying what is wrong with the
/// answer.
Result<Response> read_response(const ResponseParts& parts, const Request& request,
                               const Codecs& codecs, const DecodeLimits& limits = {});

}  // namespace gatehouse::http
