#include "ae-apps/ota/image/manifest.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "cse/codec/json.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::image {
namespace {

constexpr std::size_t kMaxNameChars = 64;
constexpr std::size_t kMaxRequirements = 16;
constexpr std::size_t kMaxRequirementChars = 128;
constexpr std::size_t kMaxNotesChars = 2048;
constexpr std::uint64_t kMaxDurationS = 24 * 3600;
constexpr std::size_t kMaxUnavailableChars = 512;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_alphanumeric(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_plain_name(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameChars &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '.' || c == '_' || c == '-'; });
}

/// Dot-separated identifiers; `numbers` refuses leading zeros in those of digits only.
bool are_identifiers(std::string_view text, bool numbers) {
  for (;;) {
    const std::string_view item = text.substr(0, text.find('.'));
    if (item.empty()) return false;
    if (!std::all_of(item.begin(), item.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-'; })) {
      return false;
    }
    const bool all_digits = std::all_of(item.begin(), item.end(), is_digit);
    if (numbers && all_digits && item.size() > 1 && item.front() == '0') return false;
    if (item.size() == text.size()) return true;
    text.remove_prefix(item.size() + 1);
  }
}

/// The first member that breaks a rule; nullopt if none does.
std::optional<std::string> fault_of(const Manifest& m) {
  if (!is_plain_name(m.name)) return "name is not 1..64 of [A-Za-z0-9._-]";
  if (!is_semantic_version(m.version)) return "version is no semantic version";
  if (!is_plain_name(m.hardware_id)) return "hardware_id is not 1..64 of [A-Za-z0-9._-]";
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (m.release_counter > kMax) return "release_counter is too large";
  if (m.payload_bytes > kMax) return "length is too large";
  if (!parse_timestamp(m.created)) return "created is no timestamp";
  if (m.requirements.size() > kMaxRequirements) return "requires has more than 16 items";
  for (const std::string& requirement : m.requirements) {
    if (requirement.empty() || requirement.size() > kMaxRequirementChars) {
      return "an item of requires is empty or longer than 128 characters";
    }
  }
  if (m.notes.size() > kMaxNotesChars) return "notes are longer than 2048 characters";
  if (m.duration_s > kMaxDurationS) return "duration_s is more than a day";
  if (m.unavailable.size() > kMaxUnavailableChars) {
    return "unavailable is longer than 512 characters";
  }
  return std::nullopt;
}

std::string write(const Manifest& m) {
  Value requirements = Value::array();
  for (const std::string& requirement : m.requirements) requirements.push_back(requirement);
  Value out = Value::object({{"created", m.created}});
  if (m.duration_s != 0) out.set("duration_s", m.duration_s);
  out.set("hardware_id", m.hardware_id)
      .set("length", m.payload_bytes)
      .set("name", m.name)
      .set("notes", m.notes)
      .set("release_counter", m.release_counter)
      .set("requires", std::move(requirements))
      .set("sha256", to_hex(m.payload_sha256));
  if (!m.unavailable.empty()) out.set("unavailable", m.unavailable);
  out.set("version", m.version);
  return to_json(out);
}

/// Reads members and remembers the first one that is missing or of another type.
class Reader {
 public:
  explicit Reader(const Value& object) : object_(object) {}

  std::string text(std::string_view name) {
    const Value* value = object_.find(name);
    if (value != nullptr && value->is_string()) return *value->as_string();
    blame(name, "a text");
    return {};
  }
  std::uint64_t number(std::string_view name) {
    const Value* value = object_.find(name);
    const auto integer = value == nullptr ? std::nullopt : value->as_integer();
    if (integer && *integer >= 0) return static_cast<std::uint64_t>(*integer);
    blame(name, "a whole number from 0");
    return 0;
  }
  std::vector<std::string> texts(std::string_view name) {
    const Value* value = object_.find(name);
    std::vector<std::string> out;
    const Value::Array* items = value == nullptr ? nullptr : value->as_array();
    if (items == nullptr) blame(name, "a list of texts");
    for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
      if (!(*items)[i].is_string()) {
        blame(name, "a list of texts");
        break;
      }
      out.push_back(*(*items)[i].as_string());
    }
    return out;
  }
  crypto::Sha256Digest digest(std::string_view name) {
    crypto::Sha256Digest out{};
    const Result<Bytes> bytes = from_hex(text(name));
    if (bytes && bytes->size() == out.size()) {
      std::copy(bytes->begin(), bytes->end(), out.begin());
    } else {
      blame(name, "64 hexadecimal digits");
    }
    return out;
  }
  const std::string& fault() const { return fault_; }

 private:
  void blame(std::string_view name, std::string_view expected) {
    if (fault_.empty()) fault_ = std::string(name) + " is not " + std::string(expected);
  }
  const Value& object_;
  std::string fault_;
};

}  // namespace

