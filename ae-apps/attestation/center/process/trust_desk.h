#pragma once
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ae-apps/sdk/ae.h"

namespace gatehouse::center {

/// The Center as dynamic authorization system (DAS) for what is for trusted devices alone: its CSE
/// asks it, by m2m:seci, when a device has no privilege, and it grants for a short time while the
/// device is trusted. Who is no longer trusted loses what was granted at once. Whom it trusts is in
/// files, so it knows after a restart. Source: TS-0003 clause 7.3.2.2, TS-0001 clause 11.5.2.
/// Threading: any thread.
class TrustDesk {
 public:
  /// Who speaks for a device at this CSE: "/id-mn/Csupport".
  using Originators = std::map<std::string, std::vector<std::string>>;
  /// `folder` exists and is durable. The AE outlives it.
  TrustDesk(sdk::Ae& ae, std::filesystem::path folder, Originators originators);

  /// The <dynamicAuthorizationConsultation>, and the container that it governs, which only `policy`
  /// opens otherwise. Errors: those of the CSE.
  Result<void> prepare(const std::string& container, const std::string& policy,
                       std::int64_t max_instances);
  /// Errors: those of the CSE and of the disk: try again. Whom it does not trust gets nothing more
  /// from the first attempt on.
  Result<void> set(const std::string& device, bool trusted);
  bool trusts(const std::string& device) const;
  /// The answer to a question of the CSE; one without a decision is a refusal. Errors: kBadRequest
  /// for another message.
  Result<Value> answer(const Value& content) const;

 private:
  Result<void> take_back();

  sdk::Ae& ae_;
  const std::filesystem::path folder_;
  const Originators originators_;
  std::string container_, policy_;
  mutable std::mutex mutex_;
  std::map<std::string, bool> trusted_;
};

}  // namespace gatehouse::center
