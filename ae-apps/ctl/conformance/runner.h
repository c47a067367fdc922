#pragma once
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>

#include "ae-apps/ctl/conformance/rule.h"

namespace gatehouse::conformance {

/// Asks the CSE under test and waits for the answer. One that cannot be reached answers 5103.
using Ask = std::function<Response(Request)>;

/// What the rules need to know of the CSE under test.
struct TargetSettings {
  std::string base = "cse-in";   ///< name of the CSEBase
  std::string admin = "CAdmin";  ///< an originator that may do everything
  std::string release = "3";     ///< rvi of requests that do not say another
  std::string run = "1";         ///< makes names of this run different from those of others
};

struct Outcome {
  const Rule* rule = nullptr;
  bool passed = false;
  std::string detail;  ///< of a failure: which step, what came, what was expected
};

/// Runs rules one after the other; each below an <AE> of its own that is deleted afterwards.
class Runner {
 public:
  Runner(TargetSettings settings, Ask ask);

  Outcome run(const Rule& rule);
  /// Deletes what all rules shared.
  void finish();

 private:
  using Variables = std::map<std::string, std::string>;
  std::optional<std::string> prepare(Variables& variables);
  std::optional<std::string> run_step(const Step& step, Variables& variables);
  Result<std::string> make_ae(const std::string& name);
  void remove(const std::string& address);
  Response ask(Request request);

  TargetSettings settings_;
  Ask ask_;
  std::string stranger_;
  int rules_ = 0, requests_ = 0;
};

/// nullopt: `content` is as wanted; else what is wrong with it.
std::optional<std::string> unmet(const Expectation& expectation, const Value& content);

}  // namespace gatehouse::conformance
