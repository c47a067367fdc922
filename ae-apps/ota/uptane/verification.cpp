#include "ae-apps/ota/uptane/verification.h"

#include <algorithm>

#include "ae-apps/ota/uptane/image_check.h"

namespace gatehouse::uptane {
namespace {

constexpr const char* kDirectorName = "director";
constexpr const char* kImagesName = "images";

Refusal in_director_targets(Reason reason, std::string detail) {
  return {reason, kDirectorName, "targets", std::move(detail)};
}

const VehicleEcu* ecu_of(const VerifyRequest& request, std::string_view serial) {
  const auto found = std::find_if(request.ecus.begin(), request.ecus.end(),
                                  [serial](const VehicleEcu& ecu) { return ecu.serial == serial; });
  return found == request.ecus.end() ? nullptr : &*found;
}

/// Source: Uptane standard 2.1 section 5.4.4.6, the checks that hold for the Director alone.
std::optional<Refusal> check_orders(const TargetsMetadata& targets, const VerifyRequest& request,
                                    bool all_are_ours) {
  std::set<std::string_view> seen;
  for (const auto& [name, order] : targets.targets) {
    if (order.ecus.empty()) {
      return in_director_targets(Reason::kUnknownEcu, name + " is for no ECU");
    }
    for (const auto& [serial, hardware_id] : order.ecus) {
      if (order.ecu_repeated || !seen.insert(serial).second) {
        return in_director_targets(Reason::kRepeatedEcu, serial + " is there twice");
      }
      if (all_are_ours && !request.ecus.empty() && ecu_of(request, serial) == nullptr) {
        return in_director_targets(Reason::kUnknownEcu, serial + " is not in this vehicle");
      }
    }
  }
  const bool must_say = targets.targets.empty() || !targets.vehicle.empty();
  if (!request.vehicle.empty() && must_say && targets.vehicle != request.vehicle) {
    return in_director_targets(Reason::kWrongVehicle, "is not for this vehicle");
  }
  return std::nullopt;
}

Checked<void> check_hardware(const TargetRecord& order, const VerifyRequest& request) {
  for (const auto& [serial, hardware_id] : order.ecus) {
    const VehicleEcu* ecu = ecu_of(request, serial);
    if (ecu != nullptr && !hardware_id.empty() && hardware_id != ecu->hardware_id) {
      return refuse(Reason::kWrongHardware,
                    serial + " is " + ecu->hardware_id + ", not " + hardware_id);
    }
  }
  return {};
}

/// What the ECUs of an order are: as the vehicle knows it, else as the Director says it.
TargetRecord with_known_hardware(TargetRecord order, const VerifyRequest& request) {
  for (auto& [serial, hardware_id] : order.ecus) {
    if (const VehicleEcu* ecu = ecu_of(request, serial)) hardware_id = ecu->hardware_id;
  }
  return order;
}

/// What an image is made for: its hardware ids, or what it says of ECUs in the Director's manner.
bool made_for(const TargetRecord& genuine, const std::string& hardware_id) {
  const auto& ids = genuine.hardware_ids;
  return std::find(ids.begin(), ids.end(), hardware_id) != ids.end() ||
         std::any_of(genuine.ecus.begin(), genuine.ecus.end(),
                     [&](const auto& ecu) { return ecu.second == hardware_id; });
}

/// The vehicle knows its ECUs' hardware also where the Director does not say it. The oldest
/// repositories say nothing of hardware on either side: then there is nothing to compare.
Checked<void> check_made_for(const TargetRecord& known, const TargetRecord& genuine) {
  for (const auto& [serial, hardware_id] : known.ecus) {
    if (hardware_id.empty() || genuine.hardware_ids.empty()) continue;
    if (!made_for(genuine, hardware_id)) {
      return refuse(Reason::kWrongHardware, "is not made for " + hardware_id);
    }
  }
  return {};
}

Checked<void> check_release_counter(const VehicleState& state, const TargetRecord& order,
                                    std::uint64_t counter) {
  for (const auto& [serial, hardware_id] : order.ecus) {
    const auto before = state.orders.find(serial);
    if (before != state.orders.end() && counter < before->second.release_counter) {
      return refuse(Reason::kReleaseCounter, serial + ": release " + std::to_string(counter) +
                                                 " after " +
                                                 std::to_string(before->second.release_counter));
    }
  }
  return {};
}

void keep_order(VehicleState& state, const TargetOutcome& outcome) {
  for (const auto& [serial, hardware_id] : outcome.order.ecus) {
    state.orders[serial] = {outcome.name, outcome.release_counter.value_or(0)};
  }
}

RepositoryVersions versions_of(const RepositoryClient& client) {
  return {client.root().version, client.timestamp_version(), client.snapshot_version(),
          client.targets().version};
}

/// One full verification: the two repositories, and what has been decided so far.
class FullVerification {
 public:
  FullVerification(VehicleState& state, Fetcher& director, Fetcher& images,
                   const VerifyRequest& request)
      : state_(state),
        request_(request),
        images_fetcher_(images),
        director_({kDirectorName, Profile::kDirector, state.latest_time, request.limits}, director,
                  state.director),
        images_({kImagesName, Profile::kImages, state.latest_time, request.limits}, images,
                state.images) {}

