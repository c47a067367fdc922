#include "ae-apps/attestation/tnc/program/attempts.h"

#include <filesystem>
#include <fstream>

#include "ae-apps/attestation/quote/wire.h"
#include "cse/codec/json.h"

namespace gatehouse::tnc {
namespace {

constexpr std::size_t kMaxReasonBytes = 500;

}  // namespace

Attempts::Attempts(std::string file, ota::StepLog& log, Clock clock, std::size_t max_file_bytes)
    : file_(std::move(file)),
      log_(log),
      clock_(std::move(clock)),
      max_file_bytes_(max_file_bytes) {}

Attempts::~Attempts() {
  const std::lock_guard lock(mutex_);
  say_how_many();
}

void Attempts::record(const Attempt& attempt) {
  const std::lock_guard lock(mutex_);
  const auto now = clock_();
  if (now - second_ >= std::chrono::seconds(1)) {
    say_how_many();
    second_ = now;
    written_ = 0;
  }
  if (++written_ > kLinesASecond) {
    ++not_listed_;
    return;
  }
  const std::string reason = attest::printable(attempt.reason, kMaxReasonBytes);
  log_.step('T', "refused",
            {{"address", attempt.address},
             {"peer", attempt.identity},
             {"device", attempt.device},
             {"reason", reason}});
  write(to_json(Value::object({{"at", ota::timestamp_now()},
                               {"address", attempt.address},
                               {"device", attempt.device},
                               {"identity", attempt.identity},
                               {"reason", reason}})));
}

void Attempts::say_how_many() {
  if (not_listed_ == 0) return;
  const std::string count = std::to_string(not_listed_);
  log_.step('T', "not-listed", {{"count", count}});
  write(to_json(Value::object(
      {{"at", ota::timestamp_now()}, {"not_listed", static_cast<std::int64_t>(not_listed_)}})));
  not_listed_ = 0;
}

void Attempts::write(const std::string& line) {
  if (file_.empty()) return;
  std::error_code unknown;  // a file that is not there has no size
  const auto size = std::filesystem::file_size(file_, unknown);
  if (!unknown && size + line.size() > max_file_bytes_) {
    std::filesystem::rename(file_, file_ + ".1", unknown);
  }
  std::ofstream(file_, std::ios::app) << line << '\n';
}

}  // namespace gatehouse::tnc
