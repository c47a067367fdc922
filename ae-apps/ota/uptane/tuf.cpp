#include "ae-apps/ota/uptane/tuf.h"

#include <algorithm>

#include "ae-apps/ota/uptane/image_check.h"
#include "cse/codec/json.h"

namespace gatehouse::uptane {
namespace {

constexpr const char* kName = "tuf";

TargetOutcome verify_target(RepositoryClient& client, Fetcher& repository,
                            const TufRequest& request, const std::string& name) {
  TargetOutcome out{name, {}, {}, std::nullopt, std::nullopt};
  auto found = client.find_target(name, {});
  if (!found) {
    out.refusal = found.error();
    return out;
  }
  out.role = found->role;
  out.order = found->record;
  const Fetcher::Sink sink = request.download ? request.download(name) : Fetcher::Sink();
  auto good = check_image(repository, client.image_names(name, out.order), out.order, sink);
  if (!good) {
    out.refusal = Refusal{good.error().reason, kName, out.role, name + ": " + good.error().detail};
  }
  return out;
}

}  // namespace

std::string encode_tuf_state(const TufState& state) {
  return to_json(Value::object({{"format", 1},
                                {"time", state.latest_time.microseconds},
                                {"repository", to_value(state.repository)}}));
}

Result<TufState> decode_tuf_state(std::string_view text) {
  const Result<Value> value = parse_json(text);
  if (!value) return fail(value.error());
  const Value* time = value->find("time");
  const Value* repository = value->find("repository");
  if (value->integer_at("format") != 1 || time == nullptr || !time->is_integer() ||
      repository == nullptr) {
    return fail(Rsc::kBadRequest, "state: not of format 1");
  }
  auto trusted = trusted_repository_of(*repository);
  if (!trusted) return fail(trusted.error());
  return TufState{Timestamp{*time->as_integer()}, *std::move(trusted)};
}

TufOutcome verify_tuf(TufState& state, Fetcher& repository, const TufRequest& request) {
  state.latest_time = std::max(state.latest_time, request.now);
  const TufState before = state;
  const RepositoryClient::Options options{kName, Profile::kTuf, state.latest_time, request.limits};
  TufOutcome out;
  if (state.repository.root.empty() && request.trust_first_root) {
    auto root = first_root(repository, options);
    if (root) state.repository.root = *std::move(root);
  }
  if (state.repository.root.empty()) {
    out.refusal = Refusal{Reason::kMissing, kName, "root", "no root is trusted yet"};
    return out;
  }
  RepositoryClient client(options, repository, state.repository);
  if (auto done = client.refresh(); !done) {
    out.refusal = done.error();
    state.repository = before.repository.root.empty() ? before.repository : client.after_success();
    return out;
  }
  state.repository = client.after_success();
  out.versions = RepositoryVersions{client.root().version, client.timestamp_version(),
                                    client.snapshot_version(), client.targets().version};
  std::vector<std::string> names = request.targets;
  if (names.empty()) {
    const auto known = client.known_targets();
    names.assign(known.names.begin(), known.names.end());
    out.refusal = known.refusal;
  }
  for (const std::string& name : names) {
    out.targets.push_back(verify_target(client, repository, request, name));
    const auto& refusal = out.targets.back().refusal;
    const bool excused =
        request.targets.empty() && refusal &&
        (refusal->reason == Reason::kImageMissing || refusal->reason == Reason::kNotInImages);
    if (refusal && !excused && !out.refusal) out.refusal = refusal;
  }
  return out;
}

}  // namespace gatehouse::uptane