  VerifyOutcome run() {
    VerifyOutcome out;
    out.refusal = verify(out);
    if (out.refusal) {
      state_.director = director_.after_refusal();
      state_.images = images_.after_refusal();
      return out;
    }
    state_.director = director_.after_success();
    state_.images = images_.after_success();
    for (const TargetOutcome& target : out.targets) keep_order(state_, target);
    return out;
  }

 private:
  std::optional<Refusal> verify(VerifyOutcome& out) {
    if (auto done = refresh_director(); !done) return done.error();
    out.director = versions_of(director_);
    const TargetsMetadata& ordered = director_.targets();
    if (auto refusal = check_orders(ordered, request_, true)) return refusal;
    if (ordered.targets.empty()) return std::nullopt;
    if (auto done = images_.refresh(); !done) return done.error();
    out.images = versions_of(images_);
    std::optional<Refusal> first;
    for (const auto& [name, order] : ordered.targets) {
      TargetOutcome target{name, order, {}, order.release_counter, std::nullopt, {}};
      if (auto good = verify_target(target); !good) {
        target.refusal = good.error();
        if (target.refusal->repository.empty()) target.refusal->repository = kImagesName;
        if (target.refusal->role.empty()) target.refusal->role = target.role;
        target.refusal->detail = name + ": " + target.refusal->detail;
        if (!first) first = target.refusal;
      }
      out.targets.push_back(std::move(target));
    }
    return first;
  }

  Checked<void> refresh_director() {
    if (!request_.director_targets_only) return director_.refresh();
    if (auto done = director_.update_root(); !done) return done;
    return director_.update_targets();
  }

  Checked<void> verify_target(TargetOutcome& target) {
    if (auto good = check_hardware(target.order, request_); !good) {
      return refuse(in_director_targets(good.error().reason, good.error().detail));
    }
    const TargetRecord order = with_known_hardware(target.order, request_);
    std::vector<std::string> hardware_ids;
    for (const auto& [serial, hardware_id] : order.ecus) {
      if (!hardware_id.empty()) hardware_ids.push_back(hardware_id);
    }
    auto found = images_.find_target(target.name, hardware_ids);
    if (!found) return refuse(found.error());
    target.role = found->role;
    target.custom = found->record.custom;
    if (auto good = compare_targets(target.order, found->record); !good) return good;
    if (auto good = check_made_for(order, found->record); !good) return good;
    if (found->record.release_counter) target.release_counter = found->record.release_counter;
    if (auto good = check_release_counter(state_, order, target.release_counter.value_or(0));
        !good) {
      return good;
    }
    if (!request_.check_images) return {};
    return check_image(images_fetcher_, images_.image_names(target.name, found->record),
                       found->record);
  }

