#pragma once
#include <memory>
#include <optional>

#include "ae-apps/demo/configurations.h"
#include "ae-apps/demo/crew.h"
#include "ae-apps/demo/cse_client.h"
#include "ae-apps/demo/firmware.h"
#include "ae-apps/demo/keys.h"
#include "ae-apps/demo/layout.h"

namespace gatehouse::demo {

/// Everything that runs: keys, broker, IN-CSE, MN-CSE, ECUs, OTA server and gateway; and the
/// administrators' ways into the two CSEs. Threading: one thread.
class Car {
 public:
  Car(Layout layout, Crew& crew, Screen& screen)
      : layout_(std::move(layout)), crew_(crew), screen_(screen) {}

  /// Prints each thing that was set up. Errors: of the first that fails; log() tells where to look.
  Result<void> set_up(const Consent& consent);

  const Layout& layout() const { return layout_; }
  const Keys& keys() const { return keys_; }
  Desk& desk() { return *desk_; }
  CseClient& in() { return *in_; }
  CseClient& mn() { return *mn_; }
  StepFeed& feed() { return feed_; }
  /// The log of what was being done last.
  const std::filesystem::path& log() const { return log_; }
  /// The version that an ECU left the factory with.
  static constexpr const char* kFactoryVersion = "1.0.0";

 private:
  using Part = Result<std::string> (Car::*)();  ///< returns what to print about it
  Result<void> set_up_part(const char* name, Part part);
  Result<std::string> make_all_keys();
  Result<std::string> start_broker();
  Result<std::string> start_in();
  /// `what`: for the user, while it is waited for.
  Result<void> wait_until_in_reaches(const std::string& address, const std::string& what);
  Result<std::string> start_mn();
  Result<std::string> start_asn();
  Result<std::string> start_bus();
  Result<std::string> start_time_server();
  Result<std::string> start_ecus();
  Result<std::string> start_nodes();
  Result<std::string> start_server();
  Result<std::string> start_gateway();

  Result<void> start(const std::string& name, std::vector<std::string> words,
                     Variables variables = {});
  Result<void> start_cse(const std::string& type);
  Result<void> start_ecu(EcuPlan& ecu);
  Result<void> start_node(const EcuPlan& node);
  Result<void> wait_for_text(const std::string& what, const std::string& log,
                             const std::string& text);

  Layout layout_;
  Crew& crew_;
  Screen& screen_;
  Consent consent_;
  Keys keys_;
  std::optional<Desk> desk_;
  std::unique_ptr<CseClient> in_, mn_;
  StepFeed feed_;
  std::filesystem::path log_;
};

}  // namespace gatehouse::demo
