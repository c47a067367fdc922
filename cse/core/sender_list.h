#pragma once
#include <vector>

#include "cse/primitive/handler.h"

namespace gatehouse {

/// Several senders as one: the first that serves the scheme of a URL takes the request.
class SenderList final : public PrimitiveSender {
 public:
  void add(PrimitiveSender& sender) { senders_.push_back(&sender); }
  bool serves(std::string_view url) const override { return find(url) != nullptr; }
  void send(const std::string& url, const std::string& receiver_id, Request request,
            Reply reply) override {
    if (PrimitiveSender* sender = find(url))
      return sender->send(url, receiver_id, std::move(request), std::move(reply));
    reply(error_response(
        request, {Rsc::kTargetNotReachable, "no binding of this node serves \"" + url + "\""}));
  }

 private:
  PrimitiveSender* find(std::string_view url) const {
    for (PrimitiveSender* sender : senders_) {
      if (sender->serves(url)) return sender;
    }
    return nullptr;
  }
  std::vector<PrimitiveSender*> senders_;
};

}  // namespace gatehouse
