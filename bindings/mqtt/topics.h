#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "cse/primitive/result.h"

namespace gatehouse::mqtt {

/// Topics of the oneM2M MQTT binding: pure text work, no connection. Source: TS-0010 clause 6.4.

enum class TopicKind { kRequest, kResponse, kRegistrationRequest, kRegistrationResponse };

/// One topic `[prefix]/oneM2M/<kind>/<originator>/<receiver>/<codec>`. In a response both IDs keep
/// the order of the request: the originator is who sent the request.
struct Topic {
  TopicKind kind = TopicKind::kRequest;
  std::string originator;  ///< topic form: "CAE1", "id-mn", "id-mn:CAE1", ":sp.example:id-in"; or a
                           ///< Credential-ID
  std::string receiver;    ///< topic form
  std::string codec;       ///< "json", "cbor" or "xml"
  friend bool operator==(const Topic&, const Topic&) = default;
};

/// `prefix` is the path of a point of access without outer slashes ("abc/def"), or empty.
std::string to_text(const Topic& topic, std::string_view prefix = {});

/// Any bytes give a Topic or an Error. Errors: kBadRequest if the topic is not one of this binding
/// under that prefix, an ID has a character outside [A-Za-z0-9._:-] (reg topics: printable without
/// '+', '#'), or it is longer than 1024 bytes.
Result<Topic> parse_topic(std::string_view topic, std::string_view prefix = {});

/// "/id-mn" -> "id-mn", "/id-mn/CAE1" -> "id-mn:CAE1", "CAE1" -> "CAE1", "//sp.example/id-in" ->
/// ":sp.example:id-in".
std::string topic_form(std::string_view id);

/// The other way. "CAE1" and "SAE1" stay (AE-ID-Stems), "id-mn" -> "/id-mn", "id-mn:CAE1" ->
/// "/id-mn/CAE1". A CSE-ID that begins with a capital C or S cannot be told from an AE-ID-Stem and
/// is read as one.
std::string id_of_topic_form(std::string_view topic_id);

/// Subscription filter for what others send to `own_id` (topic form) as that kind.
std::string filter_for(TopicKind kind, std::string_view own_topic_id, std::string_view prefix = {});

/// Every form in which `from` may name the entity of a topic ID, seen from the CSE `own_cse_id`
/// ("/id-mn", may be empty): "id-mn:CAE1" at /id-mn gives {"/id-mn/CAE1", "CAE1"}, elsewhere
/// {"/id-mn/CAE1"}; "CAE1" gives {"CAE1",
/// "/id-mn/CAE1"}; "id-in" gives {"/id-in"}.
std::vector<std::string> identities_of(std::string_view topic_id, std::string_view own_cse_id);

/// True if a request from that topic originator may state this `from`. An AE speaks for itself
/// only. A CSE also forwards for others, so it may state any SP-relative or absolute ID; an
/// AE-ID-Stem never.
bool may_originate(std::string_view topic_originator, std::string_view from,
                   std::string_view own_cse_id);

/// "/id-mn" of "/id-mn" and of "/id-mn/CAE1"; empty for an AE-ID-Stem.
std::string cse_part(std::string_view id);

}  // namespace gatehouse::mqtt
