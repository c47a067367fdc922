#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "ae-apps/ota/campaign/definition.h"

namespace gatehouse::campaign {

/// An image of the server's store, which verified it.
struct Image {
  std::string sha256, name, version, hardware_id;
  std::uint64_t release_counter = 0;
  std::string release = {};  ///< of which it is a part, which is installed as a whole; empty: none
  std::uint64_t release_images = 0;
  std::string objection = {};  ///< why it can be sent to nobody; empty: it can
  std::string url = {};        ///< where vehicles fetch it
};

/// What an ECU runs, as its last verified report says. Nothing else counts.
struct Proven {
  std::string version = "unknown";
  std::uint64_t release_counter = 0;
  std::string sha256;     ///< of the payload
  std::string signed_by;  ///< "ecu" or "gateway"
  std::string at;         ///< when it was verified; empty: never
  std::string slot;       ///< that it was booted from
};

/// How an ECU stands towards an image.
struct Standing {
  enum class Kind : std::uint8_t {
    kRuns,       ///< a verified report of the booted image says so
    kOpen,       ///< it was told, and has not answered
    kUnsent,     ///< it is about to be told
    kFailed,     ///< it tried and did not succeed: `reason`
    kMayGo,      ///< nothing speaks against it
    kUnknown,    ///< no verified report says what it runs
    kBusy,       ///< another update of this ECU is on its way
    kObjection,  ///< it must not have the image: `reason`
  };
  Kind kind = Kind::kObjection;
  std::string reason;
  Proven proven;
};

/// An ECU as it is shown to clients that manage it.
struct Shown {
  std::string vehicle, hardware_id;
  std::string node;  ///< address of its <node> at the vehicle's CSE
  std::string name;  ///< of what it runs; empty: unknown
  std::string url;   ///< of the image that it runs; empty: not one of the store's
  Proven proven;
  bool order_open = false;  ///< an image was offered, and no verified report has ended it
};

/// The server as campaigns see it: what is proven of ECUs, and how one is told to update. Behind it
/// stands the one that verifies reports. Threading: as the campaigns'.
class Updates {
 public:
  virtual ~Updates() = default;
  virtual std::optional<Image> image(const std::string& sha256) const = 0;
  virtual Standing standing(const std::string& serial, const std::string& sha256,
                            const Terms& terms) const = 0;
  /// nullopt: there is no such ECU.
  virtual std::optional<Shown> shown(const std::string& serial) const = 0;
  /// Why it was not offered; empty: it will be sent. A part of a release takes the others with it,
  /// on the same terms.
  virtual std::string offer(const std::string& serial, const std::string& sha256,
                            const Terms& terms) = 0;
  /// Asks the vehicle what its ECUs run.
  virtual void ask(const std::string& vehicle) = 0;
  /// Takes an offer back that is kUnsent; any other stays.
  virtual void withdraw(const std::string& serial, const std::string& sha256) = 0;
  /// Lets the image be tried again after a failure.
  virtual void forgive(const std::string& serial, const std::string& sha256) = 0;
};

}  // namespace gatehouse::campaign
