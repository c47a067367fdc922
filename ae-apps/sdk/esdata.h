#pragma once
#include <functional>
#include <optional>
#include <string>

#include "ae-apps/sdk/resource.h"
#include "cse/jose/jose.h"
#include "cse/primitive/timestamp.h"

namespace gatehouse::sdk {

/// How protected data are written: m2m:contentSecurity, the third part of cnf. Left out: XML (4,
/// 5).
enum class DataForm {
  kCompact = 1,     ///< JWE or JWS, compact
  kJson = 2,        ///< the same in JSON, flattened
  kJsonBase64 = 3,  ///< that in base64
};

/// What protects data end to end. Source: TS-0003 clause 8.5.
struct DataProtection {
  std::optional<jose::EcKey> signing;            ///< ESData signature: ES256
  std::optional<jose::SharedKey> encryption;     ///< ESData encryption: A128GCM, A256GCM
  std::optional<std::chrono::seconds> lifetime;  ///< after it the data are not believed any more
  DataForm form = DataForm::kCompact;
};

/// Who is believed, and what opens it. A kind that is given here must be there: data that are only
/// encrypted do not pass where a signature is wanted.
struct DataTrust {
  std::optional<jose::EcKey> signer;
  std::optional<jose::SharedKey> encryption;
};

/// con and cnf of a <contentInstance>. `media_type`: of the content itself, "text/plain".
struct ProtectedData {
  std::string con;
  std::string cnf;  ///< "text/plain:0:1": the last number is the DataForm
};

/// Signs, encrypts, or signs and then encrypts the content for one place: `container`, its
/// SP-relative address, stands in the protected header, so nobody moves the data elsewhere. A CSE
/// stores it as it is. Errors: kBadRequest (no key at all), kInternalServerError (a key that does
/// not fit).
Result<ProtectedData> protect(std::string_view content, const std::string& media_type,
                              const std::string& container, const DataProtection& how,
                              Timestamp now);

struct OpenedData {
  std::string content, media_type;
  Timestamp made;
};

/// The content again. Errors: kOriginatorHasNoPrivilege and what is wrong: not protected as
/// wanted, changed, by another key, of another container, expired.
Result<OpenedData> open(const std::string& con, const std::string& cnf,
                        const std::string& container, const DataTrust& trust, Timestamp now);

/// Refuses what is not newer than the newest it has seen: an old value, given again. One for each
/// container. Threading: one thread.
class FreshData {
 public:
  /// Errors: kConflict.
  Result<void> check(const OpenedData& data);

 private:
  Timestamp newest_;
};

}  // namespace gatehouse::sdk
