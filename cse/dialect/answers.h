#pragma once
#include <string>

#include "cse/primitive/request.h"

namespace gatehouse {

/// What an answer says, in a dialect. Each returns whether it changed anything.
namespace answer {

/// ri, pi and addresses with the CSE-ID before them: "cnt1" becomes "/id-in/cnt1".
bool in_sp_relative_form(Value& content, const std::string& cse_id);

/// enc/om of subscriptions as ACME writes it.
bool with_acme_monitors(Value& content);

/// nev/om of a notification as ACME writes it.
bool with_acme_event(Value& notification);

}  // namespace answer
}  // namespace gatehouse
