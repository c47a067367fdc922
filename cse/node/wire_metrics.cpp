#include "cse/node/wire_metrics.h"

namespace gatehouse::node {
namespace {

struct Row {
  std::string_view name, type, help;
  std::uint64_t WireFigures::*figure;
};

constexpr Row kRows[] = {
    {"gatehouse_connections_open", "gauge", "Connections or sessions that are open.",
     &WireFigures::open},
    {"gatehouse_connections_accepted_total", "counter", "Connections accepted.",
     &WireFigures::accepted},
    {"gatehouse_connections_refused_total", "counter", "Connections beyond the limit.",
     &WireFigures::refused},
    {"gatehouse_handshake_failures_total", "counter", "Handshakes of TLS, DTLS or WebSocket.",
     &WireFigures::handshake_failures},
    {"gatehouse_received_requests_total", "counter", "Requests received by a binding.",
     &WireFigures::received},
    {"gatehouse_duplicate_requests_total", "counter", "Requests that had been received before.",
     &WireFigures::duplicates},
};

}  // namespace

std::string wire_metrics(const std::vector<WireFigures>& figures) {
  std::string text;
  for (const Row& row : kRows) {
    ((((text += "# HELP ") += row.name) += ' ') += row.help) += '\n';
    ((((text += "# TYPE ") += row.name) += ' ') += row.type) += '\n';
    for (const WireFigures& each : figures) {
      (((text += row.name) += "{binding=\"") += each.binding) += "\"} ";
      (text += std::to_string(each.*row.figure)) += '\n';
    }
  }
  return text;
}

}  // namespace gatehouse::node
