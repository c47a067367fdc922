#include "bindings/mqtt/paho_tls.h"

#include <dlfcn.h>

#include <map>
#include <mutex>

#include "bindings/security/foreign_tls.h"

namespace {

constexpr const char* kPrefix = "gatehouse-tls-context:";

/// The contexts by their names. Never destroyed: Paho's threads outlive main's statics.
struct Names {
  std::mutex mutex;
  std::map<std::string, gatehouse::TlsContext, std::less<>> contexts;
  std::uint64_t next = 0;
};

Names& names() {
  static Names& all = *new Names;
  return all;
}

gatehouse::TlsContext context_named(const char* name) {
  Names& all = names();
  const std::lock_guard lock(all.mutex);
  const auto found = all.contexts.find(std::string_view(name));
  return found == all.contexts.end() ? nullptr : found->second;
}

using Load = int (*)(ssl_ctx_st*, const char*, const char*);

/// OpenSSL's own.
Load real_load() {
  static const auto load =
      reinterpret_cast<Load>(::dlsym(RTLD_NEXT, "SSL_CTX_load_verify_locations"));
  return load;
}

}  // namespace

// The linker exports it from the program, because libpaho-mqtt3as.so has it undefined.
extern "C" __attribute__((visibility("default"))) int SSL_CTX_load_verify_locations(
    ssl_ctx_st* context, const char* file, const char* folder) {
  if (file == nullptr || !std::string_view(file).starts_with(kPrefix)) {
    return real_load()(context, file, folder);
  }
  const gatehouse::TlsContext ours = context_named(file);
  return ours && gatehouse::secure_client_context(context, ours) ? 1 : 0;
}

namespace gatehouse::mqtt {

NamedContext::NamedContext(TlsContext context) {
  Names& all = names();
  const std::lock_guard lock(all.mutex);
  name_ = kPrefix + std::to_string(all.next++);
  all.contexts.emplace(name_, std::move(context));
}

NamedContext::~NamedContext() {
  Names& all = names();
  const std::lock_guard lock(all.mutex);
  all.contexts.erase(name_);
}

}  // namespace gatehouse::mqtt
