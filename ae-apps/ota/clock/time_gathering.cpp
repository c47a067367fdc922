#include "ae-apps/ota/clock/time_gathering.h"

#include "ae-apps/ota/uptane/metadata.h"

namespace gatehouse::ota {

void TimeGathering::add(const std::string& server, const uptane::Checked<std::string>& answer) {
  if (words_.size() >= kMaxTimeServers) return;
  TimeKeys any = keys_;
  any.threshold = 1;
  const auto time =
      answer ? verify_time(*answer, any, nonce_)
             : uptane::Checked<Timestamp>(tl::unexpected<uptane::Refusal>(answer.error()));
  if (time) {
    good_.push_back(*answer);
    words_.push_back(server + " says " + uptane::iso_time(*time));
  } else {
    refusals_.push_back(time.error());
    words_.push_back(server + ": " + time.error().detail);
  }
}

/// One server's as it is: ECUs of an older version know nothing else.
std::string TimeGathering::text() const {
  return good_.size() == 1 ? good_.front() : join_attestations(good_);
}

bool TimeGathering::enough() const {
  return !good_.empty() && verify_time(text(), keys_, nonce_).has_value();
}

uptane::Checked<std::string> TimeGathering::result() const {
  if (enough()) return text();
  if (words_.size() == 1 && !refusals_.empty()) return uptane::refuse(refusals_.front());
  std::string detail = std::to_string(keys_.threshold) + " time servers with different keys must " +
                       "agree within " + std::to_string(keys_.tolerance.count()) + " s";
  for (const std::string& word : words_) detail += "; " + word;
  return uptane::refuse(uptane::Refusal{uptane::Reason::kThreshold, "time", {}, detail});
}

}  // namespace gatehouse::ota
