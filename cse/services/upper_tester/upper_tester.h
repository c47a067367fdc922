#pragma once
#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "cse/core/cse.h"

namespace gatehouse {

/// What a test system may ask of the CSE beside oneM2M: its state, a clean start, shorter times,
/// and to send a primitive. Commands are words in a text ("Reset", "GetConfig cse.type"); README.md
/// of this folder lists them. Source: TS-0019 clause 6 (upper tester).
class UpperTester {
 public:
  /// How a command ended; `result` is what it answers, if anything.
  struct Outcome {
    Rsc rsc = Rsc::kOk;
    std::string result;  ///< with an unsuccessful rsc: why
  };
  using Done = std::function<void(Outcome)>;
  /// Value of a configuration key as text; nullopt: there is no such key, or it is nobody's
  /// business.
  using Configuration = std::function<std::optional<std::string>(const std::string& key)>;
  using Log = std::function<void(const std::string& line)>;

  UpperTester(Cse& cse, Configuration configuration, Log log)
      : cse_(cse), configuration_(std::move(configuration)), log_(std::move(log)) {}

  /// Everything of the node is up.
  void set_running() { running_ = true; }
  /// `done` may come on another thread and later: Reset waits for the commit. Errors: 4000 for an
  /// unknown command or a wrong argument.
  void run(std::string_view command, Done done);
  /// Sends the request primitive {"m2m:rqp":{…}} the way it would go if the CSE had thought of it
  /// itself; without `fr` it is the CSE's own. The acknowledgement does not wait for the answer.
  /// Errors: 4000 if the content is no request primitive.
  Outcome trigger(const Value& content);

 private:
  struct Row;
  static const Row* find(std::string_view name);
  Outcome status(std::string_view argument);
  Outcome get_config(std::string_view argument);
  Outcome note(std::string_view argument);
  Outcome short_resource_expiration(std::string_view argument);
  Outcome normal_resource_expiration(std::string_view argument);
  Outcome short_request_expiration(std::string_view argument);
  Outcome normal_request_expiration(std::string_view argument);
  void reset(const Done& done);
  const char* state() const;

  Cse& cse_;
  const Configuration configuration_;
  const Log log_;
  std::atomic<bool> running_{false}, resetting_{false};
};

}  // namespace gatehouse
