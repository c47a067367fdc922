#include "ae-apps/ota/program/command_line.h"

#include <signal.h>

#include <CLI/CLI.hpp>

namespace gatehouse::ota {
namespace {

sigset_t stop_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

}  // namespace

struct CommandLine::Impl {
  CLI::App app;
  std::string config;
  bool check = false;
  Value overrides = Value::object();
};

CommandLine::CommandLine(const std::string& name, const std::string& description)
    : impl_(new Impl{CLI::App{description, name}, {}, false, Value::object()}) {
  impl_->app.add_option("--config", impl_->config, "JSON file; README.md shows one")->required();
  impl_->app.add_flag("--check", impl_->check, "Reads the configuration and its keys, and ends");
}

CommandLine::~CommandLine() = default;

void CommandLine::text(const char* option, const char* member, const char* help) {
  const auto set = [this, member](const std::string& value) {
    impl_->overrides.set(member, value);
  };
  impl_->app.add_option_function<std::string>(option, set, help);
}

void CommandLine::number(const char* option, const char* member, const char* help) {
  const auto set = [this, member](std::int64_t value) { impl_->overrides.set(member, value); };
  impl_->app.add_option_function<std::int64_t>(option, set, help);
}

void CommandLine::flag(const char* option, const char* member, const char* help) {
  impl_->app.add_flag_callback(
      option, [this, member] { impl_->overrides.set(member, true); }, help);
}

std::optional<int> CommandLine::parse(int argc, char** argv) {
  try {
    impl_->app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return impl_->app.exit(error);
  }
  return std::nullopt;
}

const std::string& CommandLine::config() const { return impl_->config; }
bool CommandLine::check_only() const { return impl_->check; }
const Value& CommandLine::overrides() const { return impl_->overrides; }

StopSignals::StopSignals() {
  const sigset_t signals = stop_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

void StopSignals::wait() const {
  const sigset_t signals = stop_signals();
  int received = 0;
  sigwait(&signals, &received);
}

bool StopSignals::came_within(std::chrono::milliseconds time) const {
  const sigset_t signals = stop_signals();
  const timespec limit{time.count() / 1000, (time.count() % 1000) * 1'000'000};
  return sigtimedwait(&signals, nullptr, &limit) > 0;
}

}  // namespace gatehouse::ota
