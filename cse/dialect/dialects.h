#pragma once
#include <array>
#include <atomic>

#include "cse/dialect/switches.h"
#include "cse/primitive/handler.h"

namespace gatehouse {

/// How often each switch was needed, and how often a refusal named it. Threading: any.
struct DialectCounters {
  std::array<std::atomic<std::uint64_t>, kSwitches> used{}, named{};
};

/// Stands in front of the core. With no switch on, a request passes as it came; if it is then
/// refused, the refusal names the switch that would accept it. A switch that is on makes the
/// request what the standard wants; the answer says so (Response::dialect), and the counters do.
/// Threading: any.
class Dialects final : public PrimitiveHandler, public DialectAdvice {
 public:
  /// `next` and what `facts` refers to outlive this.
  Dialects(SwitchSet on, DialectFacts facts, PrimitiveHandler& next)
      : on_(on), facts_(std::move(facts)), next_(next) {}

  void handle(Request&& request, Reply reply) override;
  void advise(const Request& request, Error& refusal) const override;

  bool is_on(Dialect id) const { return on_.test(static_cast<std::size_t>(id)); }
  const DialectCounters& counters() const { return counters_; }
  /// What acts elsewhere was needed.
  void count(Dialect id) { counters_.used[static_cast<std::size_t>(id)].fetch_add(1); }

 private:
  void handle_leniently(Request&& request, Reply reply);
  void translate(Response& response, std::string& used, std::optional<Dialect> addresses) const;
  void object(const Switch& row, const Error& objection, const Request& request,
              const Reply& reply);
  void count(std::string_view names);

  const SwitchSet on_;
  const DialectFacts facts_;
  PrimitiveHandler& next_;
  mutable DialectCounters counters_;
};

/// In front of what sends to others: notifications in the dialects of their receivers. Threading:
/// any.
class DialectSender final : public PrimitiveSender {
 public:
  /// Is there an AE of that AE-ID-Stem here?
  using IsAe = std::function<bool(const std::string& stem)>;
  DialectSender(PrimitiveSender& next, Dialects& dialects, std::string cse_id, IsAe is_ae)
      : next_(next), dialects_(dialects), cse_id_(std::move(cse_id)), is_ae_(std::move(is_ae)) {}
  bool serves(std::string_view url) const override { return next_.serves(url); }
  void send(const std::string& url, const std::string& receiver_id, Request request,
            Reply reply) override;

 private:
  void translate(Value& notification);
  std::string receiver_of(const std::string& url) const;

  PrimitiveSender& next_;
  Dialects& dialects_;
  const std::string cse_id_;
  const IsAe is_ae_;
};

}  // namespace gatehouse
