#include "ae-apps/ota/node/member_orders.h"

#include <algorithm>

#include "cse/codec/json.h"

namespace gatehouse::node {
namespace {

constexpr DecodeLimits kStatusLimits{.max_bytes = 16 * 1024, .max_depth = 4};
constexpr std::size_t kMaxNumberBytes = 64;

using Answer = uds::Diagnosis<Value>;

Value done() { return Value::object({{"done", true}}); }

tl::unexpected<uds::DiagnosticError> no(std::string why) {
  return tl::unexpected(uds::DiagnosticError{uds::DiagnosticError::Kind::kLocal,
                                             uds::Nrc::kGeneralReject, std::move(why)});
}

Answer look(uds::Flasher& flasher, const Value&, const OrderTools&) {
  const auto inventory = flasher.inventory();
  if (!inventory) return tl::unexpected(inventory.error());
  const auto status = flasher.status();
  if (!status) return tl::unexpected(status.error());
  return done()
      .set("vin", inventory->vin)
      .set("serial", inventory->serial)
      .set("hardware_id", inventory->hardware_id)
      .set("software", inventory->software)
      .set("version", inventory->version)
      .set("status", *status);
}

Answer report(uds::Flasher& flasher, const Value& order, const OrderTools&) {
  const Result<Bytes> nonce = from_hex(order.string_at("nonce"));
  if (!nonce || nonce->size() < 16 || nonce->size() > 32) {
    return no("nonce: must be 16 to 32 bytes in hexadecimal");
  }
  const auto report = flasher.version_report(*nonce);
  if (!report) return tl::unexpected(report.error());
  const auto status = flasher.status();
  if (!status) return tl::unexpected(status.error());
  return done().set("report", *report).set("status", *status);
}

Answer time(uds::Flasher& flasher, const Value&, const OrderTools&) {
  const auto nonce = flasher.time_nonce();
  if (!nonce) return tl::unexpected(nonce.error());
  return done().set("nonce", to_hex(*nonce));
}

Answer prepare(uds::Flasher& flasher, const Value& order, const OrderTools& tools) {
  const Result<Bytes> image = tools.fetch(order.string_at("image"));
  if (!image) return no("the image could not be fetched: " + image.error().detail);
  const std::string director = order.string_at("director");
  const ByteView metadata = view_of(director);
  flasher.set_metadata(Bytes(metadata.begin(), metadata.end()));
  flasher.set_format(order.bool_at("coded") ? uds::kCodedFormat : 0);
  if (order.bool_at("held")) flasher.hold_trials();
  const auto source = [&](std::uint64_t offset, std::size_t most) -> Result<Bytes> {
    const ByteView rest = ByteView(*image).subspan(
        static_cast<std::size_t>(std::min<std::uint64_t>(offset, image->size())));
    const ByteView part = rest.first(std::min(most, rest.size()));
    return Bytes(part.begin(), part.end());
  };
  const auto written = flasher.flash(image->size(), source, tools.progress);
  if (!written) return tl::unexpected(written.error());
  return done();
}

template <uds::RoutineId kRoutine>
Answer settle(uds::Flasher& flasher, const Value&, const OrderTools&) {
  const auto settled = flasher.settle(kRoutine);
  if (!settled) return tl::unexpected(settled.error());
  return done();
}

Answer reset(uds::Flasher& flasher, const Value&, const OrderTools& tools) {
  const auto back = flasher.reset_and_wait(tools.reset_limit);
  if (!back) return tl::unexpected(back.error());
  return done();
}

struct Row {
  std::string_view what;
  Answer (*carry_out)(uds::Flasher&, const Value&, const OrderTools&);
};
constexpr Row kOrders[] = {
    {"look", look},
    {"report", report},
    {"time", time},
    {"prepare", prepare},
    {"try", settle<uds::kRoutineMarkTry>},
    {"confirm", settle<uds::kRoutineConfirm>},
    {"discard", settle<uds::kRoutineDiscard>},
    {"reset", reset},
};

/// The boot loader's own words say more than its code.
std::string reason_of(uds::Flasher& flasher, const uds::DiagnosticError& error) {
  if (error.kind != uds::DiagnosticError::Kind::kRefused) return error.text;
  const auto status = flasher.status();
  const Result<Value> tree = status ? parse_json(*status, kStatusLimits) : Result<Value>(Value());
  const std::string own = tree ? tree->string_at("last_error") : std::string();
  return own.empty() ? error.text : error.text + "; it says: " + own;
}

}  // namespace

Value carry_out(const Value& order, const OrderTools& tools) {
  const std::string what = order.string_at("do");
  const std::string number = order.string_at("order").substr(0, kMaxNumberBytes);
  const auto row = std::find_if(std::begin(kOrders), std::end(kOrders),
                                [&](const Row& each) { return each.what == what; });
  if (row == std::end(kOrders)) {
    return Value::object(
        {{"order", number}, {"done", false}, {"reason", "do: there is no such order"}});
  }
  uds::Flasher flasher(tools.transport, tools.flasher);
  Answer answer = row->carry_out(flasher, order, tools);
  if (answer) return std::move(answer->set("order", number));
  using Kind = uds::DiagnosticError::Kind;
  const Kind kind = answer.error().kind;
  Value out = Value::object(
      {{"order", number}, {"done", false}, {"reason", reason_of(flasher, answer.error())}});
  if (kind == Kind::kNoAnswer || kind == Kind::kTransport) out.set("silent", true);
  return out;
}

}  // namespace gatehouse::node
