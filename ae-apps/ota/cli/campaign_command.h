#pragma once
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "cse/primitive/result.h"
#include "cse/primitive/value.h"

namespace gatehouse::ota {

/// Where the campaigns are, and as whom we speak.
struct CampaignAccess {
  std::string cse = "http://127.0.0.1:8080";  ///< URL of the IN-CSE
  std::string csebase = "cse-in";
  std::string server = "ota-server";  ///< name of the management server's <AE>
  std::string originator = "CAdmin";
  std::string certificate, key, ca;  ///< files; of https
  unsigned wait_s = 15;              ///< for the server's verdict
};

/// `gatehouse-ota campaign …` as it was typed.
struct CampaignOptions {
  CampaignAccess access;
  std::string action;  ///< create, list, show, dry-run, approve, pause, resume, stop, retry
  std::string file;    ///< of create; "-": standard input
  std::string name;
  std::string vehicle;  ///< of retry
  std::string reason;
};

/// One line of JSON on `out`: the server's verdict, or what was asked for. Returns the exit code:
/// kAccepted, kRefused (by server or CSE), kWrongUse (or no answer).
int run_campaign(const CampaignOptions& options, std::ostream& out, std::ostream& err);

/// `gatehouse-ota r156 …`.
struct R156Options {
  CampaignAccess access;
  std::string name;
  std::string json_file, html_file;  ///< empty json_file: on `out`
  /// Where a vehicle's gateway keeps what its user answered; {vehicle} is its CSE-ID.
  std::string consents = "{vehicle}/cse-mn/ota-gateway/consents";
};
int run_r156(const R156Options& options, std::ostream& out, std::ostream& err);

/// Requests of an operator to the CSE. Threading: one thread.
class CampaignClient {
 public:
  /// Errors: kBadRequest for certificates that cannot be used.
  static Result<std::unique_ptr<CampaignClient>> open(const CampaignAccess& access);
  virtual ~CampaignClient() = default;
  /// Attributes below the root. `path`: below the server's <AE>, or from '/' on as it is.
  virtual Result<Value> retrieve(const std::string& path) = 0;
  /// The name of the new instance.
  virtual Result<std::string> push(const std::string& container, const Value& content) = 0;
  /// Names of the <container>s with that label right below it; an empty label: all.
  virtual Result<std::vector<std::string>> containers(const std::string& path,
                                                      const std::string& label) = 0;
  /// "con" of all instances, in the order in which they were made.
  virtual Result<std::vector<Value>> contents(const std::string& path) = 0;
};

}  // namespace gatehouse::ota