bool is_semantic_version(std::string_view text) {
  if (text.size() > kMaxNameChars) return false;
  const std::size_t plus = text.find('+');
  if (plus != std::string_view::npos && !are_identifiers(text.substr(plus + 1), false)) {
    return false;
  }
  text = text.substr(0, plus);
  const std::size_t dash = text.find('-');
  if (dash != std::string_view::npos && !are_identifiers(text.substr(dash + 1), true)) {
    return false;
  }
  const std::string_view core = text.substr(0, dash);
  return std::count(core.begin(), core.end(), '.') == 2 && are_identifiers(core, true) &&
         std::all_of(core.begin(), core.end(), [](char c) { return is_digit(c) || c == '.'; });
}

Result<std::string> encode_manifest(const Manifest& manifest) {
  if (const auto fault = fault_of(manifest)) return fail(Rsc::kBadRequest, "manifest: " + *fault);
  std::string json = write(manifest);
  if (json.size() > kMaxManifestBytes) return fail(Rsc::kBadRequest, "manifest: too long");
  // What the codec would not read (a text that is not UTF-8) must not be signed.
  const Result<Manifest> back = parse_manifest(json);
  if (!back) return fail(back.error());
  return json;
}

Result<Manifest> parse_manifest(std::string_view json) {
  const Result<Value> tree = parse_json(json, {.max_bytes = kMaxManifestBytes, .max_depth = 4});
  if (!tree) return fail(Rsc::kBadRequest, "manifest: " + tree.error().detail);
  if (!tree->is_object()) return fail(Rsc::kBadRequest, "manifest: not an object");
  Reader reader(*tree);
  Manifest m;
  m.created = reader.text("created");
  if (tree->contains("duration_s")) m.duration_s = reader.number("duration_s");
  m.hardware_id = reader.text("hardware_id");
  m.payload_bytes = reader.number("length");
  m.name = reader.text("name");
  m.notes = reader.text("notes");
  m.release_counter = reader.number("release_counter");
  m.requirements = reader.texts("requires");
  m.payload_sha256 = reader.digest("sha256");
  if (tree->contains("unavailable")) m.unavailable = reader.text("unavailable");
  m.version = reader.text("version");
  if (!reader.fault().empty()) return fail(Rsc::kBadRequest, "manifest: " + reader.fault());
  if (const auto fault = fault_of(m)) return fail(Rsc::kBadRequest, "manifest: " + *fault);
  if (write(m) != json) {
    return fail(Rsc::kBadRequest, "manifest: not canonical (order, blanks or unknown members)");
  }
  return m;
}

std::optional<ReleaseRequirement> required_release(const std::vector<std::string>& requirements) {
  constexpr std::string_view kPrefix = "release=";
  for (const std::string& each : requirements) {
    if (!each.starts_with(kPrefix)) continue;
    const std::size_t slash = each.find('/');
    ReleaseRequirement out;
    out.name = each.substr(kPrefix.size(), slash - kPrefix.size());
    if (slash == std::string::npos) return out;  // of nobody knows how many: never complete
    const char* end = each.data() + each.size();
    const auto [stop, error] = std::from_chars(each.data() + slash + 1, end, out.count);
    if (error != std::errc() || stop != end) out.count = 0;
    return out;
  }
  return std::nullopt;
}

}  // namespace gatehouse::image
