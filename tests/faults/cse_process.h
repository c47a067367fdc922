#pragma once
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <thread>
#include <vector>

extern char** environ;

namespace gatehouse::test {

/// A gatehouse-cse of its own, on a free port, with its store in a folder. Killed at the end of its
/// life.
class CseProcess {
 public:
  explicit CseProcess(std::filesystem::path folder) : folder_(std::move(folder)) {}
  ~CseProcess() { kill_now(); }

  /// Starts the program and waits (bounded) until it listens. False: it ended, or took too long.
  bool start(const std::vector<std::string>& settings = {}) {
    const std::filesystem::path ready = folder_ / "ready";
    std::filesystem::remove(ready);
    std::vector<std::string> arguments = {program(),
                                          "--set",
                                          "http.port=0",
                                          "--set",
                                          "store.path=" + (folder_ / "cse.db").string(),
                                          "--set",
                                          "log.ready_file=" + ready.string()};
    for (const std::string& setting : settings) {
      arguments.push_back("--set");
      arguments.push_back(setting);
    }
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    const std::string log = (folder_ / "log").string();
    posix_spawn_file_actions_addopen(&actions, 2, log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int failed = posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) {
      pid_ = 0;
      return false;
    }
    return wait_until_ready(ready);
  }

  void kill_now() {
    if (pid_ == 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }

  /// Of its first listener.
  std::string url() const { return scheme_ + "://127.0.0.1:" + std::to_string(port_); }
  pid_t pid() const { return pid_; }

 private:
  static std::string program() {
    const char* path = std::getenv("GATEHOUSE_CSE");
    return path ? path : "gatehouse-cse";
  }

  bool wait_until_ready(const std::filesystem::path& file) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < deadline) {
      std::ifstream in(file);
      if (in >> scheme_ >> port_) return true;
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = 0;
        return false;
      }
      std::this_thread::sleep_for(
          std::chrono::milliseconds(2));  // another process: nothing to wait on but its file
    }
    return false;
  }

  const std::filesystem::path folder_;
  pid_t pid_ = 0;
  std::string scheme_ = "http";
  int port_ = 0;
};

}  // namespace gatehouse::test
