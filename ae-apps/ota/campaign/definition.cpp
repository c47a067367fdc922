#include "ae-apps/ota/campaign/definition.h"

#include <algorithm>
#include <set>

#include "ae-apps/ota/program/member_reader.h"
#include "cse/codec/json.h"

namespace gatehouse::campaign {
namespace {

using ota::MemberReader;

constexpr DecodeLimits kLimits{
    .max_bytes = Definition::kMaxBytes, .max_depth = 8, .max_values = 50'000};
constexpr std::size_t kMaxText = 500;
constexpr std::int64_t kMicrosecondsOfDay = 86'400'000'000, kMicrosecondsOfMinute = 60'000'000;

constexpr std::pair<std::string_view, Command::Kind> kCommands[] = {
    {"dry-run", Command::Kind::kDryRun}, {"approve", Command::Kind::kApprove},
    {"pause", Command::Kind::kPause},    {"resume", Command::Kind::kResume},
    {"stop", Command::Kind::kStop},      {"retry", Command::Kind::kRetry}};

/// Members that only people read. Those of user_information and compatibility are texts, too.
constexpr std::string_view kUserInformation[] = {"purpose",  "criticality", "changes",
                                                 "duration", "unavailable", "instructions"};
constexpr std::string_view kCompatibility[] = {"statement",    "regulations",   "rxswin_before",
                                               "rxswin_after", "type_approval", "assessed_by"};

bool is_name(std::string_view text) {
  return !text.empty() && text.size() <= 48 && text.front() != '.' && text.front() != '-' &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return (c < 128 && std::isalnum(c) != 0) || c == '-' || c == '_' || c == '.';
         });
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

Result<Value> object_of(const Value& content) {
  const std::string* text = content.as_string();
  if (text == nullptr) {
    if (content.is_object()) return content;
    return fail(Rsc::kBadRequest, "con (content): must be an object or its JSON text");
  }
  Result<Value> tree = parse_json(*text, kLimits);
  if (!tree) return fail(Rsc::kBadRequest, "con (content): " + tree.error().detail);
  if (!tree->is_object()) return fail(Rsc::kBadRequest, "con (content): must be a JSON object");
  return tree;
}

std::vector<std::string> read_names(MemberReader& in, std::string_view name) {
  std::vector<std::string> out = in.texts(name);
  if (out.size() > Definition::kMaxNames) {
    in.fault(name, "must hold at most " + std::to_string(Definition::kMaxNames) + " items");
  }
  if (std::any_of(out.begin(), out.end(), [](const auto& each) { return each.size() > 128; })) {
    in.fault(name, "must hold texts of at most 128 characters");
  }
  if (in.has(name) && out.empty()) in.fault(name, "must hold at least one item, or not be there");
  return out;
}

Filter read_filter(MemberReader& parent, const std::string& prefix) {
  const Value* object = parent.object("filter");
  if (object == nullptr) return {};
  MemberReader in(*object, prefix + "filter.");
  Filter out;
  out.labels = read_names(in, "labels");
  out.vehicles = read_names(in, "vehicles");
  out.except = read_names(in, "except");
  out.versions = read_names(in, "versions");
  out.ecus = read_names(in, "ecus");
  if (!prefix.empty() && !out.ecus.empty()) in.fault("ecus", "belongs to the whole campaign");
  if (out.labels.size() > 16) in.fault("labels", "must hold at most 16 items");
  if (const auto done = in.finish(); !done) parent.adopt(done.error());
  return out;
}

unsigned read_percent(MemberReader& in, std::string_view name, std::int64_t least,
                      unsigned fallback) {
  return static_cast<unsigned>(in.whole(name, least, 100, fallback));
}

Result<Stage> read_stage(const Value& object, const std::string& prefix, bool last) {
  MemberReader in(object, prefix);
  Stage out;
  out.name = in.text("name", true);
  if (!is_name(out.name)) in.fault("name", "must be 1 to 48 letters, digits, '-', '_' or '.'");
  out.filter = read_filter(in, prefix);
  if (in.has("vehicles")) {
    out.vehicles = static_cast<std::uint64_t>(in.whole("vehicles", 1, 10'000'000, 1));
  }
  if (in.has("percent")) out.percent = read_percent(in, "percent", 1, 100);
  if (out.vehicles && out.percent) in.fault("percent", "vehicles is there, too; one of them only");
  if (last && (out.vehicles || (out.percent && *out.percent < 100) || !out.filter.empty())) {
    const char* what = out.vehicles ? "vehicles" : out.percent ? "percent" : "filter";
    in.fault(what, "the last stage takes all vehicles that are left; nothing may narrow it");
  }
  out.success_percent = read_percent(in, "success_percent", 1, 100);
  out.error_percent = read_percent(in, "error_percent", 0, 0);
  if (!last && out.success_percent + out.error_percent > 100) {
    in.fault("error_percent", "and success_percent are more than 100 together");
  }
  out.soak = std::chrono::seconds(in.whole("soak_s", 0, 90 * 86'400, 0));
  out.hold = in.truth("hold", false);
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

void read_stages(MemberReader& in, Definition& out) {
  const Value::Array* items = in.has("stages") ? in.list("stages", true) : nullptr;
  if (items == nullptr) {
    out.stages.push_back({});
    out.stages.back().name = "all";
    return;
  }
  if (items->size() > Definition::kMaxStages) {
    return in.fault("stages", "must hold at most 32 stages");
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < items->size() && in.good(); ++i) {
    const std::string prefix = "stages[" + std::to_string(i) + "].";
    Result<Stage> stage = read_stage((*items)[i], prefix, i + 1 == items->size());
    if (!stage) return in.adopt(stage.error());
    if (!names.insert(stage->name).second) {
      in.fault(prefix + "name", "is the name of another stage, too");
    }
    out.stages.push_back(*std::move(stage));
  }
}

void read_images(MemberReader& in, Definition& out) {
  in.list("images", true);
  out.images = in.texts("images");
  if (out.images.size() > Definition::kMaxImages) in.fault("images", "must hold at most 64 items");
  std::set<std::string> seen;
  for (std::size_t i = 0; i < out.images.size(); ++i) {
    const std::string name = "images[" + std::to_string(i) + "]";
    if (!is_sha256(out.images[i])) in.fault(name, "must be a SHA-256 of 64 small hex digits");
    if (!seen.insert(out.images[i]).second) in.fault(name, "is there twice");
  }
}

std::optional<Timestamp> read_time(MemberReader& in, std::string_view name) {
  if (!in.has(name)) return std::nullopt;
  const auto time = parse_timestamp(in.text(name, true));
  if (!time) in.fault(name, "must be an m2m:timestamp in UTC: 20301231T235900");
  return time;
}

std::optional<int> minute_of(const std::string& text) {
  const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
  if (text.size() != 5 || text[2] != ':' || !digit(0) || !digit(1) || !digit(3) || !digit(4)) {
    return std::nullopt;
  }
  const int hours = (text[0] - '0') * 10 + (text[1] - '0');
  const int minutes = (text[3] - '0') * 10 + (text[4] - '0');
  if (hours > 23 || minutes > 59) return std::nullopt;
  return hours * 60 + minutes;
}

void read_schedule(MemberReader& in, Definition& out) {
  out.start = read_time(in, "start");
  out.end = read_time(in, "end");
  if (out.start && out.end && *out.end <= *out.start) in.fault("end", "must be later than start");
  const Value* object = in.object("window");
  if (object == nullptr) return;
  MemberReader at(*object, "window.");
  Window window;
  for (auto [name, minute] : {std::pair{"from", &window.from_minute}, {"to", &window.to_minute}}) {
    const auto given = minute_of(at.text(name, true));
    if (!given) at.fault(name, "must be a time of day in UTC: 22:30");
    *minute = given.value_or(0);
  }
  if (window.from_minute == window.to_minute) at.fault("to", "must not be the same as from");
  if (const auto done = at.finish(); !done) in.adopt(done.error());
  out.window = window;
}

template <std::size_t N>
void read_texts_for_people(MemberReader& parent, std::string_view name,
                           const std::string_view (&members)[N]) {
  const Value* object = parent.object(name);
  if (object == nullptr) return;
  MemberReader in(*object, std::string(name) + ".");
  for (const std::string_view member : members) {
    if (in.text(member, false).size() > 4'000) {
      in.fault(member, "must have at most 4000 characters");
    }
  }
  if (const auto done = in.finish(); !done) parent.adopt(done.error());
}

}  // namespace

bool Window::holds(Timestamp now) const {
  const auto minute =
      static_cast<int>(now.microseconds % kMicrosecondsOfDay / kMicrosecondsOfMinute);
  if (from_minute < to_minute) return minute >= from_minute && minute < to_minute;
  return minute >= from_minute || minute < to_minute;
}

Result<Definition> parse_definition(const Value& content, const std::string& author) {
  Result<Value> object = object_of(content);
  if (!object) return fail(object.error());
  Definition out;
  MemberReader in(*object, "");
  out.name = in.text("name", true);
  if (!is_name(out.name)) in.fault("name", "must be 1 to 48 letters, digits, '-', '_' or '.'");
  if (in.text("description", false).size() > 4'000) {
    in.fault("description", "must have at most 4000 characters");
  }
  read_images(in, out);
  out.filter = read_filter(in, "");
  read_stages(in, out);
  out.approvals = static_cast<unsigned>(in.whole("approvals", 1, 8, 1));
  out.attempts = static_cast<unsigned>(in.whole("attempts", 1, 10, 1));
  out.rate_per_minute = static_cast<std::uint64_t>(in.whole("rate_per_minute", 1, 10'000'000, 600));
  out.max_open = static_cast<std::uint64_t>(in.whole("max_open", 1, 1'000'000, 200));
  out.answer_timeout = std::chrono::seconds(in.whole("answer_timeout_s", 1, 90 * 86'400, 600));
  read_schedule(in, out);
  out.terms.allow_gateway_level = in.truth("allow_gateway_level", true);
  read_texts_for_people(in, "user_information", kUserInformation);
  read_texts_for_people(in, "compatibility", kCompatibility);
  if (const auto done = in.finish(); !done) return fail(done.error());
  if (author.empty()) {
    return fail(Rsc::kBadRequest,
                "cr (creator): is missing; CREATE the instance with \"cr\": null, so that the CSE "
                "says who its author is");
  }
  out.author = author;
  out.source = *std::move(object);
  return out;
}

std::string_view name_of(Command::Kind kind) {
  for (const auto& [name, each] : kCommands) {
    if (each == kind) return name;
  }
  return {};
}

Result<Command> parse_command(const Value& content) {
  const Result<Value> object = object_of(content);
  if (!object) return fail(object.error());
  MemberReader in(*object, "");
  Command out;
  const std::string word = in.text("command", true);
  const auto known = std::find_if(std::begin(kCommands), std::end(kCommands),
                                  [&](const auto& each) { return each.first == word; });
  if (known == std::end(kCommands)) {
    in.fault("command", "must be dry-run, approve, pause, resume, stop or retry");
  } else {
    out.kind = known->second;
  }
  out.campaign = in.text("campaign", true);
  out.vehicle = in.text("vehicle", false);
  if (!out.vehicle.empty() && out.kind != Command::Kind::kRetry) {
    in.fault("vehicle", "belongs to retry alone");
  }
  out.reason = in.text("reason", false).substr(0, kMaxText);
  if (const auto done = in.finish(); !done) return fail(done.error());
  return out;
}

}  // namespace gatehouse::campaign
