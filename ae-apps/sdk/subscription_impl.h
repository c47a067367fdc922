#pragma once
#include <memory>
#include <string>

#include "ae-apps/sdk/session.h"
#include "ae-apps/sdk/subscription.h"
#include "cse/primitive/result.h"

namespace gatehouse::sdk {

/// Private to this folder.
class Subscription::Impl {
 public:
  /// `resource` is an address.
  static Result<Subscription> create(const std::shared_ptr<Session>& session,
                                     const std::string& resource, Criteria criteria,
                                     EventCallback callback);
  Impl(std::weak_ptr<Session> session, Inbox::EntryPtr entry, std::string address, bool keep)
      : session_(std::move(session)),
        entry_(std::move(entry)),
        address_(std::move(address)),
        keep_(keep) {}
  ~Impl();
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::string& address() const { return address_; }
  void keep() { keep_ = true; }

 private:
  const std::weak_ptr<Session> session_;
  const Inbox::EntryPtr entry_;
  const std::string address_;
  bool keep_;
};

}  // namespace gatehouse::sdk
