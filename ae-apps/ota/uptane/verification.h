#pragma once
#include <optional>
#include <string>
#include <vector>

#include "ae-apps/ota/uptane/repository_client.h"
#include "ae-apps/ota/uptane/vehicle_state.h"

namespace gatehouse::uptane {

struct VehicleEcu {
  std::string serial;
  std::string hardware_id;
};

struct VerifyRequest {
  Timestamp now;                 ///< as attested; earlier than the latest kept: that one counts
  std::vector<VehicleEcu> ecus;  ///< of this vehicle; empty: not known, so not compared
  std::string vehicle;           ///< its id; empty: not compared
  /// Where no root is kept yet: believe the oldest that the repository has. Kept only if all is
  /// accepted.
  bool trust_first_root = false;
  bool check_images = true;  ///< the files too, not only what is said about them
  /// Do without the Director's timestamp and snapshot though its root names their keys: aktualizr
  /// and OTA Connect do. Freeze and mixture are then found by the expiry of targets only.
  bool director_targets_only = false;
  Limits limits;
};

/// What became of one image that the Director orders.
struct TargetOutcome {
  std::string name;
  TargetRecord order;  ///< as the Director says it
  std::string role;    ///< of the Image repository, that signed for it; empty: none was found
  std::optional<std::uint64_t> release_counter;
  std::optional<Refusal> refusal;  ///< nullopt: may be installed
  Value custom = {};  ///< what the Image repository says besides: forms, bill of materials …
};

struct RepositoryVersions {
  std::uint64_t root = 0;
  std::optional<std::uint64_t> timestamp;
  std::optional<std::uint64_t> snapshot;
  std::uint64_t targets = 0;
};

struct VerifyOutcome {
  std::optional<Refusal> refusal;  ///< nullopt: accepted
  std::vector<TargetOutcome> targets;
  std::optional<RepositoryVersions> director;  ///< if its metadata was good
  std::optional<RepositoryVersions> images;
};

/// Full verification of both repositories, and of every image ordered. If it is refused, the state
/// changes only by new roots, by what these make forget, and by the time; if it is accepted, by all
/// that was verified. An empty order ends the verification behind the Director.
/// Source: Uptane standard 2.1 section 5.4.4.2.
VerifyOutcome verify_full(VehicleState& state, Fetcher& director, Fetcher& images,
                          const VerifyRequest& request);

/// Partial verification: the Director's root and targets only, for an ECU that can do no more.
/// `request.ecus` names this one ECU (orders for others are none of its business); images are not
/// fetched. Source: Uptane standard 2.1 section 5.4.4.1.
VerifyOutcome verify_partial(VehicleState& state, Fetcher& director, const VerifyRequest& request);

/// A target of the Director against the Image repository's description of the same: length and
/// hashes equal, each ECU's hardware among those of the image, release counters equal. Errors:
/// kDisagree, kWrongHardware.
Checked<void> compare_targets(const TargetRecord& ordered, const TargetRecord& genuine);

}  // namespace gatehouse::uptane
