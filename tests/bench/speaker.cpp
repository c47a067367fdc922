#include "tests/bench/speaker.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <stdexcept>

namespace gatehouse::bench {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kRoom = 64u << 10;

double percentile_ms(std::vector<std::uint32_t>& times, double share) {
  if (times.empty()) return 0;
  const auto at = static_cast<std::ptrdiff_t>(static_cast<double>(times.size() - 1) * share);
  std::nth_element(times.begin(), times.begin() + at, times.end());
  return times[static_cast<std::size_t>(at)] / 1000.0;
}

struct Asking {
  Speaker* speaker = nullptr;
  Clock::time_point asked;
  std::string input;
};

}  // namespace

Speaker::~Speaker() { ::close(socket_); }

int connect_tcp(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("nobody listens on port " + std::to_string(port));
  const int yes = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

void write_all(int socket, const std::string& bytes) {
  for (std::size_t sent = 0; sent < bytes.size();) {
    const ssize_t now = ::send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (now <= 0) throw std::runtime_error("the other side has closed");
    sent += static_cast<std::size_t>(now);
  }
}

std::string read_some(int socket) {
  std::string text(kRoom, '\0');
  const ssize_t got = ::recv(socket, text.data(), text.size(), 0);
  if (got <= 0) throw std::runtime_error("the other side has closed");
  text.resize(static_cast<std::size_t>(got));
  return text;
}

Measured drive(const Speakers& speakers, double seconds) {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  std::vector<Asking> all(speakers.size());
  for (std::size_t i = 0; i < speakers.size(); ++i) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u64 = i;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, speakers[i]->socket(), &event);
    all[i].speaker = speakers[i].get();
    all[i].asked = Clock::now();
    write_all(speakers[i]->socket(), speakers[i]->request());
  }
  std::vector<std::uint32_t> times;
  times.reserve(1u << 20);
  Measured measured;
  const auto start = Clock::now();
  const auto end = start + std::chrono::duration<double>(seconds);
  std::string output;
  for (auto now = start; now < end; now = Clock::now()) {
    epoll_event events[64];
    const int ready = ::epoll_wait(poll, events, 64, 1000);
    if (ready <= 0) break;  // nobody answers any more
    for (int i = 0; i < ready; ++i) {
      Asking& one = all[events[i].data.u64];
      one.input += read_some(one.speaker->socket());
      output.clear();
      const bool answered = one.speaker->hear(one.input, output) > 0;
      if (!output.empty()) write_all(one.speaker->socket(), output);  // a datagram of its own
      if (answered) {
        const auto then = Clock::now();
        times.push_back(static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::microseconds>(then - one.asked).count()));
        if (!one.speaker->succeeded()) ++measured.errors;
        one.asked = then;
        write_all(one.speaker->socket(), one.speaker->request());
      }
    }
  }
  const double took = std::chrono::duration<double>(Clock::now() - start).count();
  ::close(poll);
  measured.per_second = static_cast<double>(times.size()) / took;
  measured.p50_ms = percentile_ms(times, 0.5);
  measured.p99_ms = percentile_ms(times, 0.99);
  return measured;
}

}  // namespace gatehouse::bench
