#pragma once
#include "cse/codec/codec.h"

namespace gatehouse {

/// Whole primitives as values, as MQTT and WebSocket carry them:
/// {"op":1,"to":…,"fr":…,"rqi":…,"pc":{…}}. Source: TS-0004 clause 6.4 and 8.4, short names of
/// table 8.2.2-1.

/// Reads a request primitive; a wrapping member "m2m:rqp" is accepted. Errors: kBadRequest naming
/// the parameter that is missing, unknown or of the wrong type. The request identifier is filled in
/// even then if it could be read
/// (`partial_request_identifier`), so that the refusal can be matched. Only the shape is checked
/// here: which parameter may go with which operation, and whether an enumeration has such a value
/// (but for op), is the core's. "cnt#lbl" in `to`, or m2m:atrl as content of a RETRIEVE, becomes
/// attribute_list, and back.
Result<Request> request_from_value(const Value& value,
                                   std::string* partial_request_identifier = nullptr);
/// The same for a server: what only the dialect coerce_scalars makes readable (numbers and truth
/// values as texts, a lone item for a list) is taken if `coerce` is set, and Request::dialect says
/// so; else the refusal names the switch.
Result<Request> request_from_peer(const Value& value, std::string* partial_request_identifier,
                                  bool coerce);
Value to_value(const Request& request);

/// Reads a response primitive; a wrapping member "m2m:rsp" is accepted, and numbers written as
/// whole floats. Parameters that Response has no member for (those of later releases) are left
/// out. Errors: kBadRequest naming the parameter.
Result<Response> response_from_value(const Value& value);
Value to_value(const Response& response);

/// A response as bytes of `codec`; ready-made content text is spliced in where the codec can.
/// content_location is not part of it. Throws std::logic_error if ready-made text is not JSON and
/// has to be decoded.
std::string encode_response(const Response& response, const Codec& codec);

/// fc as an object, both ways; a list condition may come as its only item. Errors name the
/// condition: "fc/lim: must be a non-negative integer".
Result<FilterCriteria> filter_criteria_from_value(const Value& value);
Value to_value(const FilterCriteria& filter);

}  // namespace gatehouse
