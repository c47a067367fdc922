#include "bindings/http/field_table.h"

#include <array>

namespace gatehouse::http {
namespace {

using R = Request;

const std::array kRequestHeaders = {
    RequestHeaderRow{"Origin", &R::from},
    RequestHeaderRow{"RI", &R::request_identifier},
    RequestHeaderRow{"RVI", &R::release_version},
    RequestHeaderRow{"OT", &R::originating_timestamp},
    RequestHeaderRow{"RET", &R::request_expiration},
    RequestHeaderRow{"RST", &R::result_expiration},
    RequestHeaderRow{"OET", &R::operation_execution_time},
    RequestHeaderRow{"EC", &R::event_category},
    RequestHeaderRow{"GID", &R::group_request_identifier},
    RequestHeaderRow{"VSI", &R::vendor_information},
};

const std::array kResponseHeaders = {
    ResponseHeaderRow{"RI", &Response::request_identifier},
    ResponseHeaderRow{"RVI", &Response::release_version},
    ResponseHeaderRow{"Origin", &Response::from},
    ResponseHeaderRow{"OT", &Response::originating_timestamp},
    ResponseHeaderRow{"RST", &Response::result_expiration},
    ResponseHeaderRow{"EC", &Response::event_category},
    ResponseHeaderRow{"CTS", &Response::content_status},
    ResponseHeaderRow{"CTO", &Response::content_offset},
    ResponseHeaderRow{"ASRI", &Response::signatures_requested},
    ResponseHeaderRow{"VSI", &Response::vendor_information},
};

}  // namespace

std::span<const RequestHeaderRow> request_header_rows() { return kRequestHeaders; }
std::span<const ResponseHeaderRow> response_header_rows() { return kResponseHeaders; }

}  // namespace gatehouse::http
