#pragma once
#include <string>

namespace gatehouse::bench {

/// What wrk is to send; empty: GET as the administrator.
struct Script {
  std::string lua;
};
Script create_script();  ///< contentInstances of 100 bytes
Script mixed_script();   ///< nine RETRIEVE of the container, one CREATE in it

struct Load {
  std::string url;
  int connections;
  double seconds;
  Script script;
};

struct Measured {
  double per_second = 0, p50_ms = 0, p99_ms = 0;
  unsigned long long errors = 0;  ///< answers that were not 2xx or 3xx, and broken connections
};

/// One thread of wrk.
Measured load(const Load& what);

/// Standard output of a shell command; empty if it fails.
std::string run_command(const std::string& command);

/// Single requests, for preparation. As the administrator. Returns the body.
std::string post(const std::string& url, int type, const std::string& body);
std::string get(const std::string& url);
void remove(const std::string& url);

}  // namespace gatehouse::bench
