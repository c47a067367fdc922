#pragma once
#include <string>
#include <vector>

#include "cse/core/resource.h"

namespace gatehouse {

/// Resources as somebody sees them: everything committed (a reader), or that and the changes of the
/// work at hand (the write lane). Errors are the store's (kInternalServerError); absence is a null
/// pointer. An expired resource that was not yet removed is absent.
class ResourceReader {
 public:
  virtual ~ResourceReader() = default;
  virtual Result<ResourcePtr> find(const ResourceId& id) = 0;
  virtual Result<ResourcePtr> child(const Resource& parent, const std::string& name) = 0;
  virtual Result<std::vector<ChildEntry>> children(const ResourceId& parent, const Page& page) = 0;
  virtual Result<std::vector<ChildEntry>> children_of_type(const ResourceId& parent, int type,
                                                           const Page& page) = 0;
  virtual Result<std::vector<ChildEntry>> all_of_type(int type, const Page& page) = 0;
  virtual Timestamp now() const = 0;
  /// The indexes of the store in the state that this reader sees, for searches over many resources.
  /// What they name may be expired or gone with its parent: find() tells.
  virtual Result<Snapshot*> indexes() {
    return fail(Rsc::kInternalServerError, "these resources have no indexes");
  }

  /// The resource with that structured path or identifier ("cse-in/ae", "CAE1/cnt", "cnt0a…"); null
  /// if there is none. CSE-relative only; virtual resources are not found.
  Result<ResourcePtr> find_path(std::string_view address, const std::string& csebase_name,
                                const ResourceId& csebase);
};

}  // namespace gatehouse
