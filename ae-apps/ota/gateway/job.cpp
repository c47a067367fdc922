#include "ae-apps/ota/gateway/job.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "ae-apps/ota/program/state_files.h"
#include "cse/codec/json.h"

namespace gatehouse::gateway {
namespace {

constexpr std::size_t kMaxJobBytes = 1U << 20;
constexpr std::array<std::string_view, 8> kStates = {"offered",   "downloading", "verified",
                                                     "consented", "flashing",    "rebooted",
                                                     "failed",    "reported"};

struct TextField {
  const char* name;
  std::string Job::*member;
};
constexpr TextField kTexts[] = {
    {"id", &Job::id},
    {"ecu", &Job::ecu},
    {"url", &Job::url},
    {"version", &Job::version},
    {"name", &Job::name},
    {"from_version", &Job::from_version},
    {"notes", &Job::notes},
    {"payload_sha256", &Job::payload_sha256},
    {"offered_at", &Job::offered_at},
    {"closed_at", &Job::closed_at},
};

/// Since later versions; a job from before has none.
constexpr TextField kLaterTexts[] = {
    {"target", &Job::target},
    {"target_sha256", &Job::target_sha256},
    {"for_ecu", &Job::for_ecu},
    {"answer_by", &Job::answer_by},
    {"fit_by", &Job::fit_by},
    {"release", &Job::release},
    {"members", &Job::members},
    {"reach_by", &Job::reach_by},
    {"waits", &Job::waits},
    {"ordered_at", &Job::ordered_at},
    {"requirements", &Job::requirements},
    {"unavailable", &Job::unavailable},
};

std::filesystem::path file_of(const std::string& folder, const std::string& id) {
  return std::filesystem::path(folder) / ("job-" + id + ".json");
}

}  // namespace

std::string_view name_of(JobState state) { return kStates[static_cast<std::size_t>(state)]; }

std::string encode_job(const Job& job) {
  Value out = Value::object({{"state", name_of(job.state)}, {"image_bytes", job.image_bytes}});
  for (const TextField& field : kTexts) out.set(field.name, job.*field.member);
  for (const TextField& field : kLaterTexts) out.set(field.name, job.*field.member);
  if (job.failure) {
    out.set("failure",
            Value::object({{"stage", job.failure->stage}, {"reason", job.failure->reason}}));
  }
  if (!job.report.is_null()) out.set("report", job.report);
  if (job.set_aside) out.set("set_aside", true);
  if (!job.custom.empty()) out.set("custom", job.custom);
  if (job.duration_s != 0) out.set("duration_s", job.duration_s);
  return to_json(out);
}

Result<Job> decode_job(std::string_view text) {
  const Result<Value> tree = parse_json(text, {.max_bytes = kMaxJobBytes, .max_depth = 6});
  if (!tree) return fail(Rsc::kBadRequest, "job: " + tree.error().detail);
  Job job;
  for (const TextField& field : kTexts) {
    const Value* value = tree->find(field.name);
    if (value == nullptr || !value->is_string()) {
      return fail(Rsc::kBadRequest, std::string("job: ") + field.name + " must be a string");
    }
    job.*field.member = *value->as_string();
  }
  for (const TextField& field : kLaterTexts) job.*field.member = tree->string_at(field.name);
  const auto state = std::find(kStates.begin(), kStates.end(), tree->string_at("state"));
  if (state == kStates.end()) return fail(Rsc::kBadRequest, "job: state: no such state");
  job.state = static_cast<JobState>(state - kStates.begin());
  const std::int64_t image_bytes = tree->integer_at("image_bytes", -1);
  if (image_bytes < 0) return fail(Rsc::kBadRequest, "job: image_bytes must be a whole number");
  job.image_bytes = static_cast<std::uint64_t>(image_bytes);
  if (const Value* failure = tree->find("failure")) {
    job.failure = Failure{failure->string_at("stage"), failure->string_at("reason")};
  }
  if (const Value* report = tree->find("report")) job.report = *report;
  job.set_aside = tree->bool_at("set_aside");
  job.custom = tree->string_at("custom");  // not in what older versions wrote
  job.duration_s =
      static_cast<std::uint64_t>(std::max<std::int64_t>(tree->integer_at("duration_s"), 0));
  return job;
}

Result<std::unique_ptr<JobJournal>> JobJournal::open(const std::string& folder) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return fail(Rsc::kInternalServerError, "state_dir: cannot be created");
  std::unique_ptr<JobJournal> journal(new JobJournal(folder));
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("job-") || !name.ends_with(".json")) continue;
    const Result<std::string> text = ota::read_text(entry.path(), kMaxJobBytes);
    Result<Job> job = text ? decode_job(*text) : Result<Job>(fail(text.error()));
    if (job && name == "job-" + job->id + ".json") {
      journal->jobs_.push_back(*std::move(job));
      continue;
    }
    std::error_code ignored;
    std::filesystem::rename(entry.path(), entry.path().string() + ".damaged", ignored);
  }
  if (error) return fail(Rsc::kInternalServerError, "state_dir: cannot be read");
  std::sort(journal->jobs_.begin(), journal->jobs_.end(),
            [](const Job& a, const Job& b) { return a.offered_at < b.offered_at; });
  return journal;
}

Result<void> JobJournal::save(const Job& job) {
  const std::lock_guard lock(mutex_);
  if (hook_) hook_(false);
  if (auto stored = ota::replace_file(file_of(folder_, job.id), encode_job(job)); !stored)
    return stored;
  if (hook_) hook_(true);
  const auto known =
      std::find_if(jobs_.begin(), jobs_.end(), [&](const Job& j) { return j.id == job.id; });
  if (known != jobs_.end()) {
    *known = job;
  } else {
    jobs_.push_back(job);
  }
  forget_oldest();
  return {};
}

void JobJournal::forget_oldest() {
  const auto is_closed = [](const Job& job) { return job.closed(); };
  auto surplus = std::count_if(jobs_.begin(), jobs_.end(), is_closed) -
                 static_cast<std::ptrdiff_t>(kMaxClosed);
  for (; surplus > 0; --surplus) {
    const auto oldest = std::find_if(jobs_.begin(), jobs_.end(), is_closed);
    std::error_code ignored;
    std::filesystem::remove(file_of(folder_, oldest->id), ignored);
    jobs_.erase(oldest);
  }
}

std::vector<Job> JobJournal::jobs() const {
  const std::lock_guard lock(mutex_);
  return jobs_;
}

std::optional<Job> JobJournal::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  for (const Job& job : jobs_) {
    if (job.id == id) return job;
  }
  return std::nullopt;
}

std::optional<Job> JobJournal::open_job_of(const std::string& ecu) const {
  const std::lock_guard lock(mutex_);
  for (const Job& job : jobs_) {
    if (job.ecu == ecu && !job.closed() && !job.set_aside) return job;
  }
  return std::nullopt;
}

}  // namespace gatehouse::gateway
