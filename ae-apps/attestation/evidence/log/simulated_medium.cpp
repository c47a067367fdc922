#include "ae-apps/attestation/evidence/log/medium.h"

namespace gatehouse::evidence {

bool SimulatedMedium::cut_here() {
  ++write_points_;
  return countdown_ > 0 && --countdown_ == 0;
}

SimulatedMedium::File* SimulatedMedium::find(const std::string& name) {
  const auto found = names_.find(name);
  return found == names_.end() ? nullptr : found->second.get();
}

std::map<std::string, Bytes> SimulatedMedium::contents() const {
  std::map<std::string, Bytes> all;
  for (const auto& [name, file] : names_) all[name] = file->content;
  return all;
}

void SimulatedMedium::tamper(const std::string& name, Bytes content) {
  auto file = std::make_shared<File>();
  file->content = file->durable = std::move(content);
  names_[name] = durable_names_[name] = std::move(file);
}

/// What of a file's last writes reached the medium: all, nothing, or a part, whose end may be
/// zeroes as on a real file system.
void SimulatedMedium::settle(File& file) {
  if (file.content == file.durable) return;
  switch (random_() % 4) {
    case 0:
      break;
    case 1:
      file.content = file.durable;
      break;
    default: {
      const std::size_t kept = random_() % (file.content.size() + 1);
      const bool appended =
          file.durable.size() <= file.content.size() &&
          std::equal(file.durable.begin(), file.durable.end(), file.content.begin());
      const std::size_t least = appended ? file.durable.size() : 0;
      const std::size_t end = std::max(kept, least);
      if (random_() % 2 == 0) {
        file.content.resize(end);
      } else {
        std::fill(file.content.begin() + static_cast<std::ptrdiff_t>(end), file.content.end(),
                  std::uint8_t{0});
      }
    }
  }
  file.durable = file.content;
}

void SimulatedMedium::power_cut() {
  countdown_ = full_at_ = 0;
  Names after;
  Names all = names_;
  all.insert(durable_names_.begin(), durable_names_.end());
  for (const auto& [name, unused] : all) {
    const bool now = names_.contains(name);
    const bool before = durable_names_.contains(name);
    const bool newer = now && (!before || random_() % 2 == 0);
    if (newer && !before && random_() % 2 == 0) continue;  // the new name was lost
    if (!newer && !before) continue;
    if (!now && random_() % 2 == 0) continue;  // the removal was kept
    after[name] = newer ? names_[name] : durable_names_[name];
  }
  for (const auto& [name, file] : after) settle(*file);
  names_ = after;
  durable_names_ = std::move(after);
}

Result<std::optional<Bytes>> SimulatedMedium::read(const std::string& name, std::size_t max_bytes) {
  const File* file = find(name);
  if (file == nullptr) return std::optional<Bytes>();
  if (file->content.size() > max_bytes) return fail(Rsc::kNotAcceptable, name + " is too large");
  return std::optional<Bytes>(file->content);
}

Result<void> SimulatedMedium::write(const std::string& name, ByteView content) {
  const bool cut = cut_here();
  auto& file = names_[name];
  if (!file) file = std::make_shared<File>();
  file->content.assign(
      content.begin(),
      content.begin() + static_cast<std::ptrdiff_t>(cut ? content.size() / 2 : content.size()));
  if (cut) throw PowerCut{};
  return {};
}

Result<void> SimulatedMedium::append(const std::string& name, ByteView bytes) {
  const bool cut = cut_here();
  const bool full = full_at_ > 0 && --full_at_ == 0;
  auto& file = names_[name];
  if (!file) file = std::make_shared<File>();
  gatehouse::append(file->content, bytes.first(cut || full ? bytes.size() / 2 : bytes.size()));
  if (cut) throw PowerCut{};
  if (full) return fail(Rsc::kInternalServerError, name + ": no space left");
  return {};
}

Result<void> SimulatedMedium::truncate(const std::string& name, std::uint64_t bytes) {
  if (cut_here()) throw PowerCut{};
  File* file = find(name);
  if (file == nullptr) return fail(Rsc::kInternalServerError, name + ": no such file");
  file->content.resize(static_cast<std::size_t>(bytes));
  return {};
}

Result<void> SimulatedMedium::sync(const std::string& name) {
  if (cut_here()) throw PowerCut{};
  File* file = find(name);
  if (file == nullptr) return fail(Rsc::kInternalServerError, name + ": no such file");
  file->durable = file->content;
  return {};
}

Result<void> SimulatedMedium::sync_folder(const std::string& name) {
  if (cut_here()) throw PowerCut{};
  std::erase_if(durable_names_, [&](const auto& row) {
    return folder_of(row.first) == name && !names_.contains(row.first);
  });
  for (const auto& [file_name, file] : names_) {
    if (folder_of(file_name) == name) durable_names_[file_name] = file;
  }
  return {};
}

Result<void> SimulatedMedium::rename(const std::string& from, const std::string& to) {
  if (cut_here()) throw PowerCut{};
  const auto found = names_.find(from);
  if (found == names_.end()) return fail(Rsc::kInternalServerError, from + ": no such file");
  names_[to] = found->second;
  names_.erase(from);
  return {};
}

Result<void> SimulatedMedium::remove_folder(const std::string& name) {
  if (cut_here()) throw PowerCut{};
  std::erase_if(names_, [&](const auto& row) { return row.first.starts_with(name + "/"); });
  return {};
}

}  // namespace gatehouse::evidence
