#include "ae-apps/demo/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

extern char** environ;

namespace gatehouse::demo {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kKillLimit{2'000};
constexpr std::streamoff kTailBytes = 16 * 1024;

/// Pointers for execve into texts that the object keeps.
class Texts {
 public:
  explicit Texts(std::vector<std::string> texts) : texts_(std::move(texts)) {
    for (std::string& text : texts_) pointers_.push_back(text.data());
    pointers_.push_back(nullptr);
  }
  char** get() { return pointers_.data(); }

 private:
  std::vector<std::string> texts_;
  std::vector<char*> pointers_;
};

std::vector<std::string> environment_with(const Variables& variables) {
  std::vector<std::string> entries;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const bool replaced = std::any_of(variables.begin(), variables.end(), [&](const auto& v) {
      return text.starts_with(v.first + "=");
    });
    // Settings of a CSE that somebody has in the shell are not those of the demonstration.
    if (!replaced && !text.starts_with("GATEHOUSE_")) entries.emplace_back(text);
  }
  for (const auto& [name, value] : variables) entries.push_back(name + "=" + value);
  return entries;
}

/// Between fork and exec: only calls that are safe there, since other threads may run.
[[noreturn]] void become(char** words, char** environment, int out, int err, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(127);
  ::setpgid(0, 0);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGINT, SIGTERM, SIGPIPE, SIGHUP}) ::signal(signal, SIG_DFL);
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, 0);
  ::dup2(out, 1);
  ::dup2(err, 2);
  ::execve(words[0], words, environment);
  const char text[] = "cannot be executed\n";
  (void)!::write(2, text, sizeof text - 1);
  ::_exit(127);
}

int open_log(const fs::path& file) {
  return ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

}  // namespace

Result<std::unique_ptr<Process>> Process::start(const Command& command) {
  const int out = open_log(command.out);
  const int err = command.err == command.out ? ::dup(out) : open_log(command.err);
  if (out < 0 || err < 0) {
    return fail(Rsc::kInternalServerError, command.name + ": its log cannot be written");
  }
  Texts words(command.words);
  Texts environment(environment_with(command.variables));
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) become(words.get(), environment.get(), out, err, parent);
  ::close(out);
  ::close(err);
  if (pid < 0) {
    return fail(Rsc::kInternalServerError, command.name + ": " + std::strerror(errno));
  }
  return std::unique_ptr<Process>(new Process(command, pid));
}

Process::~Process() {
  if (!running()) return;
  send(SIGKILL);
  wait(Clock::now() + kKillLimit);
}

bool Process::running() {
  if (status_) return false;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return true;
  status_ = status;
  return false;
}

std::string Process::end_text() {
  if (running()) return {};
  if (WIFSIGNALED(*status_)) return "was ended by signal " + std::to_string(WTERMSIG(*status_));
  return "ended with status " + std::to_string(WEXITSTATUS(*status_));
}

bool Process::succeeded() { return !running() && *status_ == 0; }

void Process::send(int signal) {
  if (running()) ::kill(pid_, signal);
}

bool Process::wait(Clock::time_point deadline) {
  const int watch = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
  while (running() && Clock::now() < deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    pollfd item{watch, POLLIN, 0};
    const int limit = static_cast<int>(left.count());
    // An old kernel has no pidfd; then we look now and then.
    ::poll(watch >= 0 ? &item : nullptr, watch >= 0 ? 1 : 0, watch >= 0 ? limit : 10);
  }
  if (watch >= 0) ::close(watch);
  return !running();
}

Result<std::string> run_to_end(const Command& command, std::chrono::milliseconds limit) {
  std::error_code ignored;
  const std::uintmax_t before = fs::exists(command.out) ? fs::file_size(command.out, ignored) : 0;
  auto process = Process::start(command);
  if (!process) return fail(process.error());
  if (!(*process)->wait(Clock::now() + limit)) {
    return fail(Rsc::kInternalServerError,
                command.name + " took longer than " + std::to_string(limit.count() / 1000) + " s");
  }
  std::string said = whole_file(command.out).substr(before);
  if ((*process)->succeeded()) return said;
  while (!said.empty() && said.back() == '\n') said.pop_back();
  return fail(Rsc::kInternalServerError,
              command.name + " " + (*process)->end_text() + ": " + said.substr(0, 1000));
}

Result<std::string> find_program(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(std::string(path != nullptr ? path : "/usr/bin:/bin") +
                             ":/usr/sbin:/usr/local/sbin:/sbin");
  for (std::string folder; std::getline(folders, folder, ':');) {
    const std::string file = folder + "/" + name;
    if (!folder.empty() && ::access(file.c_str(), X_OK) == 0) return file;
  }
  return fail(Rsc::kNotFound, name + " is not installed");
}

std::string whole_file(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

std::string last_lines(const fs::path& file, std::size_t max_lines) {
  std::ifstream in(file, std::ios::binary | std::ios::ate);
  if (!in) return {};
  in.seekg(std::max<std::streamoff>(0, static_cast<std::streamoff>(in.tellg()) - kTailBytes));
  std::ostringstream text;
  text << in.rdbuf();
  std::string tail = text.str();
  while (!tail.empty() && tail.back() == '\n') tail.pop_back();
  std::size_t from = tail.size();
  for (std::size_t i = 0; i < max_lines && from != std::string::npos && from > 0; ++i) {
    from = tail.rfind('\n', from - 1);
  }
  return from == std::string::npos ? tail : tail.substr(from == 0 ? 0 : from + 1);
}

}  // namespace gatehouse::demo
