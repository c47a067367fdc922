#include "ae-apps/attestation/report/identity.h"

namespace gatehouse::attest {

Value to_value(const Identity& identity) {
  return Value::object({{"ak", to_base64(identity.attestation_key)},
                        {"counter", to_hex(identity.counter_name)},
                        {"device_key", to_base64(identity.device_key)},
                        {"device_key_pem", identity.device_key_pem},
                        {"ek", to_base64(identity.endorsement_key)},
                        {"ek_certificate", identity.ek_certificate_pem},
                        {"emulator", identity.emulator}});
}

Result<Identity> identity_from(const Value& value) {
  Identity out;
  for (const auto& [name, to] :
       {std::pair("ak", &out.attestation_key), std::pair("ek", &out.endorsement_key),
        std::pair("device_key", &out.device_key)}) {
    auto bytes = from_base64(value.string_at(name));
    if (!bytes || bytes->empty()) {
      return fail(Rsc::kBadRequest, std::string("identity: ") + name + " must be base64");
    }
    *to = *std::move(bytes);
  }
  auto counter = from_hex(value.string_at("counter"));
  if (!counter) return fail(Rsc::kBadRequest, "identity: counter must be hexadecimal");
  out.counter_name = *std::move(counter);
  out.ek_certificate_pem = value.string_at("ek_certificate");
  out.device_key_pem = value.string_at("device_key_pem");
  out.emulator = value.bool_at("emulator", true);
  return out;
}

}  // namespace gatehouse::attest
