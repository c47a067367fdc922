#include "cse/codec/primitive_codec.h"

#include <array>
#include <stdexcept>

#include "cse/codec/field_rows.h"
#include "cse/codec/json.h"

namespace gatehouse {
namespace {

using fields::Done;
using fields::Leniency;
using fields::Path;
using fields::row;
using Q = Request;
using A = Response;

constexpr Leniency kStrict{};
constexpr Leniency kFromPeer{.whole_floats = true, .lone_items = false, .texts = false};
constexpr Leniency kCoerced{.whole_floats = true, .lone_items = true, .texts = true};

tl::unexpected<Error> missing(std::string_view name) {
  return fail(Rsc::kBadRequest, std::string(name) + ": is missing");
}

// --- parameters whose form is their own
// ---------------------------------------------------------------------------

Done read_operation(Operation& target, const Path& path, const Value& value, Leniency leniency) {
  std::int64_t number = 0;
  if (Done done = fields::read(number, path, value, leniency); !done) return done;
  if (number < 1 || number > 5) {
    return fail(Rsc::kBadRequest, "op: must be 1 (CREATE), 2, 3, 4 or 5 (NOTIFY)");
  }
  target = static_cast<Operation>(number);
  return {};
}

/// "cnt#lbl": the part behind '#' selects one attribute. Source: TS-0001 clause 10.2.4 (partial
/// retrieve).
Done read_to(Request& request, const Path& path, const Value& value, Leniency leniency) {
  if (Done done = fields::read(request.to, path, value, leniency); !done) return done;
  const std::size_t hash = request.to.find('#');
  if (hash == std::string::npos) return {};
  if (hash + 1 == request.to.size()) {
    return fail(Rsc::kBadRequest, "to: no attribute name behind '#'");
  }
  request.attribute_list = {request.to.substr(hash + 1)};
  request.to.resize(hash);
  return {};
}

Done read_response_type(Request& request, const Path& path, const Value& value, Leniency leniency) {
  const Value::Object* members = value.as_object();
  if (!members) return fields::wrong_type(path, "an object", value);
  for (const Member& member : *members) {
    const Path inner{"rt/", member.name};
    Done done;
    if (member.name == "rtv") {
      done = fields::read(request.response_type, inner, member.value, leniency);
    } else if (member.name == "nu") {
      done = fields::read(request.notification_uris, inner, member.value, leniency);
    } else {
      return fail(Rsc::kBadRequest, inner.text() + ": there is no such member");
    }
    if (!done) return done;
  }
  return {};
}

void write_response_type(const Request& request, std::string_view name, Value& out) {
  if (!request.response_type && !request.notification_uris) return;
  Value info = Value::object();
  fields::write(request.response_type, "rtv", info);
  if (request.notification_uris) {  // an empty list says: no notification
    Value list = Value::array();
    for (const std::string& uri : *request.notification_uris) list.push_back(uri);
    fields::append(info, "nu", std::move(list));
  }
  fields::append(out, name, std::move(info));
}

Done read_filter(Request& request, const Path&, const Value& value, Leniency) {
  Result<FilterCriteria> filter = filter_criteria_from_value(value);
  if (!filter) return fail(filter.error());
  request.filter = *std::move(filter);
  return {};
}

void write_filter(const Request& request, std::string_view name, Value& out) {
  if (request.filter) fields::append(out, name, to_value(*request.filter));
}

Done read_content(Request& request, const Path& path, const Value& value, Leniency) {
  const Value::Object* members = value.as_object();
  if (!members) return fields::wrong_type(path, "an object", value);
  if (members->size() != 1) {
    return fail(Rsc::kBadRequest, "pc: must have exactly one member, such as m2m:cnt");
  }
  request.content = value;
  return {};
}

/// Of a RETRIEVE, m2m:atrl lists the wanted attributes; a list of more than one travels so, a
/// single one behind '#'.
Done take_attribute_list(Request& request) {
  if (request.operation != Operation::kRetrieve || !request.content) return {};
  const Value* list = request.content->find("m2m:atrl");
  if (!list) return {};
  if (!request.attribute_list.empty()) {
    return fail(Rsc::kBadRequest, "pc/m2m:atrl: the attribute is already named in to");
  }
  if (Done done = fields::read(request.attribute_list, {"pc/", "m2m:atrl"}, *list, kStrict);
      !done) {
    return done;
  }
  if (request.attribute_list.empty()) {
    return fail(Rsc::kBadRequest, "pc/m2m:atrl: names no attribute");
  }
  for (const std::string& name : request.attribute_list) {  // a single one has to fit behind '#'
    if (name.empty() || name.find('#') != std::string::npos) {
      return fail(Rsc::kBadRequest, "pc/m2m:atrl: \"" + name + "\" is no attribute's name");
    }
  }
  request.content.reset();
  return {};
}

void write_to(const Request& request, std::string_view name, Value& out) {
  const bool single = request.attribute_list.size() == 1;
  fields::append(out, name, single ? request.to + "#" + request.attribute_list[0] : request.to);
}

void write_content(const Request& request, std::string_view name, Value& out) {
  if (request.content) {
    fields::append(out, name, *request.content);
  } else if (request.attribute_list.size() > 1) {
    Value content = Value::object();
    fields::write(request.attribute_list, "m2m:atrl", content);
    fields::append(out, name, std::move(content));
  }
}

// --- parameters that the core carries without reading
// -------------------------------------------------------------

/// Checks the type and keeps the value as it came.
template <class T>
Done keep(Request& request, const Path& path, const Value& value, Leniency leniency) {
  T checked{};
  if (Done done = fields::read(checked, path, value, leniency); !done) return done;
  request.other.set(path.name, value);
  return {};
}

void write_kept(const Request& request, std::string_view name, Value& out) {
  if (const Value* value = request.other.find(name)) fields::append(out, name, *value);
}

template <class T>
constexpr fields::Row<Q> kept(std::string_view name) {
  return {name, &keep<T>, &write_kept};
}
using Texts = std::vector<std::string>;

// --- the tables
// ---------------------------------------------------------------------------------------------------

// Short names: TS-0004 table 8.2.2-1.
constexpr auto kRequestParameters = std::to_array<fields::Row<Q>>({
    {"op",
     [](Q& q, const Path& p, const Value& v, Leniency l) {
       return read_operation(q.operation, p, v, l);
     },
     [](const Q& q, std::string_view n, Value& out) {
       fields::append(out, n, static_cast<int>(q.operation));
     }},
    {"to", &read_to, &write_to},
    row<&Q::from, Q>("fr"),
    row<&Q::request_identifier, Q>("rqi"),
    row<&Q::release_version, Q>("rvi"),
    row<&Q::resource_type, Q>("ty"),
    row<&Q::result_content, Q>("rcn"),
    {"rt", &read_response_type, &write_response_type},
    {"fc", &read_filter, &write_filter},
    row<&Q::desired_identifier_result_type, Q>("drt"),
    row<&Q::originating_timestamp, Q>("ot"),
    row<&Q::request_expiration, fields::read_abs_rel, Q>("rqet"),
    row<&Q::result_expiration, fields::read_abs_rel, Q>("rset"),
    row<&Q::operation_execution_time, fields::read_abs_rel, Q>("oet"),
    row<&Q::result_persistence, fields::read_abs_rel, Q>("rp"),
    row<&Q::event_category, Q>("ec"),
    row<&Q::delivery_aggregation, Q>("da"),
    row<&Q::group_request_identifier, Q>("gid"),
    row<&Q::group_request_target_members, Q>("grtm"),
    row<&Q::vendor_information, Q>("vsi"),
    kept<Texts>("rids"),
    kept<Texts>("tkns"),
    kept<Texts>("tids"),
    kept<Texts>("ltids"),
    kept<bool>("tqi"),
    kept<bool>("asi"),
    kept<Texts>("aus"),
    kept<bool>("auri"),
    kept<bool>("sqi"),
    kept<Texts>("omr"),
    kept<std::string>("prpi"),
    kept<std::string>("msu"),
    {"pc", &read_content, &write_content},
});

Done read_status(Response& response, const Path& path, const Value& value, Leniency leniency) {
  std::int64_t code = 0;
  if (Done done = fields::read(code, path, value, leniency); !done) return done;
  if (code < 1000 || code > 9999) {
    return fail(Rsc::kBadRequest, "rsc: must be a response status code of four digits");
  }
  response.rsc = static_cast<Rsc>(code);
  return {};
}

Done read_answer(Response& response, const Path& path, const Value& value, Leniency) {
  if (!value.is_object()) return fields::wrong_type(path, "an object", value);
  if (value.size() > 0) response.content = value;
  return {};
}

/// A parameter that is carried as it is.
template <std::optional<Value> A::*member>
constexpr fields::Row<A> any_row(std::string_view name) {
  return {name,
          [](A& a, const fields::Path&, const Value& value, fields::Leniency) -> Done {
            a.*member = value;
            return {};
          },
          [](const A& a, std::string_view n, Value& out) {
            if (a.*member) fields::append(out, n, *(a.*member));
          }};
}

// Source: TS-0004 table 7.1.2-1. The content is written last and apart, because it may be
// ready-made text.
constexpr auto kResponseParameters = std::to_array<fields::Row<A>>({
    {"rsc", &read_status,
     [](const A& a, std::string_view n, Value& out) {
       fields::append(out, n, static_cast<int>(a.rsc));
     }},
    row<&A::request_identifier, A>("rqi"),
    row<&A::release_version, A>("rvi"),
    row<&A::to, A>("to"),
    row<&A::from, A>("fr"),
    row<&A::originating_timestamp, A>("ot"),
    row<&A::result_expiration, fields::read_abs_rel, A>("rset"),
    row<&A::event_category, A>("ec"),
    row<&A::content_status, A>("cnst"),
    row<&A::content_offset, A>("cnot"),
    row<&A::vendor_information, A>("vsi"),
    any_row<&A::assigned_token_ids>("ati"),
    any_row<&A::token_request_information>("tqf"),
    row<&A::signatures_requested, A>("asri"),
    {"pc", &read_answer, [](const A&, std::string_view, Value&) {}},
});

/// The primitive within its wrapping member, if there is one.
const Value& unwrapped(const Value& value, std::string_view wrapper) {
  const Value* inner = value.size() == 1 ? value.find(wrapper) : nullptr;
  return inner ? *inner : value;
}

Value envelope_of(const Response& response) {
  Value out = Value::object();
  fields::write_all<A>(kResponseParameters, response, out);
  return out;
}

}  // namespace

namespace {

Result<Request> read_request(const Value& value, std::string* partial_request_identifier,
                             Leniency leniency) {
  const Value& primitive = unwrapped(value, "m2m:rqp");
  const Value::Object* members = primitive.as_object();
  if (!members) return fields::wrong_type({"", "request primitive"}, "an object", primitive);
  if (partial_request_identifier) *partial_request_identifier = primitive.string_at("rqi");
  Request request;
  for (const Member& member : *members) {
    const auto* parameter = fields::find<Q>(kRequestParameters, member.name);
    if (!parameter) {
      return fail(Rsc::kBadRequest,
                  fields::Path{"", member.name}.text() + ": there is no such request parameter");
    }
    if (Done done = parameter->read(request, {"", member.name}, member.value, leniency); !done) {
      return fail(done.error());
    }
  }
  for (const std::string_view mandatory : {"op", "to", "rqi"}) {
    if (!primitive.contains(mandatory)) return missing(mandatory);
  }
  if (request.request_identifier.empty()) return fail(Rsc::kBadRequest, "rqi: is empty");
  if (Done done = take_attribute_list(request); !done) return fail(done.error());
  return request;
}

}  // namespace

Result<Request> request_from_value(const Value& value, std::string* partial_request_identifier) {
  return read_request(value, partial_request_identifier, kStrict);
}

Result<Request> request_from_peer(const Value& value, std::string* partial_request_identifier,
                                  bool coerce) {
  auto request = read_request(value, partial_request_identifier, kStrict);
  if (request) return request;
  auto coerced = read_request(value, partial_request_identifier, kCoerced);
  if (!coerced) return request;
  if (!coerce) {
    request.error().detail += would_accept(dialect_switch::kCoerceScalars);
    return request;
  }
  coerced->dialect = dialect_switch::kCoerceScalars;
  return coerced;
}

Value to_value(const Request& request) {
  Value out = Value::object();
  fields::write_all<Q>(kRequestParameters, request, out);
  return out;
}

Result<Response> response_from_value(const Value& value) {
  const Value& primitive = unwrapped(value, "m2m:rsp");
  const Value::Object* members = primitive.as_object();
  if (!members) return fields::wrong_type({"", "response primitive"}, "an object", primitive);
  Response response;
  for (const Member& member : *members) {
    const auto* parameter = fields::find<A>(kResponseParameters, member.name);
    if (!parameter) continue;  // a peer of a later release may say more than we understand
    if (Done done = parameter->read(response, {"", member.name}, member.value, kFromPeer); !done) {
      return fail(done.error());
    }
  }
  for (const std::string_view mandatory : {"rsc", "rqi"}) {
    if (!primitive.contains(mandatory)) return missing(mandatory);
  }
  return response;
}

Value to_value(const Response& response) {
  Value out = envelope_of(response);
  if (response.content.empty()) return out;
  Result<Value> tree = tree_of(response.content);
  if (!tree) throw std::logic_error("ready-made content is no JSON: " + tree.error().detail);
  fields::append(out, "pc", *std::move(tree));
  return out;
}

std::string encode_response(const Response& response, const Codec& codec) {
  if (codec.name() != "json") return codec.encode(to_value(response));
  const std::string* ready = response.content.json();
  std::string out;
  out.reserve(160 + (ready ? ready->size() : 0));
  append_json(out, envelope_of(response));
  if (!response.content.empty()) {
    out.back() = ',';  // the envelope is never empty
    out += "\"pc\":";
    if (ready) {
      out += *ready;
    } else {
      append_json(out, *response.content.tree());
    }
    out += '}';
  }
  return out;
}

}  // namespace gatehouse
