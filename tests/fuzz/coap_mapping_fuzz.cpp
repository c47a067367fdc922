// Any options and payload: the mapping gives a primitive or a refusal, what it accepts it can
// write, and block-wise transfer stays within its bounds.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "bindings/coap/block_transfer.h"
#include "bindings/coap/mapping.h"

namespace {

using namespace gatehouse;
using namespace gatehouse::coap;

void require(bool condition) {
  if (!condition) std::abort();
}

/// One byte code, then options as two bytes of number, one of length and the value; 0 ends them.
Message message_of(std::string_view& rest) {
  Message message;
  const auto byte = [&rest] {
    if (rest.empty()) return 0u;
    const auto value = static_cast<unsigned char>(rest.front());
    rest.remove_prefix(1);
    return static_cast<unsigned>(value);
  };
  message.code = static_cast<std::uint8_t>(byte());
  while (message.options.size() < 64) {
    const unsigned high = byte();
    const auto number = static_cast<std::uint16_t>(high << 8 | byte());
    if (number == 0) break;
    const std::size_t size = std::min<std::size_t>(byte(), rest.size());
    message.add(number, std::string(rest.substr(0, size)));
    rest.remove_prefix(size);
  }
  message.payload = rest;
  return message;
}

void check_round_trip(const Request& request, const Codecs& codecs) {
  Url url;
  url.host = "h";
  const auto written =
      write_request(request, url, false, codecs.preferred(), OptionNumbers::kRegistered);
  if (!written) return;  // what arrived in many options may not fit into one
  const Incoming again = read_request(*written, codecs, OptionNumbers::kRegistered);
  require(!again.refusal);
  require(again.request.operation == request.operation);
  require(again.request.from == request.from);
  require(again.request.request_identifier == request.request_identifier);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Codecs codecs = standard_codecs();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  const Message message = message_of(rest);
  const Incoming in = read_request(message, codecs, OptionNumbers::kRegistered);
  require(in.style.codec != nullptr);
  if (in.refusal) {
    const Message answer = write_response(error_response(in.request, *in.refusal),
                                          in.request.operation, in.style, in.refusal_code);
    require(class_of(answer.code) == 4 || class_of(answer.code) == 5);
  } else {
    check_round_trip(in.request, codecs);
  }
  Request asked;
  (void)read_response(message, asked, codecs);
  TransferBudget budget;
  {
    Uploads uploads({4'096, 2, std::chrono::seconds(60)}, budget);
    (void)uploads.take(message, Time{});
    Downloads downloads({4'096, 2, std::chrono::seconds(60)}, budget);
    (void)downloads.begin(message, message, 1'100, Time{});
    (void)downloads.next(message, 1'100, Time{});
    require(budget.bytes <= 2 * size + 4'096);
  }
  require(budget.bytes == 0);
  Exchange exchange(message, 1'100, 4'096);
  (void)exchange.on_answer(message);
  (void)parse_url(std::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
