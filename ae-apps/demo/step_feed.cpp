#include "ae-apps/demo/step_feed.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "cse/codec/json.h"

namespace gatehouse::demo {
namespace {

constexpr int kLookEveryMs = 20;  ///< at the latest
constexpr std::size_t kMaxLineBytes = 64 * 1024;

/// The end of the value that begins at `from`, behind its closing quote if it has one.
std::size_t end_of_value(const std::string& line, std::size_t from) {
  if (from >= line.size() || line[from] != '"') return std::min(line.find(' ', from), line.size());
  for (std::size_t i = from + 1; i < line.size(); ++i) {
    if (line[i] == '\\') {
      ++i;
    } else if (line[i] == '"') {
      return i + 1;
    }
  }
  return line.size();
}

std::string plain(const std::string& value) {
  if (!value.starts_with('"')) return value;
  const Result<Value> text = parse_json(value);
  return text && text->is_string() ? *text->as_string() : value;
}

}  // namespace

std::vector<std::string> LogTail::fresh_lines() {
  std::vector<std::string> lines;
  if (!in_.is_open()) {
    in_.open(file_, std::ios::binary);
    if (!in_.is_open()) return lines;
  }
  in_.clear();
  for (std::string part; std::getline(in_, part);) {
    begun_ += part;
    if (begun_.size() > kMaxLineBytes) begun_.resize(kMaxLineBytes);
    if (in_.eof()) break;  // its end is still to come
    lines.push_back(std::move(begun_));
    begun_.clear();
  }
  return lines;
}

std::string StepEvent::at(std::string_view name) const {
  const auto found = fields.find(name);
  return found == fields.end() ? std::string() : found->second;
}

std::string field_of(const std::string& line, const std::string& name) {
  const std::size_t at = line.find(' ' + name + '=');
  if (at == std::string::npos) return {};
  const std::size_t from = at + name.size() + 2;
  return plain(line.substr(from, end_of_value(line, from) - from));
}

bool parse_step(const std::string& line, StepEvent& out) {
  if (!line.starts_with("STEP ") || line.size() < 6) return false;
  out.letter = line[5];
  for (std::size_t at = 7; at < line.size();) {
    const std::size_t equals = line.find('=', at);
    if (equals == std::string::npos) break;
    const std::size_t end = end_of_value(line, equals + 1);
    out.fields[line.substr(at, equals - at)] = plain(line.substr(equals + 1, end - equals - 1));
    at = end + 1;
  }
  return true;
}

StepFeed::StepFeed()
    : watch_(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC)), thread_([this] { run(); }) {}

StepFeed::~StepFeed() {
  stopping_ = true;
  thread_.join();
  if (watch_ >= 0) ::close(watch_);
}

bool parse_notification(const std::string& line, StepEvent& out) {
  if (field_of(line, "op") != "NOTIFY" || !field_of(line, "via").starts_with("out-")) return false;
  out.letter = 'N';
  out.fields["event"] = "NOTIFY";
  for (const char* name : {"to", "rsc", "via", "us"}) out.fields[name] = field_of(line, name);
  return true;
}

void StepFeed::follow(const std::string& source, const std::filesystem::path& file) {
  const std::lock_guard lock(mutex_);
  tails_.emplace_back(source, LogTail(file));
  if (watch_ >= 0) ::inotify_add_watch(watch_, file.c_str(), IN_MODIFY);
}

void StepFeed::run() {
  while (!stopping_) {
    pollfd item{watch_, POLLIN, 0};
    ::poll(&item, watch_ >= 0 ? 1 : 0, kLookEveryMs);
    char notes[4096];
    while (watch_ >= 0 && ::read(watch_, notes, sizeof notes) > 0) {
    }
    read();
  }
}

void StepFeed::read() {
  const std::lock_guard lock(mutex_);
  for (auto& [source, tail] : tails_) {
    for (const std::string& line : tail.fresh_lines()) {
      StepEvent event;
      event.source = source;
      event.seen = std::chrono::steady_clock::now();
      if (parse_step(line, event) || parse_notification(line, event))
        events_.push_back(std::move(event));
    }
  }
}

std::vector<StepEvent> StepFeed::events_since(std::size_t mark) const {
  const std::lock_guard lock(mutex_);
  if (mark >= events_.size()) return {};
  return {events_.begin() + static_cast<std::ptrdiff_t>(mark), events_.end()};
}

std::size_t StepFeed::size() const {
  const std::lock_guard lock(mutex_);
  return events_.size();
}

}  // namespace gatehouse::demo
