#include "cse/node/request_log.h"

#include "cse/codec/json.h"
#include "cse/node/log.h"

namespace gatehouse::node {
namespace {

std::string describe(const Request& request, const std::string& via, const Response& response,
                     std::chrono::microseconds took) {
  std::string line = "op=" + std::string(name_of(request.operation)) +
                     " to=" + log_value(request.to) + " fr=" + log_value(request.from) +
                     " rqi=" + log_value(request.request_identifier) + " via=" + log_value(via) +
                     " rsc=" + std::to_string(static_cast<int>(response.rsc)) +
                     " us=" + std::to_string(took.count());
  if (is_success(response.rsc)) return line;
  if (const auto content = tree_of(response.content)) {
    line += " dbg=" + log_value(content->string_at("m2m:dbg"));
  }
  return line;
}

}  // namespace

void RequestLog::handle(Request&& request, Reply reply) {
  counters_.requests.fetch_add(1, std::memory_order_relaxed);
  if (!logs_debug()) {  // the ordinary way copies nothing
    next_.handle(std::move(request), [this, reply = std::move(reply)](Response&& response) {
      const int code = static_cast<int>(response.rsc);
      if (code >= 4000)
        (code >= 5000 ? counters_.failed : counters_.refused)
            .fetch_add(1, std::memory_order_relaxed);
      if (response.rsc == Rsc::kInternalServerError) {
        const auto content = tree_of(response.content);
        log_error("rqi=" + log_value(response.request_identifier) +
                  " rsc=5000 dbg=" + log_value(content ? content->string_at("m2m:dbg") : ""));
      }
      reply(std::move(response));
    });
    return;
  }
  auto copy = std::make_shared<Request>(request);
  copy->content.reset();
  const Timestamp start = clock_.now();
  next_.handle(std::move(request), [this, copy, start,
                                    reply = std::move(reply)](Response response) {
    const int code = static_cast<int>(response.rsc);
    if (code >= 4000)
      (code >= 5000 ? counters_.failed : counters_.refused).fetch_add(1, std::memory_order_relaxed);
    const LogLevel level =
        response.rsc == Rsc::kInternalServerError ? LogLevel::kError : LogLevel::kDebug;
    const std::string via = copy->peer ? copy->peer->transport : "internal";
    log(level, describe(*copy, via, response, clock_.now() - start));
    reply(std::move(response));
  });
}

void SendLog::send(const std::string& url, const std::string& receiver_id, Request request,
                   Reply reply) {
  if (!logs_debug()) return next_.send(url, receiver_id, std::move(request), std::move(reply));
  auto copy = std::make_shared<Request>(request);
  copy->content.reset();
  if (copy->to.empty()) copy->to = receiver_id.empty() ? url : receiver_id;
  const std::string via = "out-" + url.substr(0, url.find(':'));
  next_.send(url, receiver_id, std::move(request),
             [copy, via, &clock = clock_, start = clock_.now(),
              reply = std::move(reply)](Response response) {
               log(LogLevel::kDebug, describe(*copy, via, response, clock.now() - start));
               reply(std::move(response));
             });
}

}  // namespace gatehouse::node
