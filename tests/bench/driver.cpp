#include "tests/bench/driver.h"

#include <algorithm>
#include <cstdlib>
#include <future>
#include <iostream>
#include <semaphore>

#include "cse/codec/json.h"

namespace gatehouse::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr int kInFlight = 64;

Request request(Operation operation, std::string to, std::string from) {
  Request made;
  made.operation = operation;
  made.to = std::move(to);
  made.from = std::move(from);
  made.request_identifier = "bench";
  made.release_version = "4";
  return made;
}

void require_success(const Request& asked, const Response& response) {
  if (is_success(response.rsc)) return;
  const Value* text = response.content.tree();
  std::cerr << name_of(asked.operation) << " " << asked.to << ": " << static_cast<int>(response.rsc)
            << " " << (text ? to_json(*text) : "") << std::endl;
  std::_Exit(1);  // replies come on the client's thread: nothing here can wait for it
}

http::ClientSettings patient() {
  http::ClientSettings settings;
  settings.request_timeout = std::chrono::minutes(2);
  settings.max_connections_per_host = kInFlight;
  settings.max_body_bytes = 64u << 20;
  return settings;
}

}  // namespace

Request create(std::string to, int type, Value content, std::string from) {
  Request made = request(Operation::kCreate, std::move(to), std::move(from));
  made.resource_type = type;
  made.result_content = 0;
  made.content = std::move(content);
  return made;
}
Request retrieve(std::string to) { return request(Operation::kRetrieve, std::move(to), "CAdmin"); }
Request update(std::string to, Value content) {
  Request made = request(Operation::kUpdate, std::move(to), "CAdmin");
  made.result_content = 0;
  made.content = std::move(content);
  return made;
}
Request remove(std::string to) { return request(Operation::kDelete, std::move(to), "CAdmin"); }

Driver::Driver(std::string url)
    : url_(std::move(url)), codecs_(standard_codecs()), client_(patient(), codecs_) {}

void Driver::all(std::int64_t first, std::int64_t last, const MakeRequest& make) {
  std::counting_semaphore<kInFlight> free{kInFlight};
  for (std::int64_t i = first; i < last; ++i) {
    free.acquire();
    Request next = make(i);
    client_.send(url_, {}, next, [next, &free](const Response& response) {
      require_success(next, response);
      free.release();
    });
  }
  for (int i = 0; i < kInFlight; ++i) free.acquire();
}

double Driver::median_us(std::int64_t first, std::int64_t count, const MakeRequest& make) {
  std::vector<double> times;
  for (std::int64_t i = first; i < first + count; ++i) {
    const Request next = make(i);
    std::promise<Response> answer;
    const auto start = Clock::now();
    client_.send(url_, {}, next, [&answer](Response response) { answer.set_value(response); });
    require_success(next, answer.get_future().get());
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - start).count());
  }
  const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

}  // namespace gatehouse::bench
