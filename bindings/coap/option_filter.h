#pragma once

struct coap_context_t;

namespace gatehouse::coap {

/// Lets messages with oneM2M's options through: see the .cpp. Once for every context.
void admit_onem2m_options(coap_context_t* context);

}  // namespace gatehouse::coap
