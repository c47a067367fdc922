#include "ae-apps/demo/keep.h"

namespace gatehouse::demo {
namespace {

/// Long enough for anybody; every wait has a bound.
constexpr Milliseconds kKeepLimit = std::chrono::hours(24);

std::string mqtt_options(const Layout& layout) {
  return "-h localhost -p " + std::to_string(layout.broker_port) + " --cafile " +
         layout.authority() + " --cert " + layout.certificate("admin") + " --key " +
         layout.key("admin");
}

}  // namespace

Result<void> keep_running(Car& car, Crew& crew, Screen& screen) {
  const Layout& layout = car.layout();
  const std::string curl = "curl -K " + layout.file("curl.conf") + " ";
  const std::string in = layout.in_url() + "/";
  const std::string ecu = layout.ecus.front().serial;
  const std::string request = R"({"op":2,"to":"cse-in","fr":"CAdmin","rqi":"1","rvi":"3"})";
  screen.chapter("", "It is running. Lines to try in another terminal:");
  screen.text("# the IN-CSE; an ECU's [firmware] at the MN-CSE, two hops away; what was verified");
  screen.text(curl + in + "cse-in");
  screen.text(curl + in + "~/id-mn/cse-mn/ecu-" + ecu + "/firmware");
  screen.text(curl + in + "cse-in/ota-server/history-" + ecu + "/la");
  for (const EcuPlan& node : layout.ecus) {
    if (node.is_node()) screen.text(curl + in + "~" + node.node_address() + "/firmware");
  }
  screen.text("# all nodes of cars, as they are announced; and a question to the car");
  screen.text(curl + "'" + in + "cse-in?fu=1&ty=10014'");
  screen.text(curl +
              "-H 'Content-Type: application/json;ty=4' -d "
              R"('{"m2m:cin":{"con":{"ask":"/id-mn"}}}' )" +
              in + "cse-in/ota-server/commands");
  screen.text("# the same by MQTT: listen for the answer, then ask");
  screen.text("mosquitto_sub " + mqtt_options(layout) +
              " -C 1 -v -t '/oneM2M/resp/id-in:CAdmin/#' &");
  screen.text("sleep 1; mosquitto_pub " + mqtt_options(layout) +
              " -q 1 -t /oneM2M/req/id-in:CAdmin/id-in/json -m '" + request + "'");
  screen.text("# for people");
  screen.text("the gateway's display: http://127.0.0.1:" + std::to_string(layout.display_port) +
              "/");
  screen.text("logs: " + (layout.work / "logs").string());
  screen.text("\nCtrl-C ends it; the folder stays.");
  return crew.wait_until("", kKeepLimit, [] { return interrupted(); });
}

}  // namespace gatehouse::demo
