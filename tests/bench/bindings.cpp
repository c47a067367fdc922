#include "tests/bench/bindings.h"

#include <fstream>
#include <iostream>
#include <map>

#include "tests/bench/ceilings.h"
#include "tests/bench/speaker.h"
#include "tests/bindings/mqtt/test_broker.h"
#include "tests/faults/cse_process.h"

namespace gatehouse::bench {
namespace {

constexpr int kClients = 32;
constexpr double kWarmUp = 0.3;  // seconds
const std::string kInstance = R"({"m2m:cin":{"con":")" + std::string(100, 'x') + "\"}}";

struct Binding {
  const char* name;
  const char* listener;  ///< in the ready file; empty: behind a broker
  std::unique_ptr<Speaker> (*speaker)(std::uint16_t, const Question&);
  Ceiling::Serve ceiling;
  const char* ceiling_name;
  const char* limit;
};
const Binding kBindings[] = {
    {"HTTP", "http", http_speaker, beast_http, "Beast HTTP", "one I/O thread"},
    {"WebSocket", "ws", websocket_speaker, beast_websocket, "Beast WebSocket", "one I/O thread"},
    {"CoAP", "coap", coap_speaker, libcoap_server, "libcoap server", "libcoap's thread"},
    {"MQTT", "", mqtt_speaker, mqtt_echo, "mosquitto and an echo", "the broker, then Paho"},
};

std::map<std::string, std::uint16_t> ports_in(const std::filesystem::path& ready_file) {
  std::map<std::string, std::uint16_t> ports;
  std::ifstream ready(ready_file);
  std::string name;
  for (int port = 0; ready >> name >> port;) ports[name] = static_cast<std::uint16_t>(port);
  return ports;
}

std::string name_of(int client) { return "CBench" + std::to_string(client); }

/// An AE for each client, with a container of its own: over MQTT an AE has its own topics.
void prepare(std::uint16_t http) {
  const auto create = [http](const std::string& from, const std::string& to, int type,
                             const std::string& content) {
    run_command("curl -s -o /dev/null -H 'X-M2M-Origin: " + from +
                "' -H 'X-M2M-RI: p' -H 'X-M2M-RVI: 4' -H 'Content-Type: application/json;ty=" +
                std::to_string(type) + "' -d '" + content +
                "' http://127.0.0.1:" + std::to_string(http) + "/" + to);
  };
  for (int i = 0; i < kClients; ++i) {
    const std::string name = name_of(i);
    create(name, "cse-in", 2,
           R"({"m2m:ae":{"rn":")" + name + R"(","api":"Nbench","rr":false,"srv":["4"]}})");
    create(name, "cse-in/" + name, 3, R"({"m2m:cnt":{"rn":"c","mni":1000}})");
  }
}

Speakers speakers_of(const Binding& binding, std::uint16_t port, bool create,
                     const std::string& receiver) {
  Speakers all;
  for (int i = 0; i < kClients; ++i) {
    Question question{create, "cse-in/" + name_of(i) + "/c", name_of(i), {}, receiver};
    if (create) question.content = kInstance;
    all.push_back(binding.speaker(port, question));
  }
  return all;
}

Measured measure(const Binding& binding, std::uint16_t port, bool create,
                 const std::string& receiver, double seconds, std::string& answer) {
  {
    const Speakers warm = speakers_of(binding, port, create, receiver);
    drive(warm, kWarmUp);
    answer = warm.front()->content();
  }
  return drive(speakers_of(binding, port, create, receiver), seconds);
}

}  // namespace

std::vector<Row> measure_bindings(const std::filesystem::path& folder, double seconds,
                                  const std::string& only) {
  const gatehouse::mqtt::TestBroker broker;
  test::CseProcess cse(folder);
  if (!cse.start({"log.level=warning", "coap.enabled=true", "coap.port=0", "ws.enabled=true",
                  "ws.port=0", "mqtt.broker=" + broker.url()})) {
    std::cerr << "gatehouse-cse does not start; see " << (folder / "log") << "\n";
    return {};
  }
  const auto ports = ports_in(folder / "ready");
  prepare(ports.at("http"));
  std::vector<Row> rows;
  for (const Binding& binding : kBindings) {
    if (!only.empty() && only != binding.name) continue;
    const bool behind_broker = *binding.listener == '\0';
    for (const bool create : {false, true}) {
      std::string answer, ignored;
      const std::uint16_t port = behind_broker ? broker.port() : ports.at(binding.listener);
      const Measured measured = measure(binding, port, create, "id-in", seconds, answer);
      const Ceiling echo(binding.ceiling, answer, broker.port());
      const Measured ceiling = measure(binding, echo.port(), create, "echo", seconds, ignored);
      const std::string name = std::string(binding.name) + (create ? " CREATE" : " RETRIEVE");
      rows.push_back({std::string(binding.ceiling_name) + ", same sizes", ceiling, 0, "", 0, ""});
      rows.push_back({name, measured, ceiling.per_second, binding.ceiling_name, create ? 0 : 0.6,
                      create ? "the commit to disk, which the ceiling has not" : binding.limit});
    }
  }
  return rows;
}

}  // namespace gatehouse::bench
