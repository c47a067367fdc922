#include "cse/services/polling/polling.h"

#include <algorithm>

#include "cse/codec/primitive_codec.h"
#include "cse/services/polling/polling_resources.h"

namespace gatehouse {

std::shared_ptr<PollingChannels> PollingChannels::add(Cse& cse, Settings settings) {
  auto channels = std::make_shared<PollingChannels>(cse, settings);
  cse.behaviours().add(type_number::kPollingChannel, polling_channel_behaviour());
  cse.behaviours().add_virtual(type_number::kPollingChannel, "pcu", polling_channel_uri(*channels));
  return channels;
}

Timestamp PollingChannels::deadline_of(const Request& request,
                                       std::chrono::milliseconds otherwise) const {
  const Timestamp now = cse_.scheduler().now();
  if (const auto paced = cse_.pace().request_expiration.load(); paced.count() > 0)
    otherwise = paced;
  if (!request.request_expiration) return now + otherwise;
  return parse_abs_rel_timestamp(*request.request_expiration, now).value_or(now + otherwise);
}

Response PollingChannels::fetched_response(const std::vector<Request>& requests, bool aggregated) {
  Response response;
  if (!aggregated) {
    response.content = Value::object({{"m2m:rqp", to_value(requests.front())}});
    return response;
  }
  Value list = Value::array();
  for (const Request& request : requests) list.push_back(to_value(request));
  response.content = Value::object({{"m2m:agrp", std::move(list)}});
  return response;
}

bool PollingChannels::knows(const Channel& channel, const std::string& request_identifier) {
  return channel.fetched.contains(request_identifier) ||
         std::any_of(channel.waiting.begin(), channel.waiting.end(), [&](const Waiting& waiting) {
           return waiting.request.request_identifier == request_identifier;
         });
}

void PollingChannels::rename(Waiting& waiting) {
  waiting.reply = [reply = std::move(waiting.reply),
                   identifier = waiting.request.request_identifier](Response response) {
    response.request_identifier = identifier;
    reply(std::move(response));
  };
  waiting.request.request_identifier = cse_.ids().request_identifier();
}

bool PollingChannels::enqueue(const ResourceId& entity, const Request& request,
                              const Reply& reply) {
  CommittedView view = cse_.view();
  auto channel = view.children_of_type(entity, type_number::kPollingChannel, Page{});
  if (!channel || channel->empty()) return false;
  const Timestamp deadline = deadline_of(request, settings_.answer);
  std::optional<Poll> poll;
  Request fetched;
  std::uint64_t number = 0;
  {
    const std::lock_guard lock(mutex_);
    Channel& place = channels_[entity];
    if (place.waiting.size() + place.fetched.size() >= settings_.max_waiting) return false;
    number = ++next_number_;
    Waiting waiting{request, reply, number};
    if (knows(place, request.request_identifier)) rename(waiting);
    if (place.polls.empty()) {
      place.waiting.push_back(std::move(waiting));
    } else {
      poll = std::move(place.polls.front());
      place.polls.pop_front();
      fetched = waiting.request;
      std::string identifier = waiting.request.request_identifier;
      place.fetched.insert_or_assign(std::move(identifier), std::move(waiting));
    }
  }
  if (poll) poll->reply(fetched_response({fetched}, poll->aggregated));
  expire_request(entity, number, deadline);
  return true;
}

void PollingChannels::poll(const ResourceId& entity, Request request, bool aggregated,
                           Reply reply) {
  std::vector<Request> next;
  bool refused = false;
  std::uint64_t number = 0;
  const Timestamp deadline = deadline_of(request, settings_.poll);
  {
    const std::lock_guard lock(mutex_);
    Channel& place = channels_[entity];
    if (place.waiting.empty() && place.polls.size() >= settings_.max_waiting) {
      refused = true;
    } else if (place.waiting.empty()) {
      number = ++next_number_;
      place.polls.push_back({request, reply, number, aggregated});
    }
    const std::size_t wanted = aggregated ? settings_.max_aggregated : 1;
    while (!place.waiting.empty() && next.size() < wanted) {
      Waiting first = std::move(place.waiting.front());
      place.waiting.pop_front();
      next.push_back(first.request);
      const std::string identifier = first.request.request_identifier;
      place.fetched.insert_or_assign(identifier, std::move(first));
    }
  }
  if (refused) {
    return reply(error_response(
        request, {Rsc::kBadRequest, "too many requests to this polling channel are waiting"}));
  }
  if (!next.empty()) return reply(fetched_response(next, aggregated));
  expire_poll(entity, number, deadline);
}

void PollingChannels::answer(const ResourceId& entity, const Request& request, const Reply& reply) {
  const Value* content = request.content ? request.content->find("m2m:rsp") : nullptr;
  if (!content) {
    return reply(error_response(
        request, {Rsc::kBadRequest, "pc: a NOTIFY to a polling channel carries m2m:rsp"}));
  }
  auto response = response_from_value(*content);
  if (!response) return reply(error_response(request, response.error()));
  std::optional<Waiting> answered;
  {
    const std::lock_guard lock(mutex_);
    Channel& place = channels_[entity];
    const auto found = place.fetched.find(response->request_identifier);
    if (found != place.fetched.end()) {
      answered = std::move(found->second);
      place.fetched.erase(found);
    }
  }
  if (!answered) {
    return reply(error_response(
        request, {Rsc::kBadRequest,
                  "rqi: no request \"" + response->request_identifier + "\" waits for an answer"}));
  }
  answered->reply(*std::move(response));
  reply(Response{});
}

void PollingChannels::expire_request(const ResourceId& entity, std::uint64_t number,
                                     Timestamp when) {
  cse_.scheduler().at(when, [self = weak_from_this(), entity, number] {
    const auto channels = self.lock();
    if (!channels) return;
    std::optional<Waiting> expired;
    {
      const std::lock_guard lock(channels->mutex_);
      Channel& place = channels->channels_[entity];
      for (auto it = place.waiting.begin(); it != place.waiting.end() && !expired; ++it) {
        if (it->number != number) continue;
        expired = std::move(*it);
        place.waiting.erase(it);
        break;
      }
      for (auto it = place.fetched.begin(); it != place.fetched.end() && !expired; ++it) {
        if (it->second.number != number) continue;
        expired = std::move(it->second);
        place.fetched.erase(it);
        break;
      }
    }
    if (!expired) return;
    expired->reply(error_response(
        expired->request,
        {Rsc::kTargetNotReachable, "the entity has not fetched and answered the request in time"}));
  });
}

void PollingChannels::expire_poll(const ResourceId& entity, std::uint64_t number, Timestamp when) {
  cse_.scheduler().at(when, [self = weak_from_this(), entity, number] {
    const auto channels = self.lock();
    if (!channels) return;
    std::optional<Poll> expired;
    {
      const std::lock_guard lock(channels->mutex_);
      auto& polls = channels->channels_[entity].polls;
      const auto found = std::find_if(polls.begin(), polls.end(),
                                      [number](const Poll& p) { return p.number == number; });
      if (found != polls.end()) {
        expired = std::move(*found);
        polls.erase(found);
      }
    }
    if (expired)
      expired->reply(
          error_response(expired->request, {Rsc::kRequestTimeout, "no request came in time"}));
  });
}

}  // namespace gatehouse
