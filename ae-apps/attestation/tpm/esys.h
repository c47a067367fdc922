#pragma once
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include <cstring>
#include <memory>
#include <utility>

#include "ae-apps/attestation/tpm/tpm.h"

/// Private to this folder: what its calls to ESYS have in common.
namespace gatehouse::attest {

struct EsysFreer {
  void operator()(void* p) const { Esys_Free(p); }
};
template <class T>
using Owned = std::unique_ptr<T, EsysFreer>;

/// The TPM's own words, by layer and code.
Error error_of(TSS2_RC rc, const char* what);
TPM2B_PUBLIC attestation_template();

template <class Sized>
Result<void> put(Sized& to, ByteView bytes, const char* what) {
  if (bytes.size() > sizeof(to) - sizeof(to.size)) {
    return fail(Rsc::kBadRequest, std::string("TPM: ") + what + " is too long");
  }
  to.size = static_cast<UINT16>(bytes.size());
  if (bytes.empty()) return {};
  std::memcpy(reinterpret_cast<std::uint8_t*>(&to) + sizeof(to.size), bytes.data(), bytes.size());
  return {};
}

/// A loaded object or session, flushed at the end.
class Loaded {
 public:
  Loaded(ESYS_CONTEXT* esys, ESYS_TR handle) : esys_(esys), handle_(handle) {}
  Loaded(Loaded&& other) noexcept
      : esys_(other.esys_), handle_(std::exchange(other.handle_, ESYS_TR_NONE)) {}
  Loaded& operator=(Loaded&&) = delete;
  ~Loaded() {
    if (handle_ != ESYS_TR_NONE) Esys_FlushContext(esys_, handle_);
  }
  ESYS_TR get() const { return handle_; }

 private:
  ESYS_CONTEXT* esys_;
  ESYS_TR handle_;
};

struct Tpm::State {
  TSS2_TCTI_CONTEXT* tcti = nullptr;
  ESYS_CONTEXT* esys = nullptr;

  ~State() {
    if (esys != nullptr) Esys_Finalize(&esys);
    if (tcti != nullptr) Tss2_TctiLdr_Finalize(&tcti);
  }

  struct Primary {
    Loaded key;
    PublicArea area;
  };
  Result<Primary> create_primary(const TPM2B_PUBLIC& shape, const char* what);
  Result<ESYS_TR> counter_handle(std::uint32_t index);
  static Result<TpmQuote> marshalled(const TPM2B_ATTEST& attest, const TPMT_SIGNATURE& signature);
};

}  // namespace gatehouse::attest
