#include "ae-apps/ota/server/repositories.h"

#include <algorithm>
#include <filesystem>

#include "ae-apps/ota/coding/coded_image.h"
#include "ae-apps/ota/coding/form.h"
#include "ae-apps/ota/program/state_files.h"
#include "ae-apps/ota/repository/repository_folder.h"
#include "cse/codec/json.h"

namespace gatehouse::ota_server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxBundleBytes = 16U << 20;
constexpr std::size_t kMaxFiles = 4096;
constexpr std::size_t kMaxFileBytes = 8U << 20;
constexpr std::uint64_t kKeptIssues = 8;  ///< of a role
constexpr std::string_view kImages = "images/";
constexpr std::string_view kDirector = "director/";

/// Names that a repository has: "7.targets.json", "delegations/2.supplier.json", "timestamp.json".
bool is_metadata_name(const std::string& name) {
  return name == "timestamp.json" || uptane::role_of_file(name).has_value();
}

uptane::FileSet read_folder(const fs::path& folder) {
  uptane::FileSet out;
  std::error_code error;
  for (const auto& entry : fs::recursive_directory_iterator(folder, error)) {
    const std::string name = fs::relative(entry.path(), folder, error).generic_string();
    if (!entry.is_regular_file() || !name.ends_with(".json")) continue;
    if (auto text = ota::read_text(entry.path(), kMaxFileBytes))
      out.emplace(name, *std::move(text));
  }
  return out;
}

/// The timestamp last: whoever is cut off before it has changed nothing that counts.
Result<void> write_folder(const fs::path& folder, const uptane::FileSet& files) {
  std::error_code error;
  fs::create_directories(folder / "delegations", error);
  if (error) return fail(Rsc::kInternalServerError, "the folder of a repository cannot be made");
  for (const bool timestamp : {false, true}) {
    for (const auto& [name, text] : files) {
      if ((name == "timestamp.json") != timestamp) continue;
      const auto known = ota::read_text(folder / name, kMaxFileBytes);
      if (known && *known == text) continue;
      if (auto done = ota::replace_file(folder / name, text); !done) return done;
    }
  }
  return {};
}

Result<uptane::FileSet> files_of(std::string_view bundle) {
  const auto tree = parse_json(
      bundle, {.max_bytes = kMaxBundleBytes, .max_depth = 4, .max_values = 2 * kMaxFiles});
  if (!tree) return fail(tree.error());
  const Value* files = tree->find("files");
  if (files == nullptr || files->as_object() == nullptr) {
    return fail(Rsc::kBadRequest, "files: is no object");
  }
  uptane::FileSet out;
  for (const auto& [name, text] : *files->as_object()) {
    if (!is_metadata_name(name) || text.as_string() == nullptr) {
      return fail(Rsc::kBadRequest, "files: holds what is no metadata");
    }
    out.emplace(name, *text.as_string());
  }
  return out;
}

}  // namespace

std::string name_of_vehicle(const std::string& cse_id) {
  std::string out;
  for (const char c : cse_id) {
    if (c != '/') out += c;
  }
  return out;
}

Result<std::unique_ptr<Repositories>> Repositories::open(const UptaneSettings& settings,
                                                         std::string folder, Timestamp now) {
  std::unique_ptr<Repositories> out(new Repositories(settings, std::move(folder)));
  if (auto done = out->load(now); !done) return fail(done.error());
  return out;
}

Result<void> Repositories::load(Timestamp now) {
  const uptane::RepositoryFolder director(settings_.director_folder, uptane::Profile::kDirector);
  for (auto& [name, text] : director.metadata()) {
    const auto file = uptane::role_of_file(name);
    if (file && file->role == "root") director_roots_.emplace(name, text);
  }
  if (director_roots_.empty()) {
    return fail(Rsc::kBadRequest, "uptane.director: there is no published root in this folder");
  }
  images_ = read_folder(fs::path(folder_) / "images");
  // What has expired meanwhile is served still, for clients to judge; but nothing is ordered by it.
  if (auto described = uptane::verify_repository(images_, settings_.images_root, now)) {
    described_ = *std::move(described);
  }
  load_directors();
  return {};
}

void Repositories::load_directors() {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(fs::path(folder_) / "director", error)) {
    if (!entry.is_directory()) continue;
    Latest& latest = directors_[entry.path().filename().string()];
    latest.files = read_folder(entry.path());
    latest.version = uptane::newest_version(latest.files, "targets");
  }
}

