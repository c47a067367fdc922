#pragma once
#include <chrono>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace gatehouse::demo {

using Milliseconds = std::chrono::milliseconds;  ///< of limits
using Duration = std::chrono::microseconds;      ///< of what was measured

/// One thing that happened between two parties.
struct StepLine {
  std::string from, to;               ///< "OTA server", "gateway"
  std::string what;                   ///< "CREATE ota-gateway/inquiries"
  std::string status;                 ///< "2001"
  std::vector<std::string> evidence;  ///< what was checked
  Duration took{0};
};

struct Table {
  std::vector<std::string> head;
  std::vector<std::vector<std::string>> rows;
};

/// What the terminal can show.
struct Looks {
  bool terminal = false;  ///< lines may be overwritten
  bool colour = false;
  bool unicode = false;
};
/// Of standard output and the locale; `no_color` also takes the colours away (and so does the
/// variable NO_COLOR).
Looks looks_of_terminal(bool no_color);

/// All that the demonstration prints. Threading: one thread.
class Screen {
 public:
  Screen(std::ostream& out, Looks looks) : out_(out), looks_(looks) {}

  void title(const std::string& text, const std::string& below);
  void chapter(const std::string& letter, const std::string& text);
  void done(const std::string& what, const std::string& detail, Duration took);
  void step(char letter, const StepLine& line);
  void refused(char letter, const StepLine& line);  ///< a refusal that was wanted
  void failure(const std::string& step, const std::string& reason);
  void text(const std::string& line);
  void faint(const std::string& line);
  void table(const Table& table);

  /// While something takes long. On a terminal one line that changes; else a line now and then.
  void waiting(const std::string& what, Milliseconds since);
  void stop_waiting();

  std::string arrow() const { return looks_.unicode ? "→" : "->"; }
  std::string mark() const { return looks_.unicode ? "✓" : "ok"; }

 private:
  std::string colour(const char* code, const std::string& text) const;
  void line_of(char letter, const StepLine& line, const std::string& mark);

  std::ostream& out_;
  const Looks looks_;
  bool waits_ = false;
  Milliseconds told_{0};
  unsigned turn_ = 0;
};

/// "0.8 ms", "43 ms", "1.26 s"
std::string time_text(Duration time);
/// The first `digits` of a long hexadecimal text, and "…" or "..".
std::string shortened(const std::string& text, std::size_t digits = 12);
/// Cells that a text takes on the screen, for the characters that we use.
std::size_t width_of(const std::string& text);
std::string padded(const std::string& text, std::size_t cells);

}  // namespace gatehouse::demo
