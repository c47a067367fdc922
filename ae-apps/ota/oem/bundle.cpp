#include "ae-apps/ota/oem/bundle.h"

#include "ae-apps/ota/coding/form.h"
#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/oem/commands.h"
#include "ae-apps/ota/oem/draft.h"
#include "ae-apps/ota/repository/whole_repository.h"
#include "ae-apps/ota/uptane/verification.h"
#include "cse/codec/json.h"

namespace gatehouse::oem {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxMetadataBytes = 8U << 20;

/// The files of a repository, of several folders, each with or without "metadata" in it.
uptane::FileSet read_folders(const std::vector<std::string>& folders) {
  uptane::FileSet out;
  for (const std::string& name : folders) {
    const fs::path folder(name);
    std::error_code error;
    const fs::path inner = folder / "metadata";
    const fs::path root = fs::is_directory(inner, error) ? inner : folder;
    for (const auto& entry : fs::recursive_directory_iterator(root, error)) {
      const std::string file = fs::relative(entry.path(), root, error).generic_string();
      const bool metadata = file == "timestamp.json" || file == "targets.json" ||
                            uptane::role_of_file(file).has_value();
      if (!entry.is_regular_file() || !metadata) continue;
      const auto text = crypto::read_file(entry.path().string(), kMaxMetadataBytes);
      if (text) out.emplace(file, std::string(text_of(*text)));
    }
  }
  return out;
}

/// Beside what newest_files() keeps: targets without a version, for ECUs that verify partially.
uptane::FileSet newest_of_director(const uptane::FileSet& files) {
  uptane::FileSet out = uptane::newest_files(files);
  const auto plain = files.find("targets.json");
  if (plain != files.end()) out.insert(*plain);
  return out;
}

Result<void> put(const fs::path& file, ByteView content) {
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  return write_whole(file.string(), content);
}

Result<void> put_all(const fs::path& folder, const uptane::FileSet& files) {
  for (const auto& [name, text] : files) {
    if (auto done = put(folder / name, view_of(text)); !done) return done;
  }
  return {};
}

/// The image of a target where RepositoryFolder::add_image has put it.
Result<void> copy_image(const fs::path& repository, const fs::path& files,
                        const uptane::TargetOutcome& target) {
  const auto digest = target.order.hashes.find("sha256");
  if (digest == target.order.hashes.end()) {
    return fail(Rsc::kNotAcceptable, target.name + ": has no SHA-256");
  }
  const fs::path name(target.name);
  const fs::path place = repository / "targets" / name.parent_path() /
                         (digest->second + "." + name.filename().string());
  const auto image = crypto::read_file(place.string(), kMaxFileBytes);
  if (!image || to_hex(crypto::sha256(*image)) != digest->second) {
    return fail(Rsc::kNotFound, target.name + ": the image is not in the repository");
  }
  return put(files / digest->second, *image);
}

/// Forms and bill of materials, as far as they are there: a vehicle can do without.
Result<void> copy_attachments(const fs::path& repository, const fs::path& files,
                              const uptane::TargetOutcome& target) {
  std::vector<std::string> names;
  const auto forms = coding::forms_of(target.custom);
  for (const auto& form : forms ? *forms : std::vector<coding::Form>())
    names.push_back(form.sha256);
  if (const auto sbom = coding::sbom_of(target.custom)) names.push_back(sbom->sha256);
  for (const std::string& name : names) {
    const auto content =
        crypto::read_file((repository / "artifacts" / name).string(), kMaxFileBytes);
    if (!content || to_hex(crypto::sha256(*content)) != name) continue;
    if (auto done = put(files / name, *content); !done) return done;
  }
  return {};
}

}  // namespace

Result<void> make_bundle(const RepositoryRequest& images, const BundleRequest& request,
                         std::ostream& out) {
  const uptane::FileSet director = newest_of_director(read_folders(request.director));
  const uptane::FileSet described = uptane::newest_files(read_folders({images.folder.string()}));
  uptane::MemoryFetcher director_fetcher(director);
  uptane::MemoryFetcher images_fetcher(described);
  uptane::VerifyRequest as_vehicle;
  as_vehicle.now = images.now;
  as_vehicle.vehicle = request.vehicle;
  as_vehicle.trust_first_root = true;
  as_vehicle.check_images = false;  // below, while they are copied
  uptane::VehicleState fresh;
  const auto outcome = uptane::verify_full(fresh, director_fetcher, images_fetcher, as_vehicle);
  if (outcome.refusal) return fail(uptane::error_of(*outcome.refusal));
  if (outcome.targets.empty()) return fail(Rsc::kNotFound, "the Director orders nothing");

  std::error_code error;
  fs::remove(request.out / "gatehouse-bundle.json", error);  // it is not whole meanwhile
  fs::remove_all(request.out / "director", error);
  fs::remove_all(request.out / "images", error);
  Value names = Value::array();
  for (const uptane::TargetOutcome& target : outcome.targets) {
    const fs::path files = request.out / "files";
    if (auto done = copy_image(images.folder, files, target); !done) return done;
    if (auto done = copy_attachments(images.folder, files, target); !done) return done;
    names.push_back(target.name);
    out << target.name << ": " << target.order.length << " bytes\n";
  }
  if (auto done = put_all(request.out / "director", director); !done) return done;
  if (auto done = put_all(request.out / "images", described); !done) return done;
  return put(request.out / "gatehouse-bundle.json",
             view_of(to_json(Value::object({{"format", 1},
                                            {"vehicle", request.vehicle},
                                            {"made", uptane::iso_time(images.now)},
                                            {"targets", std::move(names)}}))));
}

}  // namespace gatehouse::oem