Result<void> Repositories::take_images(std::string_view bundle, Timestamp now) {
  auto files = files_of(bundle);
  if (!files) return fail(files.error());
  auto described = uptane::verify_repository(*files, settings_.images_root, now);
  if (!described) {
    return fail(Rsc::kContentsUnacceptable, uptane::error_of(described.error()).detail);
  }
  const std::lock_guard lock(mutex_);
  for (const char* role : {"root", "snapshot"}) {
    const std::uint64_t known = uptane::newest_version(images_, role);
    if (uptane::newest_version(*files, role) >= known) continue;
    return fail(Rsc::kNotAcceptable,
                std::string(role) + ": version " + std::to_string(known) + " is there already");
  }
  // Clients follow the whole chain of roots; who is just reading the issue before finds all of it.
  for (const auto& [name, text] : images_) {
    const auto file = uptane::role_of_file(name);
    if (!file) continue;
    const bool recent = file->version + kKeptIssues > uptane::newest_version(*files, file->role);
    if (file->role == "root" || recent) files->emplace(name, text);
  }
  if (auto done = write_folder(fs::path(folder_) / "images", *files); !done) return done;
  images_ = *std::move(files);
  described_ = *std::move(described);
  return {};
}

std::map<std::string, std::string> Repositories::targets() const {
  const std::lock_guard lock(mutex_);
  std::map<std::string, std::string> out;
  for (const auto& [name, target] : described_) {
    const auto digest = target.record.hashes.find("sha256");
    if (digest != target.record.hashes.end()) out.emplace(digest->second, name);
  }
  return out;
}

bool Repositories::only_encrypted(std::string_view image_sha256) const {
  const std::lock_guard lock(mutex_);
  return std::any_of(described_.begin(), described_.end(), [&](const auto& each) {
    const uptane::TargetRecord& record = each.second.record;
    const auto digest = record.hashes.find("sha256");
    return digest != record.hashes.end() && digest->second == image_sha256 &&
           coding::encrypted_only(record.custom);
  });
}

std::string Repositories::objection_to_form(std::string_view sha256, ByteView front) const {
  const std::string reason = "shows an image in the clear that is served encrypted only";
  if (only_encrypted(sha256)) return reason;
  if (coding::is_coded(front)) {
    const auto header = coding::parse_coded_header(front);
    if (header && *header && (*header)->recipients.empty() && only_encrypted((*header)->sha256)) {
      return reason;
    }
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [name, target] : described_) {
    if (!coding::encrypted_only(target.record.custom)) continue;
    const auto forms = coding::forms_of(target.record.custom);
    if (!forms) continue;
    for (const coding::Form& form : *forms) {
      if (form.sha256 == sha256 && form.key_ids.empty()) return reason;
    }
  }
  return {};
}

Result<Repositories::Issued> Repositories::issue(const std::string& vehicle,
                                                 const std::vector<Order>& orders, Timestamp now) {
  const std::lock_guard lock(mutex_);
  const std::string name = name_of_vehicle(vehicle);
  Latest& latest = directors_[name];
  const Timestamp half = latest.made + settings_.validity / 2;
  if (latest.made.microseconds != 0 && latest.orders == orders && now < half) {
    return Issued{latest.version, false};
  }
  uptane::DirectorIssue next;
  next.vehicle = vehicle;
  next.version = latest.version + 1;
  next.now = now;
  next.validity = settings_.validity;
  for (const Order& order : orders) {
    const auto target = std::find_if(described_.begin(), described_.end(), [&](const auto& each) {
      const auto digest = each.second.record.hashes.find("sha256");
      return digest != each.second.record.hashes.end() && digest->second == order.image;
    });
    if (target == described_.end()) {
      return fail(Rsc::kNotFound, "the Image repository does not describe image " + order.image);
    }
    next.orders.push_back(
        {order.serial, order.hardware_id, target->first, target->second.record, order.release});
  }
  auto files = uptane::make_director_files(
      next, {settings_.targets_key, settings_.snapshot_key, settings_.timestamp_key});
  if (!files) return fail(files.error());
  if (auto done = write_folder(fs::path(folder_) / "director" / name, *files); !done) {
    return fail(done.error());
  }
  // A vehicle that is just reading the issue before finds all of it.
  files->merge(latest.files);
  std::erase_if(*files, [&](const auto& each) {
    const auto file = uptane::role_of_file(each.first);
    return file && file->version + kKeptIssues <= next.version;
  });
  latest = {next.version, orders, now, *std::move(files)};
  return Issued{next.version, true};
}

std::optional<std::string> Repositories::file(std::string_view path) const {
  const std::lock_guard lock(mutex_);
  const auto in = [](const uptane::FileSet& files,
                     std::string_view name) -> std::optional<std::string> {
    const auto found = files.find(name);
    return found == files.end() ? std::nullopt : std::optional(found->second);
  };
  if (path.starts_with(kImages)) return in(images_, path.substr(kImages.size()));
  if (!path.starts_with(kDirector)) return std::nullopt;
  path.remove_prefix(kDirector.size());
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const auto director = directors_.find(std::string(path.substr(0, slash)));
  if (director == directors_.end()) return std::nullopt;
  path.remove_prefix(slash + 1);
  if (auto root = in(director_roots_, path)) return root;
  return in(director->second.files, path);
}

}  // namespace gatehouse::ota_server
