#include "cse/node/open_files.h"

#include <sys/resource.h>

#include <algorithm>

#include "cse/node/log.h"

namespace gatehouse::node {

std::size_t files_needed(const NodeSettings& settings) {
  constexpr std::size_t kForTheRest = 256;  // store, logs, broker, connections that we open
  const auto connections = static_cast<std::size_t>(settings.limits.connections);
  const auto peers = static_cast<std::size_t>(settings.limits.coap_peers);
  std::size_t needed = kForTheRest;
  for (const bool listens :
       {settings.http.enabled, settings.https.enabled, settings.ws.enabled, settings.wss.enabled}) {
    if (listens) needed += connections;
  }
  for (const bool listens : {settings.coap.plain.enabled, settings.coap.secured.enabled}) {
    if (listens) needed += peers;
  }
  return needed;
}

void raise_open_files(const NodeSettings& settings) {
  const rlim_t needed = files_needed(settings);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= needed) return;
  limit.rlim_cur = std::min(limit.rlim_max, needed);
  const bool raised = ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
  if (raised && limit.rlim_cur >= needed) return;
  log(LogLevel::kWarning,
      "open files are limited to " + std::to_string(limit.rlim_cur) + ", and " +
          std::to_string(needed) +
          " may be needed: connections beyond wait; raise the hard limit (LimitNOFILE, ulimit -n) "
          "or lower limits.connections");
}

}  // namespace gatehouse::node
