#pragma once
// gatehouse-ecu as a process with its files, and a tester in front of it.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "ae-apps/ota/crypto/files.h"
#include "tests/ae-apps/ota/ecu/ecu_fixture.h"
#include "tests/ae-apps/ota/temporary_folder.h"

namespace gatehouse::ecu {

inline std::string script(const std::string& version,
                          const std::string& rest = "echo self-test ok\nexec sleep 600\n") {
  return "#!/bin/sh\necho version " + version + "\n" + rest;
}

inline Bytes script_image(const std::string& version, std::uint64_t counter,
                          const std::string& rest = "echo self-test ok\nexec sleep 600\n") {
  return image_of(
      {.version = version, .release_counter = counter, .payload = script(version, rest)});
}

/// gatehouse-ecu as a child process.
class Program {
 public:
  explicit Program(std::vector<std::string> arguments,
                   const char* program = GATEHOUSE_ECU_PROGRAM) {
    arguments.insert(arguments.begin(), program);
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], 1);
    EXPECT_EQ(posix_spawn(&pid_, argv[0], &actions, nullptr, argv.data(), environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    char c = 0;
    while (read(ends[0], &c, 1) == 1 && c != '\n') line_ += c;
    close(ends[0]);
  }
  ~Program() {
    if (pid_ > 0) kill(pid_, SIGTERM);
    wait();
  }
  /// The exit code.
  int wait() {
    int status = 0;
    if (pid_ <= 0 || waitpid(pid_, &status, 0) != pid_) return -1;
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  int terminate() {
    kill(pid_, SIGTERM);
    return wait();
  }
  const std::string& line() const { return line_; }
  std::uint16_t port() const {
    return static_cast<std::uint16_t>(std::atoi(line_.substr(line_.rfind(':') + 1).c_str()));
  }

 private:
  pid_t pid_ = -1;
  std::string line_;
};

class EcuProgram : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(ecu_key().save(folder / "ecu.pem"));
    std::ofstream(folder / "oem.pem") << oem_key().public_key().to_pem();
    ASSERT_TRUE(crypto::create_secret_file(folder / "access", kAccessKey));
    write("initial.ghfw", script_image("1.0.0", 1));
  }
  void write(const std::string& name, const Bytes& bytes) {
    std::ofstream(folder / name, std::ios::binary) << gatehouse::text_of(bytes);
  }
  std::vector<std::string> arguments(std::vector<std::string> more = {}) {
    std::vector<std::string> all{"--state",         folder / "state",
                                 "--port",          "0",
                                 "--key",           folder / "ecu.pem",
                                 "--oem-key",       folder / "oem.pem",
                                 "--access-key",    folder / "access",
                                 "--initial-image", folder / "initial.ghfw",
                                 "--self-test-ms",  "20000"};
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  static uds::Diagnosis<void> flash(uds::Flasher& flasher, const Bytes& image) {
    return flasher.flash(image.size(),
                         [&image](std::uint64_t offset, std::size_t max) -> Result<Bytes> {
                           const auto part = ByteView(image).subspan(
                               offset, std::min<std::size_t>(max, image.size() - offset));
                           return Bytes(part.begin(), part.end());
                         },
                         {});
  }
  static doip::ClientSettings client_of(const Program& program) {
    doip::ClientSettings settings;
    settings.port = program.port();
    return settings;
  }
  static uds::FlasherSettings flasher_settings() {
    uds::FlasherSettings settings;
    settings.access_key = kAccessKey;
    settings.client.p2 = std::chrono::milliseconds(30'000);
    return settings;
  }

  const TemporaryFolder folder;
};

}  // namespace gatehouse::ecu
