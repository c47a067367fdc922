#include "ae-apps/demo/screen.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace gatehouse::demo {
namespace {

constexpr Milliseconds kTellEvery{5'000};  ///< where lines cannot be overwritten
constexpr std::size_t kPartiesCells = 28;
constexpr std::size_t kWhatCells = 50;
constexpr std::size_t kStatusCells = 11;
constexpr std::size_t kTimeCells = 7;
constexpr std::size_t kSetUpCells = 22;

constexpr const char* kBold = "1";
constexpr const char* kFaint = "2";
constexpr const char* kRed = "1;31";
constexpr const char* kGreen = "32";
constexpr const char* kYellow = "33";
constexpr const char* kCyan = "1;36";

bool names_utf8(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return false;
  std::string text = value;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text.find("utf-8") != std::string::npos || text.find("utf8") != std::string::npos;
}

std::string aligned(const std::string& time) {
  return time.size() < kTimeCells ? std::string(kTimeCells - time.size(), ' ') + time : time;
}

std::string rule(const Looks& looks, std::size_t cells) {
  std::string text;
  for (std::size_t i = 0; i < cells; ++i) text += looks.unicode ? "─" : "-";
  return text;
}

}  // namespace

Looks looks_of_terminal(bool no_color) {
  Looks looks;
  const char* terminal = std::getenv("TERM");
  looks.terminal = ::isatty(1) == 1 && terminal != nullptr && std::string(terminal) != "dumb";
  looks.colour = looks.terminal && !no_color && std::getenv("NO_COLOR") == nullptr;
  // The first of the three that is set decides, as in setlocale.
  for (const char* variable : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(variable);
    if (value == nullptr || *value == '\0') continue;
    looks.unicode = names_utf8(variable);
    break;
  }
  return looks;
}

std::string time_text(Duration time) {
  char text[32];
  const double milliseconds = static_cast<double>(time.count()) / 1000;
  if (milliseconds < 9.95) {
    std::snprintf(text, sizeof text, "%.1f ms", milliseconds);
  } else if (milliseconds < 999.5) {
    std::snprintf(text, sizeof text, "%.0f ms", milliseconds);
  } else {
    std::snprintf(text, sizeof text, "%.2f s", milliseconds / 1000);
  }
  return text;
}

std::string shortened(const std::string& text, std::size_t digits) {
  return text.size() <= digits + 2 ? text : text.substr(0, digits) + "..";
}

std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string padded(const std::string& text, std::size_t cells) {
  const std::size_t width = width_of(text);
  return width < cells ? text + std::string(cells - width, ' ') : text;
}

std::string Screen::colour(const char* code, const std::string& text) const {
  if (!looks_.colour || text.empty()) return text;
  return "\033[" + std::string(code) + "m" + text + "\033[0m";
}

void Screen::title(const std::string& text, const std::string& below) {
  out_ << '\n' << colour(kBold, text) << '\n' << colour(kFaint, below) << '\n' << std::flush;
}

void Screen::chapter(const std::string& letter, const std::string& text) {
  stop_waiting();
  out_ << '\n'
       << colour(kCyan, letter) << (letter.empty() ? "" : "  ") << colour(kBold, text) << '\n'
       << std::flush;
}

void Screen::done(const std::string& what, const std::string& detail, Duration took) {
  stop_waiting();
  out_ << "   " << colour(kGreen, mark()) << ' ' << padded(what, kSetUpCells) << ' '
       << padded(detail, kPartiesCells + kWhatCells - kSetUpCells + kStatusCells) << ' '
       << colour(kFaint, aligned(time_text(took))) << '\n'
       << std::flush;
}

void Screen::line_of(char letter, const StepLine& line, const std::string& shown_mark) {
  stop_waiting();
  out_ << ' ' << colour(kCyan, std::string(1, letter)) << ' ' << shown_mark << ' '
       << padded(line.from + " " + arrow() + " " + line.to, kPartiesCells) << ' '
       << padded(line.what, kWhatCells) << ' ' << padded(line.status, kStatusCells) << ' '
       << colour(kFaint, aligned(time_text(line.took))) << '\n';
  for (const std::string& text : line.evidence) {
    out_ << "       " << colour(kFaint, text) << '\n';
  }
  out_ << std::flush;
}

void Screen::step(char letter, const StepLine& line) {
  line_of(letter, line, colour(kGreen, mark()));
}

void Screen::refused(char letter, const StepLine& line) {
  line_of(letter, line, colour(kYellow, looks_.unicode ? "⊘" : "no"));
}

void Screen::failure(const std::string& step, const std::string& reason) {
  stop_waiting();
  out_ << '\n'
       << colour(kRed, looks_.unicode ? "✗ " : "FAILED: ") << colour(kRed, step) << '\n'
       << "  " << reason << '\n'
       << std::flush;
}

void Screen::text(const std::string& line) {
  stop_waiting();
  out_ << line << '\n' << std::flush;
}

void Screen::faint(const std::string& line) { text(colour(kFaint, line)); }

void Screen::table(const Table& table) {
  stop_waiting();
  std::vector<std::size_t> cells(table.head.size(), 0);
  const auto measure = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size() && i < cells.size(); ++i) {
      cells[i] = std::max(cells[i], width_of(row[i]));
    }
  };
  measure(table.head);
  for (const auto& row : table.rows) measure(row);
  std::string ruler;
  for (const std::size_t width : cells) ruler += rule(looks_, width) + "  ";
  const auto print = [&](const std::vector<std::string>& row, const char* code) {
    std::string line = " ";
    for (std::size_t i = 0; i < row.size(); ++i) line += padded(row[i], cells[i]) + "  ";
    while (line.ends_with(' ')) line.pop_back();
    out_ << (code != nullptr ? colour(code, line) : line) << '\n';
  };
  print(table.head, kBold);
  while (ruler.ends_with(' ')) ruler.pop_back();
  out_ << ' ' << ruler << '\n';
  for (const auto& row : table.rows) print(row, nullptr);
  out_ << std::flush;
}

void Screen::waiting(const std::string& what, Milliseconds since) {
  if (looks_.terminal) {
    static constexpr const char* kTurns[] = {"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧"};
    static constexpr const char* kPlain[] = {"|", "/", "-", "\\"};
    const std::string turn = looks_.unicode ? kTurns[turn_ / 4 % 8] : kPlain[turn_ / 4 % 4];
    ++turn_;
    out_ << "\r\033[K   " << colour(kYellow, turn) << ' '
         << colour(kFaint, what + "  " + time_text(since)) << std::flush;
    waits_ = true;
    return;
  }
  if (!waits_) told_ = Milliseconds(0);
  waits_ = true;
  if (since - told_ < kTellEvery) return;
  told_ = since;
  out_ << "       .. " << what << ", " << time_text(since) << " so far\n" << std::flush;
}

void Screen::stop_waiting() {
  if (waits_ && looks_.terminal) out_ << "\r\033[K" << std::flush;
  waits_ = false;
}

}  // namespace gatehouse::demo
