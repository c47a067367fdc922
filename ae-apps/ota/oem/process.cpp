#include "ae-apps/ota/oem/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

extern char** environ;

namespace gatehouse::oem {
namespace {

constexpr std::size_t kMaxOutputBytes = 4096;

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) out.emplace_back(*entry);
  for (const auto& [name, value] : variables) {
    out.emplace_back(name).append("=").append(value);
  }
  return out;
}

/// The last bytes that come until the writer closes.
std::string drain(int descriptor) {
  std::string output;
  char buffer[1024];
  for (;;) {
    const ssize_t count = ::read(descriptor, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return output;
    output.append(buffer, static_cast<std::size_t>(count));
    if (output.size() > kMaxOutputBytes) output.erase(0, output.size() - kMaxOutputBytes);
  }
}

int wait_for(pid_t child) {
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace

Result<void> run_program(const std::vector<std::string>& command,
                         const std::vector<std::pair<std::string, std::string>>& variables) {
  std::vector<std::string> arguments = command;
  std::vector<std::string> environment = environment_with(variables);
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail(Rsc::kInternalServerError, std::strerror(errno));

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t child = -1;
  const int error = ::posix_spawnp(&child, command.front().c_str(), &actions, nullptr,
                                   pointers_to(arguments).data(), pointers_to(environment).data());
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);
  const std::string output = error == 0 ? drain(ends[0]) : std::string();
  ::close(ends[0]);
  if (error != 0) {
    return fail(error == ENOENT ? Rsc::kNotFound : Rsc::kInternalServerError,
                command.front() + ": " + std::strerror(error));
  }
  if (const int status = wait_for(child); !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    return fail(Rsc::kInternalServerError, command.front() + " failed: " + output);
  }
  return {};
}

}  // namespace gatehouse::oem
