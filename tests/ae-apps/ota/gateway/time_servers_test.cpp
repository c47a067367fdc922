// Several time servers: one that lies or is silent stops nothing.
#include "ae-apps/ota/gateway/time_servers.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/ae-apps/ota/gateway/gateway_fixture.h"

namespace gatehouse::gateway {
namespace {

/// gatehouse-time-server, with a clock that the test sets.
class TimeServer {
 public:
  explicit TimeServer(Timestamp now) : now_(now) {
    server_.set_pages(ota::time_pages(key_, [this] { return now_; }));
    EXPECT_TRUE(server_.start());
  }
  std::string url() const {
    return "http://127.0.0.1:" + std::to_string(server_.port()) + "/time/";
  }
  crypto::PublicKey key() const { return key_.public_key(); }

 private:
  class Nobody final : public PrimitiveHandler {
    void handle(Request&& request, Reply reply) override {
      reply(error_response(request, {Rsc::kNotFound, "here is the time only"}));
    }
  };
  const crypto::SigningKey key_ = crypto::SigningKey::generate(crypto::Algorithm::kEd25519).value();
  const Timestamp now_;
  Nobody nobody_;
  Codecs codecs_ = standard_codecs();
  http::Server server_{http::ServerSettings{}, nobody_, codecs_};
};

/// Connections to it come about, and nobody says a word.
class SilentServer {
 public:
  SilentServer() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof at;
    auto* address = reinterpret_cast<sockaddr*>(&at);
    EXPECT_EQ(::bind(socket_, address, size), 0);
    EXPECT_EQ(::listen(socket_, 8), 0);
    EXPECT_EQ(::getsockname(socket_, address, &size), 0);
    port_ = ntohs(at.sin_port);
  }
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/time/"; }

 private:
  int socket_;
  std::uint16_t port_ = 0;
};

class SeveralTimeServers : public GatewayTest {
 protected:
  ~SeveralTimeServers() override { gateway_.reset(); }
  void ask_at(std::vector<std::string> urls) {
    settings_.time =
        TimeEntry{std::move(urls), ota::TimeKeys{{first_.key(), second_.key(), liar_.key()}, 2}};
    full_.settings().time_keys = settings_.time->keys;
    full_.settings().clock = [this] { return repositories_.now + std::chrono::hours(24 * 300); };
    full_.power_off();
    full_.power_on();
  }
  void update() {
    start();
    offer(kFull, ecu::image_of({.version = "1.1.0", .release_counter = 6}));
    settle();
  }

  TimeServer first_{repositories_.now}, second_{repositories_.now};
  TimeServer liar_{repositories_.now + std::chrono::hours(24 * 365)};  // all would have expired
  SilentServer silent_;
};

TEST_F(SeveralTimeServers, ProveTheTimeToGatewayAndEcuAlthoughOneLiesAndOneIsSilent) {
  ask_at({silent_.url(), liar_.url(), first_.url(), second_.url()});

  update();

  EXPECT_FALSE(only_report("completion").is_null()) << steps_.str() << log_.str();
  EXPECT_EQ(full_.version(), "1.1.0");
}

TEST_F(SeveralTimeServers, OfWhichTooFewAgreeProveNothing) {
  ask_at({"http://127.0.0.1:1/time/", liar_.url(), first_.url()});

  update();

  expect_refusal(kFull, "verify", "2 time servers with different keys must agree within 60 s");
  EXPECT_EQ(full_.version(), "1.0.0");
}

TEST_F(SeveralTimeServers, WithOneKeyAreOne) {
  ask_at({first_.url(), first_.url()});

  const auto answer = ask_time_servers(settings_)(std::string(32, 'a'));

  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().reason, uptane::Reason::kThreshold);
}

}  // namespace
}  // namespace gatehouse::gateway
