#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/http/page.h"

struct nghttp2_session;

namespace gatehouse::http {

/// A request that came over HTTP/2, in the words of HTTP/1.1.
struct Http2Request {
  std::string method, target, body;
  std::vector<std::pair<std::string, std::string>> fields;
};

struct Http2Limits {
  std::size_t streams = 64;  ///< requests of a connection at a time
  std::size_t header_bytes = 16u << 10;
  std::size_t body_bytes =
      8u << 20;  ///< of one request; all that are on their way may have twice that
  std::chrono::milliseconds header_timeout{10'000}, body_timeout{30'000};
};

/// The frames of HTTP/2 on one connection, server side: bytes in, requests out; answers in, bytes
/// out. nghttp2 does header compression, flow control and the defence against floods of frames. It
/// knows no sockets and no primitives. Source: RFC 9113. Threading: one thread.
class Http2 {
 public:
  using Clock = std::chrono::steady_clock;
  /// Told within take(). `refused`: not 0: the status to answer in place of serving it.
  using OnRequest = std::function<void(std::int32_t stream, Http2Request request, int refused)>;

  Http2(const Http2Limits& limits, OnRequest on_request);
  ~Http2();
  Http2(const Http2&) = delete;
  Http2& operator=(const Http2&) = delete;

  /// False: the peer does not speak HTTP/2; send what output() has, then close.
  bool take(std::string_view bytes);
  /// `message`: a whole answer in HTTP/1.1's form; its Connection field is left out. The bytes of
  /// `source`, if there is one, are its body.
  void answer(std::int32_t stream, std::string_view message,
              std::shared_ptr<BodySource> source = nullptr, std::uint64_t source_bytes = 0);
  /// What is to be written now; at most some 64 KiB, unless one frame is larger.
  std::string output();
  /// No more requests; those that have come are served.
  void go_away();
  /// Refuses requests that do not come to their end in time. Gives their number.
  std::size_t check_deadlines(Clock::time_point now);
  bool has_streams() const { return !streams_.empty(); }
  /// The client's preface has come, to its end.
  bool greeted() const { return greeted_; }

  struct Callbacks;

 private:
  struct Stream;
  void submit(std::int32_t id, Stream& stream, std::string_view message);
  void hand_on(std::int32_t id, int refused);

  const Http2Limits limits_;
  const OnRequest on_request_;
  nghttp2_session* session_ = nullptr;
  bool greeted_ = false;
  std::size_t body_bytes_ = 0;  ///< of all requests that are being received
  std::map<std::int32_t, std::unique_ptr<Stream>> streams_;
};

}  // namespace gatehouse::http
