#include "ae-apps/sdk/esprim.h"

#include "cse/codec/json.h"
#include "cse/codec/primitive_codec.h"

namespace gatehouse::sdk {
namespace {

constexpr Rsc kUnknownReceiverRandom{4114};

Request message_to(const std::string& cse, Value content) {
  Request request;
  request.operation = Operation::kNotify;
  request.to = cse;
  request.content = std::move(content);
  return request;
}

/// The securityInfo of a good answer.
Result<Value> information_in(const Response& response) {
  const auto tree = tree_of(response.content);
  if (response.rsc != Rsc::kOk) {
    return fail(response.rsc, tree ? tree->string_at("m2m:dbg", "refused") : "refused");
  }
  const Value* information = tree ? tree->find("m2m:seci") : nullptr;
  if (!information) return fail(Rsc::kTargetNotReachable, "ESPrim: the answer has no securityInfo");
  return *information;
}

}  // namespace

EsPrimSession::EsPrimSession(Ae& ae, std::string cse, jose::SharedKey pairwise)
    : ae_(ae), cse_(std::move(cse)), pairwise_(std::move(pairwise)) {}

Result<EsPrimSession::Session> EsPrimSession::session(bool anew,
                                                      std::chrono::milliseconds timeout) {
  {
    const std::lock_guard lock(mutex_);
    if (session_ && !anew) return *session_;
  }
  const Value question =
      Value::object({{"m2m:seci", Value::object({{"sit", jose::kRandomRequest}})}});
  const auto answer = information_in(ae_.request(message_to(cse_, question), timeout));
  if (!answer) return fail(answer.error());
  const Value* drawn = answer->find("ero");
  const auto receiver = jose::ReceiverRandom::read(drawn ? *drawn : Value::object());
  if (!receiver) return fail(receiver.error());
  const jose::OriginatorRandom originator = jose::draw_originator_random();
  const Session made{*receiver, originator, jose::session_key(pairwise_, *receiver, originator)};
  const std::lock_guard lock(mutex_);
  session_ = made;
  return made;
}

Response EsPrimSession::ask(const Request& request, const Session& session,
                            std::chrono::milliseconds timeout) {
  const auto sealed =
      jose::seal(to_json(to_value(request)), session.key, session.receiver.id, session.originator);
  if (!sealed) return error_response(request, sealed.error());
  const auto answer =
      information_in(ae_.request(message_to(cse_, jose::message_with(*sealed)), timeout));
  if (!answer) return error_response(request, answer.error());
  const auto opened = jose::decrypt(answer->string_at("epo"), session.key);
  const auto forged = [&request](const std::string& why) {
    return error_response(request, {Rsc::kOriginatorNotAuthenticated, "ESPrim: " + why});
  };
  if (!opened) return forged(opened.error().detail);
  const auto primitive = parse_json(opened->payload);
  auto response =
      primitive ? response_from_value(*primitive) : Result<Response>(fail(primitive.error()));
  if (!response) return forged(response.error().detail);
  // An answer to another request of this session, given again, is none to this one.
  if (response->request_identifier != request.request_identifier) {
    return forged("the response is to another request");
  }
  return *std::move(response);
}

Response EsPrimSession::request(Request request, std::chrono::milliseconds timeout) {
  if (request.from.empty()) request.from = ae_.id();
  if (request.request_identifier.empty()) request.request_identifier = jose::random_text(12);
  if (!request.release_version) request.release_version = ae_.settings().release_version;
  for (const bool anew : {false, true}) {
    const auto current = session(anew, timeout);
    if (!current) return error_response(request, current.error());
    Response response = ask(request, *current, timeout);
    if (response.rsc != kUnknownReceiverRandom || anew) return response;
  }
  return {};
}

}  // namespace gatehouse::sdk
