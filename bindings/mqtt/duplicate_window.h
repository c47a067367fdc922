#pragma once
#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace gatehouse::mqtt {

/// Remembers requests and their answers, because MQTT QoS 1 may deliver a message twice. Bounded in
/// number, bytes and age; the oldest go first. A request that is being worked on is never
/// forgotten. Source: TS-0010 clause 6.1 (QoS 1), TS-0004 clause 6.4.1 (a Request Identifier is
/// unique among an originator's).
class DuplicateWindow {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Payload = std::shared_ptr<const std::string>;
  struct Limits {
    std::size_t entries = 4'096;
    std::size_t bytes = 16u << 20;  ///< of answers kept
    std::chrono::milliseconds age{120'000};
  };
  enum class Seen { kNew, kInProgress, kAnswered };
  struct Lookup {
    Seen seen = Seen::kNew;
    Payload answer;  ///< for kAnswered
  };

  explicit DuplicateWindow(Limits limits) : limits_(limits) {}

  /// Looks a request up, and notes it as in progress if it is new.
  Lookup begin(const std::string& key, Time now);
  /// Keeps the answer of a request in progress.
  void finish(const std::string& key, Payload answer, Time now);
  /// The request may be repeated (it was a RETRIEVE, or it was not worked on).
  void forget(const std::string& key);
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Payload answer;  ///< null: in progress
    std::list<std::string>::iterator position;
    Time finished;
  };
  void evict(Time now);

  Limits limits_;
  std::unordered_map<std::string, Entry> entries_;
  std::list<std::string> finished_;  ///< oldest first
  std::size_t bytes_ = 0;
};

/// Two messages are the same request if originator, rqi and all their bytes agree: a client that
/// uses an rqi again for something else is served.
std::string duplicate_key(const std::string& topic, const std::string& request_identifier,
                          const std::string& payload);

}  // namespace gatehouse::mqtt
