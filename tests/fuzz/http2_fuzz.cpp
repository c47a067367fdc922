// Any bytes behind HTTP/2's preface: limits hold, every request is told once, and what is said in
// return is bounded by what was asked. The first byte says what the answers are like.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <set>

#include "bindings/http/http2.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

class Zeros final : public gatehouse::http::BodySource {
 public:
  std::size_t read(char* buffer, std::size_t capacity) override {
    std::fill(buffer, buffer + capacity, '0');
    return capacity;
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::http;
  if (size == 0) return 0;
  const bool at_once = data[0] & 1, streamed = data[0] & 2;
  const std::size_t step = 1 + (data[0] >> 2);  // bytes taken at a time
  Http2Limits limits;
  limits.streams = 4;
  limits.header_bytes = 500;
  limits.body_bytes = 1'000;
  std::set<std::int32_t> told;
  Http2* session = nullptr;
  const auto answer = [&](std::int32_t stream) {
    if (streamed) {
      session->answer(stream, "HTTP/1.1 200 \r\nContent-Length: 500\r\nConnection: close\r\n\r\n",
                      std::make_shared<Zeros>(), 500);
    } else {
      session->answer(stream, "HTTP/1.1 404 \r\nX-M2M-RSC: 4004\r\nContent-Length: 2\r\n\r\n{}");
    }
  };
  Http2 http2(limits, [&](std::int32_t stream, const Http2Request& request, int refused) {
    require(told.insert(stream).second);
    require(request.body.size() <= limits.body_bytes);
    require(refused == 0 || refused == 413 || refused == 431 || refused == 408);
    std::size_t header = 0;
    for (const auto& [name, value] : request.fields) header += name.size() + value.size();
    require(header <= limits.header_bytes + 16);
    if (at_once) answer(stream);
  });
  session = &http2;
  const std::string input = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" +
                            std::string(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::size_t said = 0;
  bool alive = true;
  for (std::size_t at = 0; alive && at < input.size(); at += step) {
    alive = http2.take(std::string_view(input).substr(at, step));
    for (std::string out = http2.output(); !out.empty(); out = http2.output()) said += out.size();
  }
  for (const std::int32_t stream : told) answer(stream);
  http2.check_deadlines(Http2::Clock::time_point::max());
  http2.go_away();
  for (std::string out = http2.output(); !out.empty(); out = http2.output()) said += out.size();
  constexpr std::size_t kPerAnswer = 1'000, kPerByte = 64, kGreeting = 1'000;
  require(said <= kGreeting + told.size() * kPerAnswer + input.size() * kPerByte);
  return 0;
}
