#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cse/primitive/handler.h"

namespace gatehouse::test {

/// A binding that sends nothing: it keeps what it was given and answers as it is told.
class RecordingSender final : public PrimitiveSender {
 public:
  struct Sent {
    std::string url;
    std::string receiver_id;
    Request request;
  };
  /// nullopt: no answer until answer_held().
  using Answers = std::function<std::optional<Rsc>(const Sent&)>;

  explicit RecordingSender(std::string scheme = "http") : scheme_(std::move(scheme)) {}

  bool serves(std::string_view url) const override { return url.starts_with(scheme_ + "://"); }
  void send(const std::string& url, const std::string& receiver_id, Request request,
            Reply reply) override {
    sent.push_back({url, receiver_id, std::move(request)});
    const auto rsc = answers(sent.back());
    if (!rsc) return held.push_back(std::move(reply));
    reply(response(*rsc));
  }
  void answer_held(Rsc rsc) {
    for (const Reply& reply : std::exchange(held, {})) reply(response(rsc));
  }
  /// The members of m2m:sgn of what went to that URL, oldest first; verifications left out.
  std::vector<Value> notifications(const std::string& url) const {
    std::vector<Value> found;
    for (const Sent& each : sent) {
      const Value* content = each.request.content ? each.request.content->find("m2m:sgn") : nullptr;
      if (each.url == url && content && !content->bool_at("vrq")) found.push_back(*content);
    }
    return found;
  }

  std::vector<Sent> sent;
  std::vector<Reply> held;
  Answers answers = [](const Sent&) { return Rsc::kOk; };

 private:
  static Response response(Rsc rsc) {
    Response made;
    made.rsc = rsc;
    return made;
  }
  const std::string scheme_;
};

}  // namespace gatehouse::test
