#pragma once
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse::ota {

/// Reads the members of one object of a configuration. The first fault is kept and makes all later
/// reads give their fallback, so a reader is a list of lines with one check at its end. Threading:
/// one thread.
class MemberReader {
 public:
  /// `prefix`: "ecus[1]." or empty. The value outlives this.
  MemberReader(const Value& object, std::string prefix);

  bool has(std::string_view name);
  /// Not empty where it must be there.
  std::string text(std::string_view name, bool required, std::string fallback = {});
  std::int64_t whole(std::string_view name, std::int64_t least, std::int64_t most,
                     std::int64_t fallback);
  bool truth(std::string_view name, bool fallback);
  std::vector<std::string> texts(std::string_view name);
  /// nullptr if absent.
  const Value* object(std::string_view name);
  const Value::Array* list(std::string_view name, bool required);

  /// "ecus[1].port: must be …"
  void fault(std::string_view name, std::string_view rule);
  void fault(std::string_view name, const Error& error);
  /// The fault of an inner reader, which names its member in full.
  void adopt(const Error& error);
  bool good() const { return error_.empty(); }
  /// The first fault, or a member that nobody asked for.
  Result<void> finish();

 private:
  const Value* find(std::string_view name);

  const Value& object_;
  std::string prefix_;
  std::set<std::string, std::less<>> asked_;
  std::string error_;
};

}  // namespace gatehouse::ota
