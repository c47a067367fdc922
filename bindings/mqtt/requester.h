#pragma once
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "bindings/mqtt/endpoint_context.h"
#include "bindings/mqtt/topics.h"

namespace gatehouse::mqtt {

/// Our requests and their answers. On the worker's thread only.
class Requester : public std::enable_shared_from_this<Requester> {
 public:
  explicit Requester(EndpointContext& context);

  void send(const std::string& receiver_id, Request request, Reply reply,
            const std::string& codec_name);
  void publish(const std::string& topic, Request request, Reply reply,
               const std::string& codec_name);
  void on_response(const Topic& topic, std::string_view payload);
  void on_ready(bool session_kept);
  /// Fails everything that waits.
  void stop();

 private:
  struct Pending {
    Reply reply;
    std::string request_identifier;  ///< as the caller gave it
    Topic topic;
    std::shared_ptr<const std::string> payload;
    SteadyTime deadline;
    SteadyTime published;    ///< last time
    bool in_outbox = false;  ///< not yet acknowledged by the broker
  };
  using Key = std::string;  ///< receiver and rqi on the wire

  Result<SteadyTime> deadline_of(const Request& request) const;
  std::string wire_identifier(const std::string& receiver, const std::string& wanted);
  void hand_over(const Key& key, Pending& pending);
  void acknowledged(const Key& key, Published outcome);
  void finish(const Key& key, Response response);
  void refuse(const Key& key, Rsc rsc, std::string detail);
  void check_deadlines();
  void resend(std::chrono::milliseconds older_than);
  void schedule_resend();

  EndpointContext& context_;
  std::unordered_map<Key, Pending> pending_;
  std::multimap<SteadyTime, Key> deadlines_;
  bool checking_ = false, resending_ = false, stopped_ = false;
  SteadyTime recovery_until_{};
  std::unordered_set<Key> recent_;  ///< identifiers used, so that none is used twice in a row
  std::deque<Key> recent_order_;
  std::uint64_t sequence_ = 0;
  std::string nonce_;  ///< of this run: generated identifiers differ from those of the last run
};

}  // namespace gatehouse::mqtt
