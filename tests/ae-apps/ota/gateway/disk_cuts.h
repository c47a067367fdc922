#pragma once
#include <functional>
#include <string>

namespace gatehouse::gateway {

/// What is about to change on a disk.
struct DiskChange {
  const char* how;   ///< "write", "truncate", "rename", "remove"
  std::string path;  ///< of a rename: the new name
};

/// How far it comes.
enum class DiskFate : std::uint8_t {
  kDone,
  kHalf,  ///< the power goes: of a write the first half is there, of anything else nothing
  kGone,  ///< there is no power: it fails, and nothing has changed
};

/// The seam between the programs' parts and the file system: this test program has rename(),
/// write() and their like of its own, which ask before they do what they are called for. So the
/// real classes are cut off wherever they write, by whichever library, and nothing in them knows of
/// it. One watch at a time. `judge` is called by any thread, and must not write to a disk.
class DiskWatch {
 public:
  using Judge = std::function<DiskFate(const DiskChange&)>;
  /// `folder`: what is below it is asked about.
  DiskWatch(std::string folder, Judge judge);
  ~DiskWatch();
  DiskWatch(const DiskWatch&) = delete;
  DiskWatch& operator=(const DiskWatch&) = delete;
};

}  // namespace gatehouse::gateway
