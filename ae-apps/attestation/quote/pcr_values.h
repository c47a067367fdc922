#pragma once
#include <map>

#include "ae-apps/attestation/quote/structures.h"

namespace gatehouse::attest {

/// Values of PCRs by bank and number.
using PcrValues = std::map<std::pair<HashAlg, unsigned>, Bytes>;

/// tpm2-tools' two formats of a file of PCR values, told apart by their content: "serialized" (the
/// C structures TPML_PCR_SELECTION and TPML_DIGEST, little-endian, padding included) and "values"
/// (nothing but the digests in the order of the quote). `selection` is what the quote says. Errors:
/// kBadRequest, "PCR values: …".
Result<PcrValues> read_pcr_values(ByteView file, const PcrSelection& selection);
/// The values of the selection. A value that is not there is written as zeros.
Bytes write_serialized(const PcrSelection& selection, const PcrValues& values);
Bytes write_plain(const PcrSelection& selection, const PcrValues& values);

/// The hash of the selected values, banks in the selection's order, PCRs rising: a quote's
/// pcrDigest. Errors: kBadRequest if a value is missing.
Result<Bytes> composite_digest(HashAlg hash, const PcrSelection& selection,
                               const PcrValues& values);

/// What a PCR holds after a reset of the TPM: zeros, but ones for the PCRs of a dynamic launch.
/// Source: TCG PC Client Platform TPM Profile table 6.
Bytes initial_value(HashAlg alg, unsigned pcr);

}  // namespace gatehouse::attest