  VehicleState& state_;
  const VerifyRequest& request_;
  Fetcher& images_fetcher_;
  RepositoryClient director_;
  RepositoryClient images_;
};

/// A repository without a root gets its first one, if that is wanted.
std::optional<Refusal> trust_first(TrustedRepository& trusted, Fetcher& fetcher,
                                   RepositoryClient::Options options, bool wanted) {
  if (!trusted.root.empty()) return std::nullopt;
  if (!wanted) return Refusal{Reason::kMissing, options.name, "root", "no root is trusted yet"};
  auto root = first_root(fetcher, options);
  if (!root) {
    return Refusal{root.error().reason, options.name, "root", std::move(root.error().detail)};
  }
  trusted.root = *std::move(root);
  return std::nullopt;
}

}  // namespace

Checked<void> compare_targets(const TargetRecord& ordered, const TargetRecord& genuine) {
  if (ordered.length != genuine.length) return refuse(Reason::kDisagree, "about its length");
  bool common = false;
  for (const auto& [algorithm, digest] : ordered.hashes) {
    const auto same = genuine.hashes.find(algorithm);
    if (same == genuine.hashes.end()) continue;
    if (same->second != digest) return refuse(Reason::kDisagree, "about its " + algorithm);
    common = true;
  }
  if (!common) return refuse(Reason::kDisagree, "have no kind of hash in common");
  for (const auto& [serial, hardware_id] : ordered.ecus) {
    if (!hardware_id.empty() && !made_for(genuine, hardware_id)) {
      return refuse(Reason::kWrongHardware, "is not made for " + hardware_id);
    }
  }
  if (ordered.release_counter && ordered.release_counter != genuine.release_counter) {
    return refuse(Reason::kDisagree, "about its release counter");
  }
  return {};
}

VerifyOutcome verify_full(VehicleState& state, Fetcher& director, Fetcher& images,
                          const VerifyRequest& request) {
  state.latest_time = std::max(state.latest_time, request.now);
  const VehicleState before = state;
  VerifyOutcome out;
  for (const auto& [name, trusted, fetcher] :
       {std::tuple(kDirectorName, &state.director, &director),
        std::tuple(kImagesName, &state.images, &images)}) {
    out.refusal =
        trust_first(*trusted, *fetcher, {name, Profile::kImages, state.latest_time, request.limits},
                    request.trust_first_root);
    if (out.refusal) {
      state = before;
      return out;
    }
  }
  out = FullVerification(state, director, images, request).run();
  if (!out.refusal) return out;
  if (before.director.root.empty()) state.director = before.director;
  if (before.images.root.empty()) state.images = before.images;
  return out;
}

VerifyOutcome verify_partial(VehicleState& state, Fetcher& director, const VerifyRequest& request) {
  state.latest_time = std::max(state.latest_time, request.now);
  const TrustedRepository before = state.director;
  const RepositoryClient::Options options{kDirectorName, Profile::kDirector, state.latest_time,
                                          request.limits};
  VerifyOutcome out;
  out.refusal = trust_first(state.director, director, options, request.trust_first_root);
  if (out.refusal) return out;
  RepositoryClient client(options, director, state.director);
  const auto verify = [&]() -> std::optional<Refusal> {
    if (auto done = client.update_root(); !done) return done.error();
    if (auto done = client.update_targets(); !done) return done.error();
    out.director = versions_of(client);
    if (auto refusal = check_orders(client.targets(), request, false)) return refusal;
    for (const auto& [name, order] : client.targets().targets) {
      TargetOutcome target{name, order, {}, order.release_counter, std::nullopt};
      const bool ours = std::any_of(order.ecus.begin(), order.ecus.end(), [&](const auto& ecu) {
        return ecu_of(request, ecu.first) != nullptr;
      });
      if (!ours) continue;
      auto good = check_hardware(order, request);
      if (good) good = check_release_counter(state, order, order.release_counter.value_or(0));
      if (!good) return in_director_targets(good.error().reason, good.error().detail);
      out.targets.push_back(std::move(target));
    }
    return std::nullopt;
  };
  out.refusal = verify();
  if (out.refusal) {
    state.director = before.root.empty() ? before : client.after_refusal();
    return out;
  }
  state.director = client.after_success();
  for (const TargetOutcome& target : out.targets) keep_order(state, target);
  return out;
}

}  // namespace gatehouse::uptane
