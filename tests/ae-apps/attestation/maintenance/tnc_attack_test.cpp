// Attacks on a listener of PT-TLS: crowds, slow and hostile clients. Others are served all the
// same.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <mutex>
#include <sstream>

#include "ae-apps/attestation/tnc/program/attempts.h"
#include "ae-apps/attestation/tnc/program/server.h"
#include "ae-apps/attestation/tnc/stream/tls_session.h"
#include "cse/codec/json.h"
#include "tests/ae-apps/attestation/maintenance/tnc_certificates.h"
#include "tests/ae-apps/attestation/tnc/length_fields.h"

namespace gatehouse::tnc {
namespace {

int connected_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  place.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&place), sizeof place) == 0) return fd;
  ::close(fd);
  return -1;
}

/// The first bytes of a TLS client, whole.
Bytes client_hello(const TlsSettings& tls) {
  const auto context = make_client_context(tls);
  SSL* ssl = SSL_new(context->get());
  SSL_set_bio(ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
  SSL_connect(ssl);
  Bytes out(4096);
  const int size = BIO_read(SSL_get_wbio(ssl), out.data(), static_cast<int>(out.size()));
  SSL_free(ssl);
  out.resize(static_cast<std::size_t>(std::max(size, 0)));
  return out;
}

std::size_t resident_bytes() {
  std::ifstream file("/proc/self/statm");
  std::size_t all = 0, resident = 0;
  file >> all >> resident;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Connections of another process, which does nothing but hold them: one process may not have both
/// ends of so many.
class Crowd {
 public:
  /// `says`: taken in turn, one for each connection.
  Crowd(std::uint16_t port, std::size_t wanted, const std::vector<Bytes>& says) {
    if (::pipe(told_.data()) != 0 || ::pipe(ends_.data()) != 0) throw std::runtime_error("pipe");
    child_ = ::fork();
    if (child_ == 0) hold(port, wanted, says);
    ::close(told_[1]);
    ::close(ends_[0]);
    if (::read(told_[0], &connected_, sizeof connected_) != sizeof connected_) connected_ = 0;
  }
  ~Crowd() {
    ::close(ends_[1]);
    ::close(told_[0]);
    ::waitpid(child_, nullptr, 0);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;
  std::size_t connected() const { return connected_; }

 private:
  /// In the child: nothing but system calls.
  [[noreturn]] void hold(std::uint16_t port, std::size_t wanted, const std::vector<Bytes>& says) {
    ::close(ends_[1]);
    std::size_t count = 0;
    for (std::size_t i = 0; i < wanted; ++i) {
      const int fd = connected_to(port);
      if (fd < 0) break;
      const Bytes& words = says[i % says.size()];
      if (!words.empty() && ::send(fd, words.data(), words.size(), MSG_NOSIGNAL) < 0) continue;
      ++count;
    }
    char end = 0;
    if (::write(told_[1], &count, sizeof count) == sizeof count) {
      while (::read(ends_[0], &end, 1) > 0) continue;
    }
    ::_exit(0);
  }

  std::array<int, 2> told_{}, ends_{};
  pid_t child_ = -1;
  std::size_t connected_ = 0;
};

class TncAttacks : public testing::Test {
 protected:
  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    rlimit limit{};
    ::getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
    crowd_ = std::min<std::size_t>(10'000, limit.rlim_cur - 400);
    listen({});
  }
  void listen(const ConnectionLimits& limits) {
    listener_.reset();
    TncServerSettings settings;
    settings.port = 0;
    settings.tls = certificates_.server;
    settings.devices = {{"/id-mn/Csupport", "car-1"}, {"/id-mn/Cstranger", "car-2"}};
    settings.attempts_file = file_;
    settings.limits = limits;
    auto listener = TncListener::start(
        settings,
        [this](const std::string& question, const Value& content) -> Result<Value> {
          if (question == "challenge") {
            return Value::object({{"challenge", attest::encode(TwoSides::issued())}});
          }
          const std::lock_guard lock(mutex_);
          judged_.push_back(content.string_at("device"));
          return Value::object({{"recommendation", recommendation_},
                                {"reason", recommendation_ == "allowed" ? "" : "an old nonce"}});
        },
        log_);
    ASSERT_TRUE(listener) << listener.error().detail;
    listener_ = *std::move(listener);
  }
  /// An honest client; whether it was allowed.
  bool served() {
    Gateway gateway;
    const auto outcome =
        run_client(listener_->port(), certificates_.car,
                   {[&gateway](const std::string& text) -> Result<std::string> {
                      return attest::encode(gateway.attest(*attest::parse_challenge(text)));
                    },
                    Bytes{1}});
    return outcome && outcome->access == Access::kAllowed;
  }
  /// What was recorded, once the listener is gone.
  std::string attempts() {
    listener_.reset();
    std::ifstream file(file_);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  Certificates certificates_;
  const std::string file_ = certificates_.folder / "attempts.jsonl";
  std::ostringstream said_;
  ota::StepLog log_{said_, said_};
  std::size_t crowd_ = 0;
  std::mutex mutex_;
  std::vector<std::string> judged_;
  std::string recommendation_ = "allowed";
  std::unique_ptr<TncListener> listener_;
};

// RFC 6876 clause 6.2.2 (denial of service)
TEST_F(TncAttacks, TenThousandHalfOpenAndIdleConnectionsKeepNobodyOut) {
  ASSERT_TRUE(served());
  const std::size_t before = resident_bytes();
  const Bytes half = {22, 3, 1, 2};
  const Bytes part_of_a_hello = {22, 3, 1, 2, 0, 1, 0, 1, 0xFC, 3, 3};
  const Crowd crowd(listener_->port(), crowd_, {{}, half, part_of_a_hello});
  EXPECT_EQ(crowd.connected(), crowd_);

  for (int i = 0; i < 3; ++i) EXPECT_TRUE(served()) << said_.str();

  constexpr std::size_t kMost = 100u << 20;
  EXPECT_LT(resident_bytes(), before + kMost);
}

// Who says a whole hello and goes no further costs more: of those there are fewer at a time.
TEST_F(TncAttacks, HandshakesThatAreNotGoneOnWithMakeWay) {
  ConnectionLimits limits;
  limits.handshakes = 16;
  listen(limits);
  const Bytes hello = client_hello(certificates_.car);
  ASSERT_EQ(TlsSession::look_at(hello, hello.size()), TlsSession::Hello::kWhole);
  const std::size_t before = resident_bytes();
  const Crowd crowd(listener_->port(), 200, {hello});

  EXPECT_TRUE(served()) << said_.str();

  constexpr std::size_t kMost = 100u << 20;
  EXPECT_LT(resident_bytes(), before + kMost);
  EXPECT_NE(attempts().find("it made way for others"), std::string::npos);
}

TEST_F(TncAttacks, WhoSaysNothingMakesWayAndIsSentAwayInTime) {
  ConnectionLimits limits;
  limits.sockets = 2;
  limits.patience.handshake = std::chrono::milliseconds(500);
  listen(limits);
  const int sockets[] = {connected_to(listener_->port()), connected_to(listener_->port()),
                         connected_to(listener_->port())};
  char byte = 0;
  EXPECT_EQ(::recv(sockets[0], &byte, 1, 0), 0) << "it makes way for the third";
  EXPECT_EQ(::recv(sockets[1], &byte, 1, 0), 0) << "its time is over";
  EXPECT_EQ(::recv(sockets[2], &byte, 1, 0), 0);
  EXPECT_TRUE(served());
  for (const int each : sockets) ::close(each);
  const std::string recorded = attempts();
  EXPECT_NE(recorded.find("it made way for others"), std::string::npos) << recorded;
  EXPECT_NE(recorded.find("it was too slow to prove itself"), std::string::npos) << recorded;
}

struct FirstBytes {
  std::string name;
  Bytes said;
  std::string reason;
};
class TncFirstBytes : public TncAttacks, public testing::WithParamInterface<FirstBytes> {};

TEST_P(TncFirstBytes, ThatAreNoHelloAreRefusedAndRecorded) {
  const int fd = connected_to(listener_->port());
  ASSERT_GT(::send(fd, GetParam().said.data(), GetParam().said.size(), MSG_NOSIGNAL), 0);
  ::shutdown(fd, SHUT_WR);
  std::array<char, 64> answer;
  while (::recv(fd, answer.data(), answer.size(), 0) > 0) continue;
  ::close(fd);
  EXPECT_TRUE(served());
  const std::string recorded = attempts();
  EXPECT_NE(recorded.find(GetParam().reason), std::string::npos) << recorded;
  EXPECT_NE(recorded.find(R"("address":"127.0.0.1:)"), std::string::npos) << recorded;
}

INSTANTIATE_TEST_SUITE_P(
    Table, TncFirstBytes,
    testing::Values(FirstBytes{"http", bytes_of("GET / HTTP/1.1\r\n"), "it does not speak TLS"},
                    FirstBytes{"ssl_2", {0x80, 0x2E, 1, 3, 1}, "it does not speak TLS"},
                    FirstBytes{"record_of_nothing", {22, 3, 1, 0, 0}, "it does not speak TLS"},
                    FirstBytes{"record_too_long", {22, 3, 1, 0x40, 1}, "it does not speak TLS"},
                    FirstBytes{
                        "hello_of_rubbish", {22, 3, 1, 0, 4, 1, 2, 3, 4}, "handshake failed"},
                    FirstBytes{"alert", {21, 3, 1, 0, 2, 2, 40}, "it does not speak TLS"}),
    [](const auto& row) { return row.param.name; });

// A client with a good certificate that does not keep to the protocol, over the wire: each is
// answered, closed and recorded with its reason, and nothing of it is judged.
TEST_F(TncAttacks, HostileDialoguesAreRecordedWithTheirReasons) {
  TwoSides good;
  good.talk();
  std::size_t count = 0;
  for (std::size_t turn = 0; turn + 1 < good.by_client.size(); ++turn) {
    const auto fields = length_fields(good.by_client[turn]);
    for (std::size_t i = 0; i < fields.size(); i += 5) {
      auto stream = TlsStream::connect("localhost", listener_->port(), certificates_.stranger,
                                       std::chrono::seconds(20));
      ASSERT_TRUE(stream) << stream.error().detail;
      for (std::size_t sent = 0; sent <= turn; ++sent) {
        const Bytes& piece = good.by_client[sent];
        const Bytes said = sent == turn ? with(piece, fields[i], fields[i].value - 1) : piece;
        ASSERT_TRUE(stream->write(said));
        const auto answer = stream->read();
        ASSERT_TRUE(answer) << fields[i].name;
        EXPECT_FALSE(answer->empty()) << fields[i].name;
      }
      while (true) {
        const auto rest = stream->read();
        if (!rest || rest->empty()) break;  // it was closed
      }
      ++count;
    }
  }
  EXPECT_TRUE(served());
  EXPECT_EQ(judged_, std::vector<std::string>{"car-1"});
  const std::string recorded = attempts();
  std::size_t of_them = 0;
  for (std::size_t at = 0; (at = recorded.find(R"("device":"car-2")", at)) != std::string::npos;
       ++at) {
    ++of_them;
  }
  EXPECT_EQ(of_them, count) << recorded;
  EXPECT_NE(recorded.find("PTS: "), std::string::npos);
  EXPECT_NE(recorded.find("PA-TNC: "), std::string::npos);
  EXPECT_NE(recorded.find("PB-TNC: "), std::string::npos);
  EXPECT_NE(recorded.find("/id-mn/Cstranger"), std::string::npos);
}

TEST_F(TncAttacks, WhatTheVerifierDeniesIsAnAttemptToo) {
  recommendation_ = "denied";
  EXPECT_FALSE(served());
  EXPECT_NE(attempts().find("an old nonce"), std::string::npos);
}

TEST_F(TncAttacks, OneDeviceCannotHoldAllDialogues) {
  std::vector<TlsStream> held;
  for (int i = 0; i < 4; ++i) {
    auto stream = TlsStream::connect("localhost", listener_->port(), certificates_.stranger,
                                     std::chrono::seconds(20));
    ASSERT_TRUE(stream);
    ASSERT_TRUE(stream->write(TncClient({{}, {}}).start()));
    ASSERT_TRUE(stream->read());
    held.push_back(*std::move(stream));
  }
  EXPECT_TRUE(served());
  const auto closed = held[0].read();
  EXPECT_TRUE(!closed || closed->empty());
  held.clear();
  EXPECT_NE(attempts().find("its device has come again"), std::string::npos);
}

TEST_F(TncAttacks, WhoHasProvenItselfAndSaysNothingIsSentAwayInTime) {
  ConnectionLimits limits;
  limits.patience.turn = std::chrono::milliseconds(300);
  listen(limits);
  auto stream = TlsStream::connect("localhost", listener_->port(), certificates_.stranger,
                                   std::chrono::seconds(20));
  ASSERT_TRUE(stream);
  const auto end = stream->read();
  EXPECT_TRUE(!end || end->empty());
  EXPECT_NE(attempts().find("it was too slow in the dialogue"), std::string::npos);
}

// --- time, simulated ---------------------------------------------------------------------------

struct SlowRun {
  std::chrono::seconds took{0};
  bool sent_away = false, judged = false;
};

/// A whole dialogue by a client that sends so many bytes a second, on a clock of its own.
SlowRun run_slowly(std::size_t bytes_a_second) {
  TwoSides good;
  good.talk();
  TwoSides slow;
  SlowRun out;
  const Patience::Time start{};
  auto now = start;
  Patience patience({}, now);
  patience.proven(now);
  for (std::size_t turn = 0; turn + 1 < good.by_client.size() && !out.sent_away; ++turn) {
    const ByteView said = good.by_client[turn];
    for (std::size_t at = 0; at < said.size(); at += bytes_a_second) {
      now += std::chrono::seconds(1);
      out.sent_away = patience.over(now);
      if (out.sent_away) break;
      patience.work_began(now);
      const Bytes answer =
          slow.server.feed(said.subspan(at, std::min(bytes_a_second, said.size() - at)));
      patience.work_ended(now, !answer.empty());
    }
  }
  out.judged = !slow.judged.empty();
  out.took = std::chrono::duration_cast<std::chrono::seconds>(now - start);
  return out;
}

TEST(TncPatience, EndsWithOneByteASecondAndNotWithASlowLine) {
  const SlowRun byte = run_slowly(1);
  EXPECT_TRUE(byte.sent_away);
  EXPECT_FALSE(byte.judged);
  EXPECT_LE(byte.took, std::chrono::seconds(300));

  const SlowRun line = run_slowly(1200);
  EXPECT_FALSE(line.sent_away);
  EXPECT_TRUE(line.judged);
}

TEST(TncPatience, CountsWhatWeTakeForOurselvesForNobody) {
  const Patience::Time start{};
  const auto after = [&](int seconds) { return start + std::chrono::seconds(seconds); };
  Patience patience({}, start);
  EXPECT_FALSE(patience.over(after(9)));
  EXPECT_TRUE(patience.over(after(10))) << "the handshake's time";
  patience.proven(after(5));
  EXPECT_FALSE(patience.over(after(64)));
  patience.work_began(after(20));
  patience.work_ended(after(60), false);  // the verifier was slow
  EXPECT_FALSE(patience.over(after(104)));
  EXPECT_TRUE(patience.over(after(105)));
  for (int second = 100; second < 345; second += 40) {
    patience.work_began(after(second));
    patience.work_ended(after(second), true);
    EXPECT_EQ(patience.over(after(second + 30)), second + 30 >= 345) << second;
  }
}

// --- records -----------------------------------------------------------------------------------

TEST(TncAttemptRecords, OfAFloodAreCountedAndTheFileIsBounded) {
  const TemporaryFolder folder;
  const std::string file = folder / "attempts.jsonl";
  std::ostringstream said;
  ota::StepLog log(said, said);
  auto now = std::chrono::steady_clock::time_point(std::chrono::hours(1));
  {
    Attempts attempts(
        file, log, [&now] { return now; }, 20'000);
    for (int second = 0; second < 3; ++second) {
      for (int i = 0; i < 1'000; ++i) attempts.record({"10.0.0.1:1", "/id-x", "", "\x1bit lies"});
      now += std::chrono::seconds(1);
    }
  }
  std::size_t lines = 0, counted = 0;
  for (const char* name : {"attempts.jsonl", "attempts.jsonl.1"}) {
    EXPECT_LE(std::filesystem::file_size(folder / name), 20'000u);
    std::ifstream in(folder / name);
    for (std::string line; std::getline(in, line); ++lines) {
      const auto entry = parse_json(line);
      ASSERT_TRUE(entry) << line;
      counted += static_cast<std::size_t>(entry->integer_at("not_listed", 0));
      if (!entry->contains("not_listed")) {
        EXPECT_EQ(entry->string_at("reason"), "?it lies");
      }
    }
  }
  EXPECT_GT(lines, 100u);
  EXPECT_LE(lines, 303u);
  EXPECT_GE(counted, 900u);
  EXPECT_LE(said.str().size(), 100'000u);
}

}  // namespace
}  // namespace gatehouse::tnc
