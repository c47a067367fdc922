#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "cse/primitive/scheduler.h"

namespace gatehouse {

/// Makes orders and identifiers that rise with time, without a counter shared by processes:
/// microseconds since 2020 and a part that tells processes apart. Rising identifiers keep the
/// indexes of the store append-only. Threading: any thread.
class IdGenerator {
 public:
  /// `process_part`: 0..1023; different for processes that share one store.
  IdGenerator(const Scheduler& clock, std::uint16_t process_part)
      : clock_(clock), process_part_(process_part % 1024) {}

  /// Greater than every order given before.
  std::int64_t next_order();
  /// Orders given from now on are greater than `order`: what the store holds from before a restart,
  /// if the clock was put back meanwhile.
  void stay_above(std::int64_t order);
  /// The least order that is given at that time, unless the clock has been put back before.
  static std::int64_t first_order_at(Timestamp time);
  /// The reverse: when an order was given, by the generator's clock.
  static Timestamp time_of(std::int64_t order);
  /// A resource identifier: `prefix` and 13 characters that sort as `order` does.
  static std::string identifier(std::string_view prefix, std::int64_t order);
  /// Does the identifier end as those of that order do?
  static bool is_made_of(std::string_view id, std::int64_t order);
  /// A request identifier that is unique over all entities, for requests of the CSE's own.
  std::string request_identifier() { return identifier("gh", next_order()); }

 private:
  const Scheduler& clock_;
  const std::uint16_t process_part_;
  std::mutex mutex_;
  std::int64_t last_ = 0;
};

}  // namespace gatehouse
