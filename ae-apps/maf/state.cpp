#include "ae-apps/maf/state.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "cse/codec/json.h"

namespace gatehouse::maf {
namespace {

tl::unexpected<Error> damaged(const std::string& what) {
  return fail(Rsc::kInternalServerError, "the MAF's state: " + what);
}

Result<Timestamp> time_at(const Value& item, const char* name) {
  const auto time = parse_timestamp(item.string_at(name));
  if (!time) return damaged(std::string(name) + " of " + item.string_at("rn") + " is no timestamp");
  return *time;
}

bool write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t wrote = ::write(descriptor, text.data(), text.size());
    if (wrote < 0) return false;
    text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

Result<KeyRegistration> read_key(const Value& item) {
  const auto created = time_at(item, "ct"), modified = time_at(item, "lt"),
             expires = time_at(item, "et");
  for (const auto* time : {&created, &modified, &expires}) {
    if (!*time) return fail(time->error());
  }
  KeyRegistration key{item.string_at("rn"),
                      item.string_at("kv"),
                      item.string_at("cr"),
                      item.integer_at("suid"),
                      item.strings_at("tgis"),
                      *created,
                      *modified,
                      *expires};
  if (key.relative_key_id.empty() || key.key_hex.empty() || key.creator.empty()) {
    return damaged("a key without rn, kv or cr");
  }
  return key;
}

}  // namespace

Result<State> read_state(const Value& state) {
  State read;
  const Value* clients = state.find("clients");
  const Value* keys = state.find("keys");
  for (const Value& item : clients && clients->as_array() ? *clients->as_array() : Value::Array()) {
    const auto created = time_at(item, "ct"), expires = time_at(item, "et");
    if (!created) return fail(created.error());
    if (!expires) return fail(expires.error());
    ClientRegistration client{item.string_at("rn"), item.string_at("cr"), *created, *expires};
    read.clients.emplace(client.creator, client);
  }
  for (const Value& item : keys && keys->as_array() ? *keys->as_array() : Value::Array()) {
    auto key = read_key(item);
    if (!key) return fail(key.error());
    const std::string id = key->relative_key_id;
    read.keys.emplace(id, *std::move(key));
  }
  return read;
}

Result<Value> load_file(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0) return Value::object();
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return damaged(file.string() + " may be read by others than its owner; chmod 600");
  }
  std::ifstream in(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  auto value = parse_json(text);
  if (!value || !value->is_object()) return damaged(file.string() + " is no JSON object");
  return value;
}

Result<void> save_file(const std::filesystem::path& file, const Value& state) {
  const std::string beside = file.string() + ".new", text = to_json(state) + "\n";
  const int descriptor = ::open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0) return damaged(beside + " cannot be written");
  const bool written = write_all(descriptor, text) && ::fsync(descriptor) == 0;
  ::close(descriptor);
  if (!written || ::rename(beside.c_str(), file.c_str()) != 0) {
    return damaged(file.string() + " cannot be written");
  }
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : ".";
  const int parent = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent >= 0) {
    ::fsync(parent);
    ::close(parent);
  }
  return {};
}

}  // namespace gatehouse::maf
