#include "cse/node/wire_table.h"

namespace gatehouse::node {
namespace {

// One row per serialisation, in columns.
// clang-format off
constexpr WireSerialisation kHttp[] = {
    {"json", "application/json, application/vnd.onem2m-res+json"},
    {"cbor", "application/cbor, application/vnd.onem2m-res+cbor"},
    {"xml",  "application/xml, application/vnd.onem2m-res+xml"},
};
constexpr WireSerialisation kMqtt[] = {
    {"json", "topic …/json"},
    {"cbor", "topic …/cbor"},
    {"xml",  "topic …/xml"},
};
constexpr WireSerialisation kCoap[] = {
    {"json", "Content-Format 50"},
    {"cbor", "Content-Format 60"},
    {"xml",  "Content-Format 41"},
};
constexpr WireSerialisation kWebSocket[] = {
    {"json", "sub-protocol oneM2M.json, text"},
    {"cbor", "sub-protocol oneM2M.cbor, binary"},
    {"xml",  "sub-protocol oneM2M.xml, text"},
};
// clang-format on

constexpr WireBinding kBindings[] = {
    {"HTTP/1.1, server also HTTP/2 (TS-0009)", "http, https", "yes", "yes",
     "TLS, certificates or shared keys", "polling channel", "http.*, https.*", kHttp},
    {"MQTT 3.1.1 and 5 (TS-0010)", "mqtt, mqtts", "through a broker", "through a broker",
     "TLS to the broker, its access control", "the broker", "mqtt.*", kMqtt},
    {"CoAP (TS-0008)", "coap, coaps", "yes", "yes", "DTLS, certificates or shared keys",
     "polling channel", "coap.*, coaps.*", kCoap},
    {"WebSocket (TS-0020)", "ws, wss", "yes", "yes", "TLS, certificates or shared keys",
     "the connection that it opened", "ws.*, wss.*", kWebSocket},
};

void append_cell(std::string& page, std::string_view text) {
  ((page += "<td>") += text) += "</td>";
}

}  // namespace

std::span<const WireBinding> wire_bindings() { return kBindings; }

std::string wire_page(const Codecs& codecs) {
  std::string page =
      "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Bindings and "
      "serialisations</title><style>body{font:16px/1.5 system-ui,sans-serif;margin:3rem "
      "auto;max-width:70rem;padding:0 1rem}table{border-collapse:collapse}td,th{border:1px solid "
      "#8885;padding:.3rem .6rem;text-align:left;vertical-align:top}</style><h1>Bindings and "
      "serialisations</h1><table><tr><th>protocol<th>schemes<th>server<th>client<th>identity<th>"
      "without an address<th>configured by<th>JSON<th>CBOR<th>XML</tr>";
  for (const WireBinding& row : kBindings) {
    page += "<tr>";
    for (const std::string_view cell : {row.protocol, row.schemes, row.server, row.client,
                                        row.secured, row.both_ways, row.configured}) {
      append_cell(page, cell);
    }
    for (const WireSerialisation& each : row.serialisations) {
      append_cell(page, codecs.by_name(each.codec) ? each.named : "not in this program");
    }
    page += "</tr>";
  }
  return page +
         "</table><p>A receiver is written to in the serialisation that <code>?ct=</code> of its "
         "URI names, else in the first of its <code>csz</code> that this node has.</p></html>\n";
}

}  // namespace gatehouse::node
