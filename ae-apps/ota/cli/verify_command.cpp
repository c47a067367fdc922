#include "ae-apps/ota/cli/verify_command.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>

#include "ae-apps/ota/cli/outcome_json.h"
#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/uptane/file_fetcher.h"

namespace gatehouse::ota {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxStateBytes = 64U << 20;
constexpr std::size_t kMaxRootBytes = 512U << 10;

tl::unexpected<Error> wrong_use(std::string detail) {
  return fail(Rsc::kBadRequest, std::move(detail));
}

Result<std::vector<uptane::VehicleEcu>> ecus_of(const std::vector<std::string>& texts) {
  std::vector<uptane::VehicleEcu> out;
  for (const std::string& text : texts) {
    const std::size_t colon = text.rfind(':');  // a serial number may be 01:02:03
    if (colon == 0 || colon == std::string::npos || colon + 1 == text.size()) {
      return wrong_use("--ecu: must be SERIAL:HWID");
    }
    out.push_back({text.substr(0, colon), text.substr(colon + 1)});
  }
  return out;
}

Result<uptane::FileFetcher> repository_in(const std::string& folder, const char* option) {
  std::error_code error;
  if (!fs::is_directory(folder, error)) {
    return wrong_use(std::string(option) + ": is no folder");
  }
  return uptane::fetcher_of(folder);
}

/// The root that provisioning gave, if none is kept yet.
Result<void> provision(uptane::TrustedRepository& trusted, const std::string& file,
                       bool trust_first_root, const char* option) {
  if (!trusted.root.empty()) return {};
  if (file.empty() && !trust_first_root) {
    return wrong_use(std::string("no root is trusted yet: give ") + option +
                     " or --trust-first-root");
  }
  if (file.empty()) return {};
  auto text = read_text(file, kMaxRootBytes);
  if (!text) return fail(text.error());
  if (text->empty()) return wrong_use(std::string(option) + ": cannot be read");
  trusted.root = *std::move(text);
  return {};
}

/// State kept in one file, replaced as a whole.
template <class State>
class StateFile {
 public:
  using Decode = Result<State> (*)(std::string_view);
  using Encode = std::string (*)(const State&);
  StateFile(const std::string& folder, const char* name, Decode decode, Encode encode)
      : folder_(folder), file_(fs::path(folder) / name), decode_(decode), encode_(encode) {}

  Result<State> load() {
    std::error_code error;
    fs::create_directories(folder_, error);
    if (!fs::is_directory(folder_, error)) return wrong_use("--state: is no folder");
    auto text = read_text(file_, kMaxStateBytes);
    if (!text) return fail(text.error());
    if (text->empty()) return State{};
    before_ = *text;
    auto state = decode_(*text);
    if (!state) return fail(state.error().rsc, "--state: damaged: " + state.error().detail);
    return state;
  }
  Result<void> save(const State& state) {
    const std::string text = encode_(state);
    return text == before_ ? Result<void>() : replace_file(file_, text);
  }

 private:
  fs::path folder_;
  fs::path file_;
  Decode decode_;
  Encode encode_;
  std::string before_;
};

Result<int> verify_uptane(const VerifyOptions& options, Timestamp now, std::ostream& out) {
  auto ecus = ecus_of(options.ecus);
  if (!ecus) return fail(ecus.error());
  if (options.partial && ecus->size() != 1) {
    return wrong_use("--partial: needs exactly one --ecu, the one that verifies");
  }
  auto director = repository_in(options.director, "--director");
  if (!director) return fail(director.error());
  StateFile<uptane::VehicleState> file(options.state, "uptane.json", uptane::decode_vehicle_state,
                                       uptane::encode_vehicle_state);
  auto state = file.load();
  if (!state) return fail(state.error());
  if (auto done = provision(state->director, options.director_root, options.trust_first_root,
                            "--director-root");
      !done) {
    return fail(done.error());
  }
  uptane::VerifyRequest request;
  request.now = now;
  request.ecus = *std::move(ecus);
  request.vehicle = options.vehicle;
  request.trust_first_root = options.trust_first_root;
  request.director_targets_only = options.director_targets_only;
  uptane::VerifyOutcome outcome;
  if (options.partial) {
    outcome = uptane::verify_partial(*state, *director, request);
  } else {
    auto images = repository_in(options.images, "--images");
    if (!images) return fail(images.error());
    if (auto done = provision(state->images, options.images_root, options.trust_first_root,
                              "--images-root");
        !done) {
      return fail(done.error());
    }
    outcome = uptane::verify_full(*state, *director, *images, request);
  }
  if (auto done = file.save(*state); !done) return fail(done.error());
  out << outcome_json(outcome) << '\n';
  return outcome.refusal ? kRefused : kAccepted;
}

/// Targets on their way to a folder: under another name until they are known to be good.
class Downloads {
 public:
  explicit Downloads(fs::path folder) : folder_(std::move(folder)) {}

