#pragma once
#include <functional>

#include "ae-apps/ota/uds/flasher.h"
#include "cse/primitive/value.h"

namespace gatehouse::node {

// A field node as a member of a release: the vehicle's gateway CREATEs orders in the node's
// container `orders`, the node CREATEs its answers in the gateway's `node-answers`. All are
// objects:
//
// {"order":"<number>","do":"look"}
//     answered by "serial", "hardware_id", "software", "version", "status"
// {…,"do":"report","nonce":"<hex>"}
//     "report": signed, "status": the boot loader's
// {…,"do":"time"}
//     "nonce": what a time server shall attest; its answer comes with the next prepare
// {…,"do":"prepare","image":"<container>","held":true,"coded":false,"director":"…"}
//     the image is fetched, verified and in the inactive slot; held: tried for one boot, then it
//     waits
// {…,"do":"try"}, {…,"do":"confirm"}, {…,"do":"discard"}
//     a word about what is held
// {…,"do":"reset"}
//     booted, whatever runs now
//
// Each is answered once by `{"order":"<number>","done":true,…}`, or `"done":false,"reason":"…"` and
// "silent":true if the boot loader did not answer; a long one before that by
// `{"order":…,"of":bytes, "at":bytes}`. All may be repeated: what they lead to is a state. What
// became of an order that a loss of power ended, the gateway asks by `report`.

/// What an order is carried out with. All outlive the call.
struct OrderTools {
  uds::Transport& transport;  ///< to the node's own boot loader
  const uds::FlasherSettings& flasher;
  std::chrono::milliseconds reset_limit;
  /// The image at this address, which must be a known one.
  std::function<Result<Bytes>(const std::string& address)> fetch;
  uds::Flasher::Progress progress = {};
};

/// Carries one order out. Whatever it is, there is an answer. Threading: one order at a time.
Value carry_out(const Value& order, const OrderTools& tools);

}  // namespace gatehouse::node
