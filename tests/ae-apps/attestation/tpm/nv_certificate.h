#pragma once
#include <gtest/gtest.h>
#include <tss2/tss2_esys.h>
#include <tss2/tss2_tctildr.h>

#include <algorithm>
#include <cstring>
#include <string>

#include "ae-apps/ota/crypto/bytes.h"

namespace gatehouse::attest {

/// As the maker of a TPM does: puts a certificate (DER) into an NV index of that size, the rest is
/// 0xFF. Nobody else may be connected to the TPM meanwhile.
inline void put_certificate(const std::string& tcti, std::uint32_t index, ByteView certificate,
                            std::uint16_t size) {
  constexpr std::size_t kPiece = 512;
  TSS2_TCTI_CONTEXT* way = nullptr;
  ESYS_CONTEXT* esys = nullptr;
  ASSERT_EQ(Tss2_TctiLdr_Initialize(tcti.c_str(), &way), TSS2_RC_SUCCESS);
  ASSERT_EQ(Esys_Initialize(&esys, way, nullptr), TSS2_RC_SUCCESS);
  TPM2B_NV_PUBLIC shape{};
  shape.nvPublic.nvIndex = index;
  shape.nvPublic.nameAlg = TPM2_ALG_SHA256;
  shape.nvPublic.attributes =
      TPMA_NV_OWNERWRITE | TPMA_NV_OWNERREAD | TPMA_NV_AUTHREAD | TPMA_NV_NO_DA;
  shape.nvPublic.dataSize = size;
  const TPM2B_AUTH nothing{};
  ESYS_TR place = ESYS_TR_NONE;
  ASSERT_EQ(Esys_NV_DefineSpace(esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                                ESYS_TR_NONE, &nothing, &shape, &place),
            TSS2_RC_SUCCESS);
  Bytes content(certificate.begin(), certificate.end());
  content.resize(size, 0xFF);
  for (std::size_t at = 0; at < content.size(); at += kPiece) {
    TPM2B_MAX_NV_BUFFER piece{};
    piece.size = static_cast<UINT16>(std::min(kPiece, content.size() - at));
    std::memcpy(piece.buffer, content.data() + at, piece.size);
    ASSERT_EQ(Esys_NV_Write(esys, ESYS_TR_RH_OWNER, place, ESYS_TR_PASSWORD, ESYS_TR_NONE,
                            ESYS_TR_NONE, &piece, static_cast<UINT16>(at)),
              TSS2_RC_SUCCESS);
  }
  Esys_TR_Close(esys, &place);
  Esys_Finalize(&esys);
  Tss2_TctiLdr_Finalize(&way);
}

}  // namespace gatehouse::attest
