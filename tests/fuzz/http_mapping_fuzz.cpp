// Any bytes as the parts of an HTTP message: the mapping gives a primitive or a refusal, and what
// it accepts it can write.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "bindings/http/mapping.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::http;

std::string_view take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::string_view line = rest.substr(0, end);
  rest.remove_prefix(std::min(end + 1, rest.size()));
  return line;
}

void require(bool condition) {
  if (!condition) std::abort();
}

/// What was read once must survive being written and read again.
void check_round_trip(const Request& request, const Codecs& codecs) {
  Url url;
  url.host = "h";
  const std::string text = write_request(request, url, false, codecs.preferred());
  const std::string_view view = text;
  const std::size_t line_end = view.find("\r\n");
  const std::size_t first_space = view.find(' ');
  const std::size_t second_space = view.find(' ', first_space + 1);
  require(second_space < line_end);
  std::vector<HeaderField> headers = {{"X-M2M-RI", request.request_identifier}};
  const RequestParts parts{view.substr(0, first_space),
                           view.substr(first_space + 1, second_space - first_space - 1),
                           &headers,
                           {}};
  const Incoming again = read_request(parts, codecs);
  require(!again.refusal);
  require(again.request.to == request.to);
  require(again.request.filter == request.filter || !request.filter ||
          *request.filter == FilterCriteria{});
  require(again.request.result_content == request.result_content);
  require(again.request.attribute_list == request.attribute_list);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Codecs codecs = standard_codecs();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const std::string_view method = take_line(rest);
  const std::string_view target = take_line(rest);
  std::vector<HeaderField> headers;
  while (!rest.empty()) {
    const std::string_view line = take_line(rest);
    if (line.empty()) break;
    const std::size_t colon = std::min(line.find(':'), line.size());
    headers.push_back(
        {line.substr(0, colon), trimmed(line.substr(std::min(colon + 1, line.size())))});
  }
  const Incoming in = read_request({method, target, &headers, rest}, codecs);
  require(in.answer.codec != nullptr);
  if (in.refusal) {
    std::string out;
    append_response(out, error_response(in.request, *in.refusal), {.style = in.answer});
    require(out.find("\r\n\r\n") != std::string::npos);
  } else {
    check_round_trip(in.request, codecs);
  }
  Request asked;
  asked.operation = Operation::kNotify;
  const Result<Response> response = read_response({200, &headers, rest}, asked, codecs);
  if (response) (void)error_response(asked, {response->rsc, ""});
  (void)parse_url(target);
  return 0;
}
