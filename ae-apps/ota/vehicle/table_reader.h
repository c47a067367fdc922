#pragma once
#undef TOML_SHARED_LIB
#undef TOML_HEADER_ONLY
#define TOML_HEADER_ONLY 1  // the library in the package has no variant without exceptions
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <set>
#include <string>
#include <vector>

namespace gatehouse::vehicle {

/// Gathers what is wrong in a file, each with its line. Internal to this folder.
class Faults {
 public:
  explicit Faults(std::string name) : name_(std::move(name)) {}
  void add(int line, const std::string& text);
  bool none() const { return lines_.empty(); }
  std::string text() const;

 private:
  static constexpr std::size_t kMaxLines = 20;
  std::string name_;
  std::vector<std::pair<int, std::string>> lines_;
};

/// Reads the keys of one table; whatever is wrong is added to the faults. A key that nobody asked
/// for is one, too.
class TableReader {
 public:
  /// `what`: "ecu \"SEAT-1\"". The table and the faults outlive it.
  TableReader(const toml::table& table, std::string what, Faults& faults)
      : table_(table), what_(std::move(what)), faults_(faults) {}

  bool has(std::string_view key);
  int line_of(std::string_view key) const;
  std::string text(std::string_view key, bool required, std::string fallback = {});
  std::int64_t whole(std::string_view key, std::int64_t least, std::int64_t most,
                     std::int64_t fallback);
  bool truth(std::string_view key, bool fallback);
  std::vector<std::string> texts(std::string_view key);
  void fault(std::string_view key, const std::string& rule);
  /// Names the keys that nobody asked for.
  void finish();

 private:
  const toml::node* find(std::string_view key);

  const toml::table& table_;
  std::string what_;
  Faults& faults_;
  std::set<std::string, std::less<>> asked_;
};

inline int line_of(const toml::node& node) { return static_cast<int>(node.source().begin.line); }

}  // namespace gatehouse::vehicle
