#include "cse/primitive/request.h"

namespace gatehouse {

std::string_view name_of(Operation operation) {
  static constexpr std::string_view kNames[] = {"?",      "CREATE", "RETRIEVE",
                                                "UPDATE", "DELETE", "NOTIFY"};
  const auto index = static_cast<std::size_t>(operation);
  return index < std::size(kNames) ? kNames[index] : kNames[0];
}

Response error_response(const Request& request, const Error& error) {
  Response response;
  response.rsc = error.rsc;
  response.request_identifier = request.request_identifier;
  response.release_version = request.release_version;
  if (error.detail.empty()) return response;
  Error told = error;
  if (request.advice) request.advice->advise(request, told);
  response.content = Value::object({{"m2m:dbg", std::move(told.detail)}});
  return response;
}

}  // namespace gatehouse
