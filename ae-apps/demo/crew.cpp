#include "ae-apps/demo/crew.h"

#include <poll.h>
#include <signal.h>

#include <atomic>
#include <iterator>

namespace gatehouse::demo {
namespace {

using Clock = std::chrono::steady_clock;

constexpr Milliseconds kTellAfter{400};    ///< shorter waits are not shown
constexpr Milliseconds kStopLimit{4'000};  ///< for one process, before it is killed
constexpr Milliseconds kKillLimit{2'000};

std::atomic<bool> signalled{false};
static_assert(std::atomic<bool>::is_always_lock_free);

Duration since(Clock::time_point start) {
  return std::chrono::duration_cast<Duration>(Clock::now() - start);
}

}  // namespace

void catch_signals() {
  struct sigaction action {};
  action.sa_handler = [](int) { signalled.store(true); };
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::sigaction(signal, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
}

bool interrupted() { return signalled.load(); }

Result<void> Crew::start(const Command& command) {
  auto process = Process::start(command);
  if (!process) return fail(process.error());
  processes_.push_back(*std::move(process));
  return {};
}

Result<void> Crew::check_all_run() {
  for (const auto& process : processes_) {
    const std::string end = process->end_text();
    if (end.empty()) continue;
    culprit_log_ = process->command().err;
    return fail(Rsc::kInternalServerError,
                process->command().name + " " + end + ": " + last_lines(culprit_log_, 3));
  }
  return {};
}

Result<void> Crew::wait_until(const std::string& what, Milliseconds limit,
                              const std::function<bool()>& done, Milliseconds look_every) {
  const auto start = Clock::now();
  for (;;) {
    show_primitives();
    if (done()) break;
    if (interrupted()) return fail(Rsc::kInternalServerError, "stopped by a signal");
    if (auto good = check_all_run(); !good) return good;
    const Duration waited = since(start);
    if (waited >= limit) {
      return fail(Rsc::kRequestTimeout, what + ": not within " + time_text(limit));
    }
    if (waited >= kTellAfter && !what.empty())
      screen_.waiting(what, std::chrono::duration_cast<Milliseconds>(waited));
    ::poll(nullptr, 0, static_cast<int>(look_every.count()));
  }
  screen_.stop_waiting();
  return {};
}

Crew::Pause::Pause(Process* process) : process_(process) {
  if (process_ != nullptr) process_->send(SIGSTOP);
}

Crew::Pause::~Pause() {
  if (process_ != nullptr) process_->send(SIGCONT);
}

Crew::Pause Crew::pause(const std::string& name) {
  for (const auto& process : processes_) {
    if (process->command().name == name) return Pause(process.get());
  }
  return Pause(nullptr);
}

Result<void> Crew::restart(const std::string& name, int signal) {
  for (auto& process : processes_) {
    if (process->command().name != name) continue;
    process->send(signal);
    if (!process->wait(Clock::now() + (signal == SIGKILL ? kKillLimit : kStopLimit))) {
      return fail(Rsc::kInternalServerError, name + " does not end");
    }
    auto again = Process::start(process->command());
    if (!again) return fail(again.error());
    process = *std::move(again);
    return {};
  }
  return fail(Rsc::kNotFound, "no process is called " + name);
}

void Crew::follow_primitives(const std::string& name, const std::filesystem::path& log) {
  primitives_.emplace_back(name, LogTail(log));
}

void Crew::show_primitives() {
  if (!verbose_) return;
  for (auto& [name, tail] : primitives_) {
    for (const std::string& line : tail.fresh_lines()) {
      const std::string operation = field_of(line, "op");
      if (operation.empty()) continue;
      const std::string why = field_of(line, "dbg");
      screen_.faint("       | " + padded(name, 4) + padded(operation, 9) +
                    padded(field_of(line, "to"), 58) + " " + padded(field_of(line, "fr"), 20) +
                    " " + field_of(line, "rsc") + "  " + field_of(line, "via") + "  " +
                    field_of(line, "us") + " us" + (why.empty() ? "" : "  " + why));
    }
  }
}

void Crew::stop_all() {
  for (; !processes_.empty(); processes_.pop_back()) {
    Process& process = *processes_.back();
    process.send(SIGTERM);
    if (process.wait(Clock::now() + kStopLimit)) continue;
    process.send(SIGKILL);
    process.wait(Clock::now() + kKillLimit);
  }
}

}  // namespace gatehouse::demo
