#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cse/primitive/value.h"

namespace gatehouse::sdk {

/// m2m:notificationEventType. Source: TS-0004 clause 6.3.4.2.19.
enum class EventType : std::uint8_t {
  kUpdate = 1,
  kDelete = 2,
  kCreateChild = 3,
  kDeleteChild = 4,
};

/// One notification of a subscription.
struct Event {
  EventType type = EventType::kUpdate;
  std::string root;                   ///< "m2m:cin"; empty if the CSE sent no representation
  Value attributes;                   ///< below that root; null if none
  std::string subscription;           ///< as the CSE calls it (sur)
  bool subscription_deleted = false;  ///< the last event of this subscription; nothing else is set
};

/// Called on the AE's dispatcher thread, one after the other, in the order of arrival. May send
/// requests and wait for their answers.
using EventCallback = std::function<void(const Event&)>;

/// When to be notified, and of what. Source: TS-0001 clause 9.6.8.
struct Criteria {
  std::vector<EventType> events = {EventType::kUpdate};
  std::vector<std::string> attributes;    ///< short names: only when one of them was updated
  std::vector<std::int64_t> child_types;  ///< for kCreateChild, kDeleteChild: only these types
  /// 1 all attributes, 2 the modified ones, 3 only the resource identifier.
  std::int64_t content = 1;
  std::string name;   ///< rn of the <subscription>; empty: "<AE-ID>-sub", so one for each resource
  bool keep = false;  ///< leave the <subscription> at the CSE when the handle dies
};

/// A living subscription. Its end (or reset()) removes the <subscription> unless it is to be kept;
/// no callback runs after that, except one that is the caller. Outliving its Ae is harmless.
class Subscription {
 public:
  class Impl;
  Subscription();  ///< empty
  explicit Subscription(std::unique_ptr<Impl> impl);
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;
  ~Subscription();

  explicit operator bool() const { return impl_ != nullptr; }
  std::string address() const;  ///< of the <subscription>; empty for an empty handle
  void reset();
  /// Keeps the <subscription> at the CSE from now on.
  void keep();

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace gatehouse::sdk
