#pragma once
#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

#include "tests/bench/load.h"

namespace gatehouse::bench {

/// nginx with one worker, serving one file: the ceiling for an answer of that size on this machine.
class Nginx {
 public:
  Nginx(std::filesystem::path folder, const std::string& content)
      : folder_(std::move(folder)), port_(free_port()) {
    std::filesystem::create_directories(folder_);
    std::filesystem::permissions(folder_, std::filesystem::perms::all);
    std::ofstream(folder_ / "answer.json") << content;
    std::ofstream(folder_ / "nginx.conf")
        << "worker_processes 1; user root; pid " << (folder_ / "pid").string() << "; error_log "
        << (folder_ / "error").string() << ";\n"
        << "events { worker_connections 1024; }\n"
        << "http { access_log off; keepalive_requests 1000000000; open_file_cache max=10; sendfile "
           "on; tcp_nopush on;\n"
        << "  server { listen 127.0.0.1:" << port_ << "; root " << folder_.string() << "; } }\n";
  }
  ~Nginx() {
    std::ifstream in(folder_ / "pid");
    if (pid_t pid = 0; in >> pid && pid > 1) ::kill(pid, SIGTERM);
  }

  bool start() {
    run_command("nginx -c " + (folder_ / "nginx.conf").string() + " 2>/dev/null");
    for (int i = 0; i < 200 && get(url() + "/answer.json").empty(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    return !get(url() + "/answer.json").empty();
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  static int free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return 0;
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
  }

  const std::filesystem::path folder_;
  const int port_;
};

}  // namespace gatehouse::bench
