#include "ae-apps/ota/oem/upload.h"

#include <algorithm>
#include <cctype>
#include <future>

#include "ae-apps/ota/crypto/files.h"
#include "ae-apps/ota/oem/draft.h"
#include "bindings/http/client.h"
#include "bindings/security/tls_context.h"

namespace gatehouse::oem {
namespace {

constexpr std::size_t kMaxName = 128;
constexpr std::size_t kMaxShownBytes = 500;  // of what a server says

Result<Bytes> read_signed_image(const std::string& file) {
  auto content = crypto::read_file(file, kMaxFileBytes);
  if (!content) return fail(content.error());
  const auto draft = parse_draft(*content);
  if (!draft) return fail(draft.error().rsc, "'" + file + "': " + draft.error().detail);
  if (draft->signatures.empty()) {
    return fail(Rsc::kBadRequest, "'" + file + "' is a draft that nobody signed");
  }
  return content;
}

Result<std::string> path_of(const UploadRequest& request, ByteView image) {
  const std::string name = request.name.empty() ? to_hex(crypto::sha256(image)) : request.name;
  const auto fits = [](unsigned char c) {
    return (c < 128 && std::isalnum(c) != 0) || c == '.' || c == '_' || c == '-';
  };
  if (name.size() > kMaxName || name.front() == '.' ||
      !std::all_of(name.begin(), name.end(), fits)) {
    return fail(Rsc::kBadRequest, "name: 1 to 128 letters, digits, '.', '_' or '-'");
  }
  return "/images/" + name;
}

Result<std::string> url_of(const UploadRequest& request, const std::string& path) {
  std::string server = request.server_url;
  if (server.ends_with('/')) server.pop_back();
  if (!server.starts_with("https://") || server.find_first_of("/?#", 8) != std::string::npos) {
    return fail(Rsc::kBadRequest, "the server is a URL such as https://ota.example:8443");
  }
  return server + path;
}

/// What a server says, made fit for a terminal.
std::string shown(std::string text) {
  text.resize(std::min(text.size(), kMaxShownBytes));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 32 || c == 127; }, ' ');
  return text;
}

Result<void> judge(const http::Stored& answer) {
  if (answer.status / 100 == 2) return {};
  const bool identity = answer.status == 401 || answer.status == 403;
  return fail(identity ? Rsc::kOriginatorHasNoPrivilege : Rsc::kNotAcceptable,
              "the server refused: " + std::to_string(answer.status) + " " + shown(answer.body));
}

}  // namespace

Result<void> upload(const UploadRequest& request, std::ostream& out) {
  const auto image = read_signed_image(request.image_file);
  if (!image) return fail(image.error());
  const auto path = path_of(request, *image);
  if (!path) return fail(path.error());
  return send(request, *path, "application/octet-stream", *image, out);
}

Result<void> send(const UploadRequest& request, const std::string& path,
                  const std::string& content_type, ByteView content, std::ostream& out) {
  const auto url = url_of(request, path);
  if (!url) return fail(url.error());
  if (const auto usable = make_client_context(request.tls); !usable) return fail(usable.error());

  const Codecs codecs = standard_codecs();
  http::ClientSettings settings;
  settings.tls = request.tls;
  settings.request_timeout = request.timeout;
  std::promise<Result<http::Stored>> answered;
  http::Client client(std::move(settings), codecs);
  client.put(*url, content_type, text_of(content),
             [&answered](Result<http::Stored> answer) { answered.set_value(std::move(answer)); });
  const auto answer = answered.get_future().get();
  if (!answer) return fail(answer.error());
  if (auto good = judge(*answer); !good) return good;
  out << *url << ": " << content.size() << " bytes, status " << answer->status << '\n';
  return {};
}

}  // namespace gatehouse::oem
