#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "ae-apps/demo/car.h"
#include "ae-apps/ota/image/version_report.h"

namespace gatehouse::demo {

/// What became of an ECU, for the summary.
struct Outcome {
  std::string ecu, level, before, after, evidence;
  Duration took{0};
};
struct Refusal {
  std::string what, ecu, by, reason, still_runs;
};

/// What others do in between.
struct StoryHooks {
  /// A new release is made, and not yet uploaded.
  std::function<Result<void>(const EcuPlan&, const Image&)> released = {};
  /// All ECUs are updated, and nothing was attacked yet.
  std::function<Result<void>()> updated = {};
};

/// The steps A to H for all ECUs in one release, then what must be refused. Each step is printed as
/// it happens, and is over only once its evidence was seen. Threading: one thread.
class Story {
 public:
  Story(Car& car, Crew& crew, Screen& screen, bool ask, StoryHooks hooks = {})
      : car_(car), crew_(crew), screen_(screen), ask_(ask), hooks_(std::move(hooks)) {}

  /// Errors: why the step in where() failed.
  Result<void> tell();
  void print_summary(Duration took) const;
  /// "step E (download and verify) of BRAKE-0001"
  const std::string& where() const { return where_; }
  /// Log file that tells more about it.
  const std::filesystem::path& log() const { return log_; }

 private:
  using Clock = std::chrono::steady_clock;

  // One update (update_story.cpp).
  Result<void> update_all();
  Result<void> publish(const EcuPlan& ecu, bool with_handshakes);
  Result<void> decide();                                // G
  Result<void> make_image(const EcuPlan& ecu);          // A
  Result<void> shake_all_hands();                       // B, C
  Result<void> refuse_false_name();                     // B
  Result<void> upload(const EcuPlan& ecu);              // A
  Result<void> inquire(const EcuPlan& ecu);             // D
  Result<void> offer_and_download(const EcuPlan& ecu);  // E
  Result<void> consent(const EcuPlan& ecu);             // F
  Result<void> flash(const EcuPlan& ecu);               // G
  Result<void> confirm(const EcuPlan& ecu);             // H
  Result<void> see_at_in_cse(const EcuPlan& ecu);
  Result<void> see_own_objects(const EcuPlan& ecu);

  // A campaign (campaign_story.cpp).
  Result<void> show_campaign();
  Result<void> define_campaign();
  Result<void> approve_campaign();
  /// "con" of an instance below the server, once it is there.
  Result<Value> content_of(const std::string& instance);

  // What must be refused (refusal_story.cpp).
  Result<void> refuse_altered(const EcuPlan& ecu);
  Result<void> refuse_older(const EcuPlan& ecu);
  Result<void> roll_back(const EcuPlan& ecu);
  Result<void> refuse_stray_tester(const EcuPlan& ecu);
  Result<void> still_runs(char letter, const EcuPlan& ecu, const std::string& version,
                          Refusal refusal);
  Result<void> upload_for(const EcuPlan& ecu, const Release& release, Image& out);
  /// The gateway's refusal at that stage, with `cause` in its reason; and the server knows of it.
  Result<StepEvent> await_refusal(char letter, const EcuPlan& ecu, const std::string& stage,
                                  const std::string& cause);
  Result<std::string> see_failure(const EcuPlan& ecu, const std::string& version);

  // Watching (story.cpp).
  void begin(const std::string& where, const std::string& log);
  /// The first such event since mark(). Errors: as Crew::wait_until; kNotAcceptable at once if the
  /// ECU's update is refused meanwhile, unless `refusals_are_fine`.
  Result<StepEvent> await(const std::string& source, char letter, const std::string& event,
                          const EcuPlan* ecu, Milliseconds limit, bool refusals_are_fine = false);
  /// The next notification that the MN-CSE has sent to the gateway and got acknowledged.
  Result<StepLine> await_notification();
  /// Events from before do not count any more.
  void mark();
  /// Since the last call, for the time that a step took; up to the event that was awaited last, or
  /// until now.
  Duration lap();
  /// Verifies the newest report of the ECU with that purpose, with our own eyes: signature, nonce,
  /// serial, hardware id.
  Result<image::VersionReport> check_report(const EcuPlan& ecu, const std::string& purpose,
                                            std::string& nonce, std::string& key_id);
  /// Where the object of the ECU ("firmware", "device-info") was announced to.
  Result<std::string> announced(const EcuPlan& ecu, const std::string& object);
  Result<void> expect_announced(const EcuPlan& ecu, const std::string& object,
                                const std::string& attribute, const std::string& value,
                                StepLine& line);

  Car& car_;
  Crew& crew_;
  Screen& screen_;
  const bool ask_;
  const StoryHooks hooks_;
  std::string where_ = "the beginning";
  std::filesystem::path log_;
  std::size_t mark_ = 0;
  std::size_t notification_mark_ = 0;
  Clock::time_point lap_ = Clock::now();
  std::optional<Clock::time_point> now_;         ///< when the awaited event was seen
  std::map<std::string, std::string> versions_;  ///< by serial, as proven last
  std::map<std::string, Image> updates_;         ///< by serial
  std::string proof_;                            ///< of the last update
  std::vector<Outcome> outcomes_;
  std::vector<Refusal> refusals_;
};

}  // namespace gatehouse::demo
