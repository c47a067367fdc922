// How long a gateway needs for the verification of a release: 100 targets, of them 75 below three
// delegations. Metadata only: images cost what their hashes cost.
#include <algorithm>
#include <chrono>
#include <iostream>

#include "ae-apps/ota/uptane/verification.h"
#include "tests/ae-apps/ota/uptane/repository_maker.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::uptane;

constexpr int kTargets = 100;
constexpr int kSuppliers = 3;
constexpr int kRounds = 200;

struct Release {
  RepositoryMaker director;
  RepositoryMaker images;
  VehicleState state;
};

Release make_release() {
  Release out;
  for (int i = 0; i < kSuppliers; ++i) {
    RepositoryMaker::DelegatedRoleMaker supplier;
    supplier.signers = Signers::make(2, 2);
    supplier.paths = Value::array({"supplier" + std::to_string(i) + "/*"});
    out.images.delegated.emplace_back("supplier" + std::to_string(i), std::move(supplier));
  }
  for (int i = 0; i < kTargets; ++i) {
    const int supplier = i % (kSuppliers + 1);
    const std::string folder =
        supplier < kSuppliers ? "supplier" + std::to_string(supplier) + "/" : std::string();
    const std::string name = folder + "image-" + std::to_string(i);
    const std::string serial = "ECU-" + std::to_string(i);
    Value& targets = supplier < kSuppliers
                         ? out.images.delegated[static_cast<std::size_t>(supplier)].second.targets
                         : out.images.targets;
    targets.set(name, genuine(name, "hw", 1));
    out.director.targets.set(name, ordered(name, serial, "hw", 1));
  }
  out.director.publish();
  out.images.publish();
  out.state.director.root = out.director.files.files.at("1.root.json");
  out.state.images.root = out.images.files.files.at("1.root.json");
  return out;
}

/// Median, in milliseconds.
template <class Verify>
double measure(const Verify& verify) {
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (!verify()) return -1;
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - begin;
    times.push_back(took.count());
  }
  std::sort(times.begin(), times.end());
  return times[times.size() / 2];
}

}  // namespace

int main() {
  Release release = make_release();
  VerifyRequest request;
  request.now = *parse_iso_time("2030-01-01T00:00:00Z");
  request.check_images = false;
  const double full = measure([&] {
    VehicleState state = release.state;
    const auto out = verify_full(state, release.director.files, release.images.files, request);
    return !out.refusal && out.targets.size() == kTargets;
  });
  request.ecus = {{"ECU-7", "hw"}};
  const double partial = measure([&] {
    VehicleState state = release.state;
    return !verify_partial(state, release.director.files, request).refusal;
  });
  std::cout << "{\"uptane_full_ms\":" << full << ",\"uptane_partial_ms\":" << partial
            << ",\"targets\":" << kTargets << ",\"delegations\":" << kSuppliers << "}\n";
  return full < 0 || partial < 0 ? 1 : 0;
}
