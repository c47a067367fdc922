// Any bytes as an address, an identifier, a timestamp and a duration.
#include <cstdint>
#include <cstdlib>

#include "cse/primitive/identifiers.h"
#include "cse/primitive/timestamp.h"

namespace {

void require(bool truth) {
  if (!truth) std::abort();
}

using namespace gatehouse;

std::string joined(const Address& address) {
  std::string text = address.sp_id + address.cse_id;
  for (const std::string& segment : address.segments) {
    if (!text.empty()) text += '/';
    text += segment;
  }
  return text;
}

void check_times(std::string_view text) {
  if (const auto time = parse_timestamp(text)) {
    require(parse_timestamp(to_text(*time)) == time);
  }
  (void)parse_abs_rel_timestamp(text, Timestamp{1'800'000'000'000'000});
  if (const auto duration = parse_duration(text)) {
    require(duration->count() == 0 || (duration->count() < 0) == text.starts_with('-'));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const Result<Address> address = parse_address(text)) {
    require(joined(*address) == text);  // nothing was lost or made up
    require((address->scope == Address::Scope::kAbsolute) == !address->sp_id.empty());
    require((address->scope != Address::Scope::kCseRelative) == !address->cse_id.empty());
    require(address->cse_id.empty() || is_cse_id(address->sp_id + address->cse_id));
  } else {
    require(!address.error().detail.empty());
  }
  if (is_resource_name(text) || is_ae_id_stem(text)) {
    const Result<Address> address = parse_address(text);
    require(text.size() > 1024 || (address && address->segments.size() == 1));
  }
  check_times(text);
  return 0;
}
