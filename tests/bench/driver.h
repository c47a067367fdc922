#pragma once
#include <cstdint>
#include <functional>
#include <string>

#include "bindings/http/client.h"

namespace gatehouse::bench {

/// What the i-th request of a row is.
using MakeRequest = std::function<Request(std::int64_t)>;

Request create(std::string to, int type, Value content, std::string from = "CAdmin");
Request retrieve(std::string to);
Request update(std::string to, Value content);
Request remove(std::string to);

/// Sends requests to one CSE over HTTP. An answer that is not 2xx ends the program with its text:
/// what was refused is not measured.
class Driver {
 public:
  explicit Driver(std::string url);

  /// Requests `first` to `last` (without it), 64 at a time.
  void all(std::int64_t first, std::int64_t last, const MakeRequest& make);
  /// One after the other; the median in microseconds, from sending to the answer.
  double median_us(std::int64_t first, std::int64_t count, const MakeRequest& make);

 private:
  const std::string url_;
  Codecs codecs_;
  http::Client client_;
};

}  // namespace gatehouse::bench
