#include "ae-apps/demo/layout.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace gatehouse::demo {
namespace {

namespace fs = std::filesystem;

/// A socket that holds a free port; closed by the caller.
int hold_free_port(std::uint16_t& port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  if (::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) {
    ::close(socket);
    return -1;
  }
  port = ntohs(address.sin_port);
  return socket;
}

}  // namespace

Result<void> choose_ports(Layout& layout) {
  std::vector<int> held;  // together, so that all differ
  bool good = true;
  for (std::uint16_t* port : {&layout.in_port, &layout.mn_port, &layout.broker_port,
                              &layout.images_port, &layout.display_port}) {
    held.push_back(hold_free_port(*port));
    good = good && held.back() >= 0;
  }
  for (const int socket : held) ::close(socket);
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
