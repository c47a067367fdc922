#include "bindings/websocket/exchange.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "bindings/websocket/identity.h"
#include "cse/codec/primitive_codec.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::websocket {
namespace {

constexpr auto kNoResponse = static_cast<std::int64_t>(ResponseType::kNoResponse);

Timestamp wall_clock() {
  return {std::chrono::duration_cast<std::chrono::microseconds>(
              std::chrono::system_clock::now().time_since_epoch())
              .count()};
}

Response refusal(const std::string& request_identifier, Rsc rsc, std::string why) {
  Request asked;
  asked.request_identifier = request_identifier;
  return error_response(asked, {rsc, std::move(why)});
}

}  // namespace

Exchange::Exchange(const Codec& codec, const ExchangeLimits& limits, std::string own_cse,
                   Outside outside)
    : codec_(codec), limits_(limits), own_cse_(std::move(own_cse)), outside_(std::move(outside)) {}

Exchange::~Exchange() { fail_all("the connection has ended"); }

void Exchange::take(std::string_view message) {
  const Result<Value> value = codec_.decode(message, limits_.decode);
  if (!value) return refuse({}, value.error());
  const bool is_response = value->contains("m2m:rsp") || value->contains("rsc");
  is_response ? take_response(*value) : take_request(*value);
}

void Exchange::take_request(const Value& value) {
  std::string identifier;
  Result<Request> request = request_from_peer(value, &identifier, limits_.coerce_scalars);
  if (!request) return refuse(identifier, request.error());
  const std::uint64_t number = next_number_++;
  Serving serving;
  serving.asked.operation = request->operation;
  serving.asked.resource_type = request->resource_type;
  serving.asked.from = request->from;
  serving.asked.request_identifier = std::move(identifier);
  serving.silent = request->response_type == kNoResponse;
  serving_.emplace(number, std::move(serving));
  outside_.serve(*std::move(request), number);
}

void Exchange::answer(std::uint64_t number, Response response) {
  auto node = serving_.extract(number);
  if (node.empty()) return;
  const Serving& serving = node.mapped();
  response.request_identifier = serving.asked.request_identifier;
  const std::string name = shown_identity(serving.asked, response, own_cse_);
  if (!name.empty()) outside_.met(name);
  if (!serving.silent) outside_.transmit(encode_response(response, codec_));
}

void Exchange::refuse(const std::string& request_identifier, const Error& error) {
  outside_.transmit(encode_response(refusal(request_identifier, error.rsc, error.detail), codec_));
}

void Exchange::take_response(const Value& value) {
  Result<Response> response = response_from_value(value);
  if (!response) return;
  auto node = pending_.extract(response->request_identifier);
  if (node.empty()) return;
  response->request_identifier = node.mapped().request_identifier;
  node.mapped().reply(*std::move(response));
}

void Exchange::send(Request request, Reply reply) {
  const std::string identifier = request.request_identifier;
  const auto refuse_now = [&](Rsc rsc, std::string why) {
    reply(refusal(identifier, rsc, std::move(why)));
  };
  if (pending_.size() >= limits_.max_pending) {
    return refuse_now(Rsc::kTargetNotReachable, "too many requests wait on this connection");
  }
  auto time = std::chrono::duration_cast<std::chrono::microseconds>(limits_.request_timeout);
  if (request.request_expiration) {
    const Timestamp now = wall_clock();
    if (const auto end = parse_abs_rel_timestamp(*request.request_expiration, now)) {
      time = std::min<std::chrono::microseconds>(*end - now, limits_.max_request_timeout);
    }
    if (time.count() <= 0) return refuse_now(Rsc::kRequestTimeout, "the request has expired");
  }
  std::string& on_wire = request.request_identifier;
  for (unsigned more = 2; pending_.contains(on_wire); ++more) {
    on_wire = identifier + "." + std::to_string(more);
  }
  const bool silent = request.response_type == kNoResponse;
  std::string message = codec_.encode(to_value(request));
  if (!silent) {
    pending_.emplace(on_wire, Pending{identifier, std::move(reply), Clock::now() + time});
    return outside_.transmit(std::move(message));
  }
  outside_.transmit(std::move(message));
  Response sent;  // nobody will answer
  sent.request_identifier = identifier;
  reply(std::move(sent));
}

void Exchange::give_up(const Pending& pending, const std::string& why) {
  pending.reply(refusal(pending.request_identifier, Rsc::kTargetNotReachable, why));
}

void Exchange::check_deadlines(Clock::time_point now) {
  std::vector<std::string> late;
  for (const auto& [identifier, pending] : pending_) {
    if (pending.deadline <= now) late.push_back(identifier);
  }
  for (const std::string& identifier : late) {
    const auto node = pending_.extract(identifier);
    if (!node.empty()) give_up(node.mapped(), "no answer came in time");
  }
}

void Exchange::fail_all(const std::string& why) {
  const auto pending = std::exchange(pending_, {});
  for (const auto& [identifier, each] : pending) give_up(each, why);
}

}  // namespace gatehouse::websocket
