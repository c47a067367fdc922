#include "ae-apps/demo/layout.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <random>
#include <vector>

namespace gatehouse::demo {
namespace {

namespace fs = std::filesystem;

// Below the ports that outgoing connections get, any of which may take a port that is free now.
constexpr int kFirstPort = 10'240, kLastPort = 32'000;
constexpr int kTries = 200;

/// A socket that holds the port; less than 0 if somebody has it.
int hold_port(int port, int type) {
  const int socket = ::socket(AF_INET, type | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0) return socket;
  ::close(socket);
  return -1;
}

int hold_free_port(std::uint16_t& port, int type = SOCK_STREAM) {
  std::random_device random;
  std::uniform_int_distribution<int> any(kFirstPort, kLastPort);
  for (int i = 0; i < kTries; ++i) {
    const int candidate = any(random);
    const int socket = hold_port(candidate, type);
    if (socket < 0) continue;
    port = static_cast<std::uint16_t>(candidate);
    return socket;
  }
  return -1;
}

}  // namespace

Result<void> choose_ports(Layout& layout) {
  std::vector<int> held;  // together, so that all differ
  bool good = true;
  std::vector<std::uint16_t*> wanted = {
      &layout.in_port,       &layout.mn_port,   &layout.broker_port,
      &layout.images_port,   &layout.time_port, &layout.display_port,
      &layout.verifier_port, &layout.tnc_port,  &layout.asn_port};
  for (std::uint16_t& port : layout.witness_ports) wanted.push_back(&port);
  for (EcuPlan& ecu : layout.ecus) {
    if (ecu.request_id.empty() && !ecu.is_node()) wanted.push_back(&ecu.port);
  }
  for (std::uint16_t* port : wanted) {
    held.push_back(hold_free_port(*port));
    good = good && held.back() >= 0;
  }
  held.push_back(hold_free_port(layout.coaps_port, SOCK_DGRAM));
  good = good && held.back() >= 0;
  for (const int socket : held) {
    if (socket >= 0) ::close(socket);
  }
  if (!good) return fail(Rsc::kInternalServerError, "there is no free port at 127.0.0.1");
  return {};
}

bool listens(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const bool accepted =
      ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
  ::close(socket);
  return accepted;
}

Result<fs::path> make_work_folder(const std::string& wanted) {
  std::error_code error;
  if (wanted.empty()) {
    std::string name = (fs::temp_directory_path(error) / "gatehouse-demo-XXXXXX").string();
    if (error || ::mkdtemp(name.data()) == nullptr) {
      return fail(Rsc::kInternalServerError, "no temporary folder can be made");
    }
    return fs::path(name);
  }
  const fs::path folder = fs::absolute(wanted);
  if (fs::exists(folder, error) && !fs::is_empty(folder, error)) {
    return fail(Rsc::kAlreadyExists, "--work " + wanted + ": must be empty, or not exist");
  }
  fs::create_directories(folder, error);
  if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  if (error) return fail(Rsc::kInternalServerError, "--work " + wanted + ": " + error.message());
  return folder;
}

}  // namespace gatehouse::demo
