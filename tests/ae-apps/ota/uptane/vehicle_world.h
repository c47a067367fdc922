#pragma once
#include "ae-apps/ota/uptane/verification.h"
#include "tests/ae-apps/ota/uptane/repository_maker.h"

namespace gatehouse::uptane {

inline constexpr const char* kGateway = "GW-1";
inline constexpr const char* kBrake = "BR-1";
inline constexpr const char* kEngine = "EN-1";

/// A vehicle with three ECUs that has accepted release 1, and both repositories with release 2. The
/// image of the engine is signed by its supplier, who may do so for paths `engine/*` and hardware
/// engine-hw only.
class VehicleWorld {
 public:
  RepositoryMaker director;
  RepositoryMaker images;
  VehicleState state;
  VerifyRequest request;

  VehicleWorld() {
    request.now = *parse_iso_time("2030-01-01T00:00:00Z");
    request.ecus = {{kGateway, "gateway-hw"}, {kBrake, "brake-hw"}, {kEngine, "engine-hw"}};
    request.vehicle = "VIN-1";
    RepositoryMaker::DelegatedRoleMaker supplier;
    supplier.signers = Signers::make(1, 1, crypto::Algorithm::kEcdsaP256);
    supplier.paths = Value::array({"engine/*"});
    supplier.hardware_ids = Value::array({"engine-hw"});
    images.delegated.emplace_back("supplier", std::move(supplier));
    release(1);
    publish();
    state.director.root = director.files.files.at("1.root.json");
    state.images.root = images.files.files.at("1.root.json");
    first = verify();
    old_director = director.files.files;
    old_images = images.files.files;
    next();
    release(2);
    publish();
  }

  VerifyOutcome first;                              ///< of release 1
  std::map<std::string, std::string> old_director;  ///< files of release 1
  std::map<std::string, std::string> old_images;

  RepositoryMaker::DelegatedRoleMaker& supplier() { return images.delegated.front().second; }

  /// Orders of the Director and descriptions of the Image repository, in their next version.
  void release(int counter) {
    const std::string n = std::to_string(counter);
    director.targets = Value::object({
        {"gateway-" + n, ordered(content("gateway", counter), kGateway, "gateway-hw", counter)},
        {"brake-" + n, ordered(content("brake", counter), kBrake, "brake-hw", counter)},
        {"engine/e-" + n, ordered(content("engine", counter), kEngine, "engine-hw", counter)},
    });
    images.targets.set("gateway-" + n, genuine(content("gateway", counter), "gateway-hw", counter));
    images.targets.set("brake-" + n, genuine(content("brake", counter), "brake-hw", counter));
    supplier().targets.set("engine/e-" + n,
                           genuine(content("engine", counter), "engine-hw", counter));
    images.files.files["gateway-" + n] = content("gateway", counter);
    images.files.files["brake-" + n] = content("brake", counter);
    images.files.files["engine/e-" + n] = content("engine", counter);
  }
  static std::string content(const std::string& what, int counter) {
    return "program of the " + what + ", release " + std::to_string(counter);
  }
  void next() {
    director.next_versions();
    images.next_versions();
  }
  void publish() {
    director.publish();
    images.publish();
  }
  VerifyOutcome verify() { return verify_full(state, director.files, images.files, request); }
  VerifyOutcome verify_as_partial(const char* serial) {
    VerifyRequest one = request;
    std::erase_if(one.ecus, [serial](const VehicleEcu& ecu) { return ecu.serial != serial; });
    return verify_partial(state, director.files, one);
  }

  /// Whoever stole keys writes new metadata with them, in the next version.
  void director_signs_again() {
    director.next_versions();
    director.publish_without_root();
  }
  void images_sign_again() {
    images.next_versions();
    images.publish_without_root();
  }
};

/// "accepted", or the reason.
inline std::string word_of(const std::optional<Refusal>& refusal) {
  return refusal ? std::string(name_of(refusal->reason)) : "accepted";
}

}  // namespace gatehouse::uptane
