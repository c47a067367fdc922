#pragma once
#include <map>
#include <string>

#include "ae-apps/ota/uptane/trusted_repository.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::uptane {

/// All that a vehicle keeps between two verifications. It is written as a whole.
struct VehicleState {
  /// The Director's latest accepted order for an ECU.
  struct Order {
    std::string image;
    std::uint64_t release_counter = 0;
    friend bool operator==(const Order&, const Order&) = default;
  };

  Timestamp latest_time;  ///< the latest that was ever attested: time never goes back
  TrustedRepository director;
  TrustedRepository images;
  std::map<std::string, Order, std::less<>> orders;  ///< by serial number

  friend bool operator==(const VehicleState&, const VehicleState&) = default;
};

std::string encode_vehicle_state(const VehicleState& state);
/// Errors: kBadRequest for anything that encode_vehicle_state would not write.
Result<VehicleState> decode_vehicle_state(std::string_view text);

}  // namespace gatehouse::uptane
