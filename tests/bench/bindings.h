#pragma once
#include <filesystem>
#include <vector>

#include "tests/bench/report.h"

namespace gatehouse::bench {

/// RETRIEVE and CREATE over HTTP, WebSocket, CoAP and MQTT, each beside the least that its protocol
/// costs: the same load, answers of the same size, from Beast's HTTP and WebSocket servers,
/// libcoap's server, and an echo behind the same broker. `only`: the name of one
/// binding. Empty: gatehouse-cse does not start.
std::vector<Row> measure_bindings(const std::filesystem::path& folder, double seconds,
                                  const std::string& only);

}  // namespace gatehouse::bench
