#pragma once
#include <string>
#include <string_view>

#include "cse/primitive/result.h"

namespace gatehouse::pki {

/// The name under which a certificate is filed: 1..48 of [a-z0-9-], beginning with a letter or a
/// digit. Nothing else may become part of a path. "ca", "crl" and "index" are taken. Errors:
/// kBadRequest.
Result<void> check_file_name(std::string_view name);

/// The service provider's domain name, "gatehouse.example": at least two labels of letters, digits
/// and '-'. Errors: kBadRequest.
Result<void> check_sp_name(std::string_view sp);

/// A host name for a dNSName, "localhost" too. Errors: kBadRequest.
Result<void> check_host_name(std::string_view host);

/// "http://host[:port][/path]", of letters, digits and "-._/:" only. Errors: kBadRequest.
Result<void> check_responder_url(std::string_view url);

/// The URI by which a certificate states an identity, as bindings/security reads it:
///   "/id-mn" -> "m2m://SP/id-mn", "/id-mn/Cgw" -> "m2m://SP/id-mn/Cgw", "Sfoo" -> "m2m://SP/Sfoo".
/// Source: TS-0003 clauses 8.1.2.5 and 10.1.1.5. Errors: kBadRequest for anything else.
Result<std::string> identity_uri(std::string_view sp, std::string_view id);

/// The URI by which a node's certificate states its M2M-Node-ID: "urn:dev:1" ->
/// "m2m-node://SP/urn%3Adev%3A1". Errors: kBadRequest: not 1..128 of letters, digits and ".:_-@".
Result<std::string> node_uri(std::string_view sp, std::string_view id);

/// The identity as one level of an MQTT topic, "/id-mn" -> "id-mn", "/id-mn/Cgw" -> "id-mn:Cgw",
/// "Sfoo" -> "Sfoo". It is the common name, because a broker takes that for the user name and
/// compares it with the topic. Source: TS-0010 clause 6.4.2 (the '/' of an ID becomes ':'; the
/// leading one is left out).
std::string topic_form(std::string_view id);

/// True if the id is that of a CSE ("/id-mn"), false if it is an AE's.
bool names_a_cse(std::string_view id);

}  // namespace gatehouse::pki
