#include "ae-apps/attestation/tpm/emulator.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>
#include <thread>
#include <utility>
#include <vector>

namespace gatehouse::attest {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
constexpr auto kStartLimit = std::chrono::seconds(10);
constexpr auto kStopLimit = std::chrono::seconds(5);
// Between two looks at swtpm, which tells nobody when it is ready.
constexpr auto kPause = milliseconds(5);

/// The child, with its output on `log`, and ended by the kernel if we are. 0 if it cannot be made.
pid_t launch(std::vector<std::string> command, const fs::path& log) {
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  const int output = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (output < 0) return 0;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(126);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(output);
  return pid > 0 ? pid : 0;
}

/// True if somebody listens on the socket.
bool answers(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  if (text.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const bool good = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(fd);
  return good;
}

bool ended_within(pid_t pid, std::chrono::steady_clock::duration limit) {
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (::waitpid(pid, nullptr, WNOHANG) == 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(kPause);
  }
  return true;
}

}  // namespace

Result<Emulator> Emulator::start(const fs::path& state, Power power) {
  std::string pattern = (fs::temp_directory_path() / "gatehouse-tpm-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) {
    return fail(Rsc::kInternalServerError, "emulator: no private folder can be made");
  }
  const fs::path folder = pattern;
  const fs::path kept = state.empty() ? folder / "state" : fs::absolute(state);
  std::error_code error;
  fs::create_directories(kept, error);
  const fs::path socket = folder / "tpm";
  const pid_t pid = launch({"swtpm", "socket", "--tpm2", "--tpmstate", "dir=" + kept.string(),
                            "--server", "type=unixio,path=" + socket.string(), "--ctrl",
                            "type=unixio,path=" + socket.string() + ".ctrl", "--flags",
                            power == Power::kOn ? "not-need-init,startup-clear" : "not-need-init"},
                           folder / "log");
  if (pid == 0) {
    fs::remove_all(folder, error);
    return fail(Rsc::kInternalServerError, "emulator: cannot be started");
  }
  Emulator out(pid, folder);
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  // That the socket is there is not enough: it is bound before it listens.
  while (!answers(socket.string() + ".ctrl") || !answers(socket)) {
    int status = 0;
    if (::waitpid(pid, &status, WNOHANG) != 0) {
      out.pid_ = 0;
      const bool absent = WIFEXITED(status) && WEXITSTATUS(status) == 127;
      return fail(absent ? Rsc::kNotFound : Rsc::kInternalServerError,
                  absent ? "emulator: swtpm is not installed"
                         : "emulator: swtpm ended (is the state of its folder another's?)");
    }
    if (std::chrono::steady_clock::now() > deadline) {
      return fail(Rsc::kInternalServerError, "emulator: swtpm is not ready after ten seconds");
    }
    std::this_thread::sleep_for(kPause);
  }
  return out;
}

Emulator::Emulator(Emulator&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), folder_(std::move(other.folder_)) {
  other.folder_.clear();
}

Emulator::~Emulator() {
  if (pid_ > 0) {
    ::kill(pid_, SIGTERM);
    if (!ended_within(pid_, kStopLimit)) {
      ::kill(pid_, SIGKILL);
      ::waitpid(pid_, nullptr, 0);
    }
  }
  std::error_code error;
  if (!folder_.empty()) fs::remove_all(folder_, error);
}

}  // namespace gatehouse::attest
