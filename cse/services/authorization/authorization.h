#pragma once
#include <atomic>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "cse/core/cse.h"
#include "cse/services/authorization/tokens.h"

namespace gatehouse {

/// Roles and tokens that requests bring, and the consultation of a dynamic authorization system
/// (DAS) where access control refuses.
///
///  - Role IDs (`rids`) count if a <role> here assigns them to the originator now.
///  - Tokens (`tkns`, `tids`) count for the resources that they name: see tokens.h.
///  - Direct authorization: a refused target, or the nearest above it with `daci`, links to an
///    enabled <dynamicAuthorizationConsultation>. Its points of access are asked by NOTIFY
///    (m2m:seci of type 1). What is granted (dynamicACPInfo) becomes an <accessControlPolicy> below
///    the CSEBase, linked to the resource whose policies govern the target, until its time is over;
///    then the request runs once more.
///  - Indirect authorization: with tokenRequestIndicator (`tqi`) a final refusal tells whom to ask
///    for a token (`tqf`).
///
/// Source: TS-0003 clauses 7.3.2.2, 7.3.2.3 and 7.4.3, TS-0001 clauses 11.5.2 and 11.5.3.
/// DEVIATION: tokens that a DAS sends back, and the mapping of new AE-IDs to old tokens (`asi`,
/// `aus`, `auri`), are not taken; a token that is only named (`tids`) is looked for here, not at
/// its DAS.
class Authorization final : public DynamicAuthorization, public CommitListener {
 public:
  struct Settings {
    std::chrono::seconds lifetime{3600};      ///< of what a DAS grants without saying how long
    std::chrono::seconds remember_denial{5};  ///< the same question is not put again before
    std::size_t max_consultations = 256;      ///< at a time; beyond, a refusal stays a refusal
    std::size_t max_denials = 10'000;
    VerifyToken verify = {};  ///< empty: no issuer is known, no token counts
  };

  /// Plugs itself into `cse`, which outlives it.
  Authorization(Cse& cse, Settings settings);

  bool concerns(const Request& request) const override;
  void authorize(Request request, const std::string& originator, Run run, Reply reply) override;
  void committed(const Committed& event) override;

 private:
  struct Question;
  bool consults() const;
  Result<std::vector<std::string>> proven_roles(const Request& request,
                                                const std::string& originator);
  Result<std::shared_ptr<Question>> question_for(const Request& request,
                                                 const std::string& originator);
  void consult(std::shared_ptr<Question> question);
  void answered(const std::shared_ptr<Question>& question, const Response& response);
  void grant(const std::shared_ptr<Question>& question, const Value& information);
  void refuse(const std::shared_ptr<Question>& question);
  bool was_denied(const Question& question);

  Cse& cse_;
  const Settings settings_;
  /// How many <dynamicAuthorizationConsultation>s there are; -1: not counted yet.
  mutable std::atomic<std::int64_t> consultations_{-1};
  std::atomic<std::size_t> under_way_{0};
  std::mutex mutex_;
  std::map<std::string, Timestamp> denied_;  ///< question to when it may be put again
};

}  // namespace gatehouse