  uptane::Fetcher::Sink sink_for(const std::string& name) {
    auto file = std::make_shared<std::ofstream>(fresh(name), std::ios::binary | std::ios::trunc);
    files_[name] = file;
    return [file](ByteView piece) {
      const std::string_view text = text_of(piece);
      file->write(text.data(), static_cast<std::streamsize>(text.size()));
    };
  }
  /// Good ones come under their names. Errors: kBadRequest naming the first that could not.
  Result<void> settle(const std::vector<uptane::TargetOutcome>& targets) {
    Result<void> out;
    for (const auto& target : targets) {
      const auto file = files_.find(target.name);
      if (file == files_.end()) continue;
      file->second->close();
      std::error_code error;
      if (target.refusal) {
        fs::remove(fresh(target.name), error);
        continue;
      }
      fs::rename(fresh(target.name), folder_ / file_name(target.name), error);
      if (out && (error || file->second->fail())) {
        out = wrong_use("--download: " + target.name + " cannot be written");
      }
    }
    return out;
  }

 private:
  static std::string file_name(const std::string& name) {
    std::string out;
    for (const char c : name) {
      if (c == '/' || c == '%' || c == '\0') {
        out += c == '/' ? "%2F" : c == '%' ? "%25" : "%00";
      } else {
        out += c;
      }
    }
    return out.starts_with('.') ? "%2E" + out.substr(1) : out;
  }
  fs::path fresh(const std::string& name) const { return folder_ / (file_name(name) + ".new"); }

  fs::path folder_;
  std::map<std::string, std::shared_ptr<std::ofstream>> files_;
};

Result<int> verify_tuf(const VerifyOptions& options, Timestamp now, std::ostream& out) {
  auto repository = repository_in(options.tuf, "--tuf");
  if (!repository) return fail(repository.error());
  StateFile<uptane::TufState> file(options.state, "tuf.json", uptane::decode_tuf_state,
                                   uptane::encode_tuf_state);
  auto state = file.load();
  if (!state) return fail(state.error());
  if (auto done =
          provision(state->repository, options.tuf_root, options.trust_first_root, "--tuf-root");
      !done) {
    return fail(done.error());
  }
  uptane::TufRequest request;
  request.now = now;
  request.trust_first_root = options.trust_first_root;
  request.targets = options.targets;
  Downloads downloads(options.download);
  if (!options.download.empty()) {
    std::error_code error;
    fs::create_directories(options.download, error);
    if (!fs::is_directory(options.download, error)) return wrong_use("--download: is no folder");
    request.download = [&downloads](const std::string& name) { return downloads.sink_for(name); };
  }
  const uptane::TufOutcome outcome = uptane::verify_tuf(*state, *repository, request);
  if (auto done = file.save(*state); !done) return fail(done.error());
  if (auto done = downloads.settle(outcome.targets); !done) return fail(done.error());
  out << outcome_json(outcome) << '\n';
  return outcome.refusal ? kRefused : kAccepted;
}

Result<void> check_combination(const VerifyOptions& options) {
  if (options.state.empty()) return wrong_use("--state: must be given");
  const bool uptane = !options.director.empty() || !options.images.empty();
  if (uptane == !options.tuf.empty()) {
    return wrong_use("give either --director and --images, or --tuf");
  }
  if (uptane && options.director.empty()) return wrong_use("--director: must be given");
  if (uptane && options.images.empty() && !options.partial) {
    return wrong_use("--images: must be given, except with --partial");
  }
  return {};
}

}  // namespace

Result<Timestamp> time_of(const std::string& text) {
  if (const auto time = uptane::parse_iso_time(text)) return *time;
  std::int64_t seconds = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  constexpr std::int64_t kYear10000 = 253402300800;
  if (error != std::errc{} || end != text.data() + text.size() || text.empty() || seconds < 0 ||
      seconds >= kYear10000) {
    return wrong_use("--time: must be like 2030-01-31T12:00:00Z, or seconds since 1970");
  }
  return Timestamp{seconds * 1'000'000};
}

int run_verify(const VerifyOptions& options, std::ostream& out, std::ostream& err) {
  const auto verify = [&]() -> Result<int> {
    if (auto good = check_combination(options); !good) return fail(good.error());
    const auto now = time_of(options.time);
    if (!now) return fail(now.error());
    return options.tuf.empty() ? verify_uptane(options, *now, out) : verify_tuf(options, *now, out);
  };
  const Result<int> code = verify();
  if (code) return *code;
  err << "gatehouse-ota verify: " << code.error().detail << '\n';
  return kWrongUse;
}

}  // namespace gatehouse::ota
