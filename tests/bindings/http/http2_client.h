#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bindings/security/tls_context.h"

struct nghttp2_session;
struct ssl_st;

namespace gatehouse::http::testing_support {

/// A client of HTTP/2 at a port of loopback: by prior knowledge, or by ALPN over TLS. For tests:
/// blocking, one thread; waits end after ten seconds.
class Http2Client {
 public:
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Answer {
    int status = 0;  ///< 0: none came
    Fields fields;
    std::string body;
    bool done = false;
    std::uint32_t error = 0;  ///< of a stream that was reset
    std::string field(const std::string& name) const;
  };

  explicit Http2Client(std::uint16_t port, const std::optional<TlsSettings>& tls = {});
  ~Http2Client();
  Http2Client(const Http2Client&) = delete;
  Http2Client& operator=(const Http2Client&) = delete;

  /// Begins a request; without `whole` its end never comes. Gives its stream.
  std::int32_t begin(const std::string& method, const std::string& path, const Fields& fields,
                     std::string body = {}, bool whole = true);
  void reset(std::int32_t stream);
  /// Until that one is answered, or the connection is over.
  Answer wait(std::int32_t stream);
  Answer ask(const std::string& method, const std::string& path, const Fields& fields,
             std::string body = {}) {
    return wait(begin(method, path, fields, std::move(body)));
  }
  /// A request in HTTP/1.1's form.
  Answer ask(const std::string& message);
  /// True once the server has said that it takes no more, or has closed.
  bool wait_for_goodbye();
  bool connected() const { return connected_; }

  struct Callbacks;

 private:
  bool send_all();
  bool receive();

  struct Sending {
    std::string body;
    std::size_t sent = 0;
    bool whole = true;
  };
  int socket_ = -1;
  bool connected_ = false, goodbye_ = false;
  TlsContext context_;
  ssl_st* tls_ = nullptr;
  nghttp2_session* session_ = nullptr;
  std::map<std::int32_t, Answer> answers_;
  std::map<std::int32_t, std::unique_ptr<Sending>> sending_;
};

}  // namespace gatehouse::http::testing_support
