#include "ae-apps/ota/ecu/payload.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gatehouse::ecu {
namespace {

constexpr std::size_t kMaxOutputBytes = 4096;

bool write_executable(const std::string& path, ByteView payload) {
  ::unlink(path.c_str());
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0700);
  if (fd < 0) return false;
  while (!payload.empty()) {
    const ssize_t put = ::write(fd, payload.data(), payload.size());
    if (put < 0 && errno != EINTR) break;
    if (put > 0) payload = payload.subspan(static_cast<std::size_t>(put));
  }
  ::close(fd);
  return payload.empty();
}

/// The child's id, or minus errno.
int spawn(const std::string& path, int output) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, output, 1);
  posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t no_signals;
  sigemptyset(&no_signals);
  posix_spawnattr_setsigmask(&attributes, &no_signals);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK);
  std::string name = "application";
  std::string search = "PATH=/usr/bin:/bin";
  char* arguments[] = {name.data(), nullptr};
  char* environment[] = {search.data(), nullptr};
  pid_t pid = -1;
  int error = ETXTBSY;
  // Another thread that starts a program may hold the file open for writing for an instant.
  for (int i = 0; i < 50 && error == ETXTBSY; ++i) {
    error = posix_spawn(&pid, path.c_str(), &actions, &attributes, arguments, environment);
    if (error == ETXTBSY) ::poll(nullptr, 0, 5);
  }
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  return error == 0 ? pid : -error;
}

}  // namespace

SelfTest read_self_test(std::string_view output) {
  SelfTest result;
  bool said_ok = false;
  for (std::size_t end; (end = output.find('\n')) != std::string_view::npos;) {
    const std::string_view line = output.substr(0, end);
    output.remove_prefix(end + 1);
    if (line.starts_with("version ") || line.starts_with("version=")) {
      result.version = line.substr(8, 64);
    } else if (line == "self-test ok") {
      said_ok = true;
    } else if (line.starts_with("self-test ")) {
      result.error = line.substr(0, 128);
    }
  }
  result.passed = said_ok && !result.version.empty() && result.error.empty();
  return result;
}

ProcessRunner::ProcessRunner(std::string folder, std::chrono::milliseconds limit)
    : path_(std::move(folder) + "/application"), limit_(limit) {}

ProcessRunner::~ProcessRunner() { stop(); }

void ProcessRunner::stop() {
  if (output_ >= 0) ::close(output_);
  output_ = -1;
  if (pid_ <= 0) return;
  ::kill(-pid_, SIGKILL);  // with its children
  while (!gone_ && ::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  gone_ = false;
}

bool ProcessRunner::ended() {
  if (pid_ > 0 && !gone_) gone_ = ::waitpid(pid_, nullptr, WNOHANG) == pid_;
  return gone_;
}

void ProcessRunner::drain() {
  char buffer[1024];
  while (output_ >= 0 && ::read(output_, buffer, sizeof buffer) > 0) {
    heard_ = std::chrono::steady_clock::now();
  }
}

bool ProcessRunner::heard_within(std::chrono::milliseconds span) const {
  return std::chrono::steady_clock::now() - heard_ <= span;
}

SelfTest ProcessRunner::start(ByteView payload) {
  stop();
  SelfTest failed;
  if (!write_executable(path_, payload)) {
    failed.error = "the application cannot be written";
    return failed;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    failed.error = "no pipe";
    return failed;
  }
  output_ = ends[0];
  ::fcntl(output_, F_SETFL, O_NONBLOCK);
  pid_ = spawn(path_, ends[1]);
  ::close(ends[1]);
  SelfTest result;
  if (pid_ > 0) {
    result = await();
  } else {
    result.error = std::string("the application does not start: ") + std::strerror(-pid_);
  }
  if (!result.passed) stop();
  heard_ = std::chrono::steady_clock::now();
  return result;
}

SelfTest ProcessRunner::await() {
  const auto deadline = std::chrono::steady_clock::now() + limit_;
  std::string output;
  SelfTest result;
  for (;;) {
    result = read_self_test(output);
    if (result.passed || !result.error.empty()) return result;
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      result.error = "the self-test gave no answer in time";
      return result;
    }
    pollfd item{output_, POLLIN, 0};
    if (::poll(&item, 1, static_cast<int>(left.count())) <= 0) continue;
    char buffer[1024];
    const ssize_t got = ::read(output_, buffer, sizeof buffer);
    if (got > 0) output.append(buffer, static_cast<std::size_t>(got));
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    if (got > 0 && output.size() <= kMaxOutputBytes) continue;
    result = read_self_test(output);
    if (!result.passed && result.error.empty()) {
      result.error = got > 0 ? "the application writes too much" : "the application ended early";
    }
    return result;
  }
}

}  // namespace gatehouse::ecu
