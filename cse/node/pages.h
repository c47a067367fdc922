#pragma once
#include "bindings/http/page.h"
#include "cse/codec/codec.h"
#include "cse/dialect/dialects.h"
#include "cse/node/request_log.h"
#include "cse/node/settings.h"
#include "cse/node/wire_metrics.h"

namespace gatehouse::node {

/// What the HTTP listener answers to people and monitors: "/" (what this is, and a first curl
/// line), "/health/live",
/// "/health/ready" (503 until everything is up, or when the store cannot be read), "/metrics"
/// (Prometheus text), "/bindings" (protocols and serialisations). `wires` gives the figures of the
/// bindings, from any thread.
http::PageHandler pages(const NodeSettings& settings, Cse& cse, const RequestLog& requests,
                        const DialectCounters& dialects, const std::atomic<bool>& ready,
                        const Codecs& codecs, std::function<std::vector<WireFigures>()> wires);

}  // namespace gatehouse::node
