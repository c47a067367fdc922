#pragma once
#include <chrono>
#include <string>
#include <vector>

#include "ae-apps/ota/repository/whole_repository.h"
#include "ae-apps/ota/uptane/verification.h"
#include "ae-apps/ota/uptane/version_manifest.h"

namespace gatehouse::uptane {

/// The Director's keys are online: it answers each vehicle by itself. They outlive the call.
struct DirectorKeys {
  const crypto::SigningKey& targets;
  const crypto::SigningKey& snapshot;
  const crypto::SigningKey& timestamp;
};

/// Which image one ECU is to run.
struct EcuOrder {
  std::string serial, hardware_id;
  std::string target;        ///< name in the Image repository
  TargetRecord genuine;      ///< as the Image repository describes it
  std::string release = {};  ///< what must be updated together has the same; empty: alone
};

/// All orders for one vehicle, in one issue. A vehicle accepts no issue that is older than one that
/// it has seen, so `version` must grow with each.
struct DirectorIssue {
  std::string vehicle;
  std::uint64_t version = 1;
  Timestamp now;
  std::chrono::hours validity{24};
  std::vector<EcuOrder> orders;  ///< of one serial number at most one; empty: nothing to do
};

/// "N.targets.json", "targets.json" (the same), "N.snapshot.json" and "timestamp.json" of a
/// Director repository; its root is made offline. Errors: kBadRequest (an ECU is there twice),
/// kInternalServerError (a token).
Result<FileSet> make_director_files(const DirectorIssue& issue, const DirectorKeys& keys);

/// What the ECUs of a verified manifest shall run: each the image with the greatest release counter
/// that is made for its hardware, if that is not older than what it runs; the one that it runs
/// already counts, so that the orders say the whole state wanted. ECUs for which there is nothing
/// are left out. Source: Uptane standard 2.1 section 5.3.2.1.
std::vector<EcuOrder> orders_for(const VehicleManifest& manifest,
                                 const std::vector<VehicleEcu>& ecus,
                                 const DescribedTargets& images);

}  // namespace gatehouse::uptane
