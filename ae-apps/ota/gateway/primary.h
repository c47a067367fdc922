#pragma once
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "ae-apps/ota/clock/secure_clock.h"
#include "ae-apps/ota/gateway/settings.h"
#include "ae-apps/ota/uptane/memory_fetcher.h"
#include "ae-apps/ota/uptane/verification.h"

namespace gatehouse::gateway {

/// The two repositories as the gateway reaches them.
struct RepositoryFetchers {
  std::unique_ptr<uptane::Fetcher> director, images;
};

/// What both repositories, fully verified, say about one ECU.
struct VerifiedOrder {
  std::string target;  ///< name in the Image repository
  std::string role;    ///< who signed for it there
  uptane::TargetRecord image;
  std::uint64_t release_counter = 0;
  std::string release;               ///< with whom it must be updated together; empty: alone
  std::vector<std::string> members;  ///< all ECUs of that release, sorted
  uptane::RepositoryVersions director, images;
  Value custom;  ///< of the target in the Image repository: its forms, its bill of materials
  /// Roots and targets of the Director, as they came: what an ECU verifies partially by itself.
  uptane::FileSet for_ecu;
};

/// Why there is no order.
struct NoOrder : uptane::Refusal {
  bool unreachable = false;  ///< a server did not answer, or not with metadata; later it may
};

/// The gateway as Uptane Primary: full verification of Director and Image repository, with state of
/// its own in `state_dir`/uptane.json. Source: Uptane standard 2.1 section 5.4.2. Threading: any
/// thread.
class Primary {
 public:
  using Clock = std::function<Timestamp()>;
  using Open = std::function<RepositoryFetchers()>;
  /// The time by which expiry is judged, or why it is not known.
  using ProvenTime = std::function<uptane::Checked<Timestamp>()>;

  /// `settings` outlive it and have `uptane`. Errors: kInternalServerError if the state is damaged:
  /// going on without it would forget what must not fall. Without `time` the clock counts.
  static Result<std::unique_ptr<Primary>> open(const GatewaySettings& settings, Clock clock = {},
                                               Open open = {}, ProvenTime time = {});

  /// Fetches and verifies everything, keeps the state, and finds the order for the ECU. Refusals:
  /// those of uptane::verify_full; kUnknownEcu if the Director orders nothing for this ECU;
  /// kMissing in the repository "state" if the state cannot be kept.
  /// `bundle`: a folder (bundle.h) in place of the servers; checks and state are the same.
  tl::expected<VerifiedOrder, NoOrder> order_for(const std::string& serial,
                                                 const std::filesystem::path& bundle = {});

 private:
  Primary(const GatewaySettings& settings, Clock clock, Open open, ProvenTime time);
  Result<void> load();
  Result<void> save();

  const GatewaySettings& settings_;
  const Clock clock_;
  const Open open_;
  const ProvenTime time_;  ///< empty: clock_
  std::mutex mutex_;
  uptane::VehicleState state_;
};

/// Whether the file is the image that was ordered: its length and every known hash. Errors: in the
/// words of the refusal ("image-length", "image-hash").
Result<void> check_ordered(const std::string& file, const uptane::TargetRecord& image);

/// "release-counter: brake/2: …": the word of the reason first, for whoever looks for it.
std::string text_of(const uptane::Refusal& refusal);

}  // namespace gatehouse::gateway
