#include "ae-apps/ota/server/artifact_pages.h"

#include <fstream>

#include "ae-apps/ota/crypto/digest.h"
#include "ae-apps/ota/program/state_files.h"
#include "bindings/http/file_page.h"

namespace gatehouse::ota_server {
namespace {

namespace fs = std::filesystem;

http::Page text_page(int status, std::string text) {
  http::Page page;
  page.status = status;
  page.body = std::move(text) + "\n";
  return page;
}

bool is_sha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

http::Page ArtifactPages::answer(const http::PageRequest& request) {
  const std::string name(request.path.substr(kPrefix.size()));
  if (!is_sha256(name)) return text_page(400, "a name is the SHA-256 of the file");
  if (request.method == "PUT") return take(name, request.body);
  return http::file_page(request, folder_, name);
}

std::string ArtifactPages::front_of(const std::string& name, std::size_t bytes) const {
  if (!is_sha256(name)) return {};
  std::string out(bytes, '\0');
  std::ifstream in(folder_ / name, std::ios::binary);
  in.read(out.data(), static_cast<std::streamsize>(bytes));
  out.resize(static_cast<std::size_t>(in.gcount()));
  return out;
}

http::Page ArtifactPages::take(const std::string& name, std::string_view body) {
  if (to_hex(crypto::sha256(view_of(body))) != name) {
    return text_page(400, "these bytes have another SHA-256");
  }
  const std::lock_guard lock(mutex_);
  std::error_code error;
  fs::create_directories(folder_, error);
  if (fs::exists(folder_ / name, error)) return text_page(200, "was there");
  const auto count =
      std::distance(fs::directory_iterator(folder_, error), fs::directory_iterator());
  if (error || static_cast<std::size_t>(count) >= max_files_) {
    return text_page(507, "there is no room for more files");
  }
  if (const auto kept = ota::replace_file(folder_ / name, body); !kept) {
    return text_page(500, kept.error().detail);
  }
  return text_page(201, "taken");
}

}  // namespace gatehouse::ota_server
