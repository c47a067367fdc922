#include "cse/store/sqlite/reader_pool.h"

#include <utility>

namespace gatehouse::sqlite {

Result<std::unique_ptr<Connection>> ReaderPool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (out_ >= settings_.max_readers) {
      return fail(Rsc::kInternalServerError, "store: too many snapshots are open");
    }
    ++out_;
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = Connection::open(settings_, Connection::Mode::kRead);
  if (!connection) {
    const std::lock_guard lock(mutex_);
    --out_;
  }
  return connection;
}

void ReaderPool::give_back(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  --out_;
  if (idle_.size() < settings_.idle_readers) idle_.push_back(std::move(connection));
}

}  // namespace gatehouse::sqlite
