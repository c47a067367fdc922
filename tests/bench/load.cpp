#include "tests/bench/load.h"

#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>

namespace gatehouse::bench {
namespace {

constexpr const char* kHeaders = R"(
wrk.headers["X-M2M-Origin"] = "CAdmin"
wrk.headers["X-M2M-RI"] = "bench"
wrk.headers["X-M2M-RVI"] = "4"
)";
constexpr const char* kCurl =
    "curl -s -H 'X-M2M-Origin: CAdmin' -H 'X-M2M-RI: bench' -H 'X-M2M-RVI: 4' ";

/// "1.25ms", "870.00us", "2.00s" in milliseconds.
double milliseconds(const std::string& text) {
  char* end = nullptr;
  const double number = std::strtod(text.c_str(), &end);
  const std::string unit = end;
  return unit == "us" ? number / 1000 : unit == "s" ? number * 1000 : number;
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace

Script create_script() {
  return {std::string("wrk.method = 'POST'\nwrk.body = '{\"m2m:cin\":{\"con\":\"' .. "
                      "string.rep('x', 100) .. '\"}}'\n") +
          "wrk.headers['Content-Type'] = 'application/json;ty=4'\n"};
}

Script mixed_script() {
  return {R"(
local number = 0
local body = '{"m2m:cin":{"con":"' .. string.rep('x', 100) .. '"}}'
request = function()
  number = number + 1
  if number % 10 == 0 then
    wrk.headers["Content-Type"] = "application/json;ty=4"
    return wrk.format("POST", nil, nil, body)
  end
  wrk.headers["Content-Type"] = nil
  return wrk.format("GET")
end
)"};
}

Measured load(const Load& what) {
  const std::filesystem::path script = std::filesystem::temp_directory_path() /
                                       ("gatehouse-bench-" + std::to_string(getpid()) + ".lua");
  std::ofstream(script) << kHeaders << what.script.lua;
  std::ostringstream command;
  command << "wrk -t1 -c" << what.connections << " -d" << static_cast<int>(what.seconds)
          << "s --latency -s " << script << " " << quoted(what.url);
  std::istringstream lines(run_command(command.str()));
  std::filesystem::remove(script);
  Measured measured;
  for (std::string line; std::getline(lines, line);) {
    std::istringstream words(line);
    std::string first, second;
    words >> first >> second;
    if (first == "50%") measured.p50_ms = milliseconds(second);
    if (first == "99%") measured.p99_ms = milliseconds(second);
    if (first == "Requests/sec:") measured.per_second = std::strtod(second.c_str(), nullptr);
    if (const auto at = line.find("Non-2xx or 3xx responses: "); at != std::string::npos)
      measured.errors += std::stoull(line.substr(at + 26));
    if (first == "Socket") ++measured.errors;
  }
  return measured;
}

std::string run_command(const std::string& command) {
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "r"), pclose);
  std::string output;
  if (!pipe) return output;
  std::array<char, 4096> buffer;
  for (std::size_t count; (count = fread(buffer.data(), 1, buffer.size(), pipe.get())) > 0;)
    output.append(buffer.data(), count);
  return output;
}

std::string post(const std::string& url, int type, const std::string& body) {
  return run_command(kCurl + ("-H 'Content-Type: application/json;ty=" + std::to_string(type) +
                              "' -d " + quoted(body) + " " + quoted(url)));
}
std::string get(const std::string& url) { return run_command(kCurl + quoted(url)); }
void remove(const std::string& url) { run_command(kCurl + ("-X DELETE " + quoted(url))); }

}  // namespace gatehouse::bench
