#include "bindings/coap/block_transfer.h"

#include <algorithm>

namespace gatehouse::coap {
namespace {

constexpr std::uint8_t kContinue = code(2, 31), kIncomplete = code(4, 8), kTooLarge = code(4, 13);

Message plain(std::uint8_t code) {
  Message message;
  message.code = code;
  return message;
}

/// One block of `whole`; the number must be within it.
Message slice(const Message& whole, Block block) {
  Message part;
  part.code = whole.code;
  part.options = whole.options;
  part.payload = whole.payload.substr(block.offset(), block.size());
  block.more = block.offset() + block.size() < whole.payload.size();
  part.add(option::kBlock2, to_unsigned(block));
  if (block.number == 0) part.add(option::kSize2, static_cast<std::uint32_t>(whole.payload.size()));
  return part;
}

}  // namespace

std::uint8_t fitting_exponent(std::size_t room, std::size_t option_bytes) {
  constexpr std::size_t kBlockOptions = 16;  // Block and Size
  const std::size_t taken = option_bytes + kBlockOptions;
  std::uint8_t exponent = 6;
  while (exponent > 0 && taken + (std::size_t{16} << exponent) > room) --exponent;
  return exponent;
}

std::string transfer_key(const Message& message) {
  std::string key(1, static_cast<char>(message.code));
  for (const Option& o : message.options) {
    if (o.number == option::kBlock1 || o.number == option::kBlock2 || o.number == option::kSize1 ||
        o.number == option::kSize2 || o.number == option::kContentFormat) {
      continue;
    }
    key += std::to_string(o.number) + ":" + std::to_string(o.value.size()) + ":" + o.value;
  }
  return key;
}

// --- Uploads
// --------------------------------------------------------------------------------------

Uploads::~Uploads() {
  while (!uploads_.empty()) drop(uploads_.begin());
}

void Uploads::drop(std::list<Upload>::iterator upload) {
  budget_.bytes -= upload->body.size();
  uploads_.erase(upload);
}

std::list<Uploads::Upload>::iterator Uploads::find(const std::string& key, Time now) {
  while (!uploads_.empty() && uploads_.front().last + limits_.age < now) drop(uploads_.begin());
  return std::find_if(uploads_.begin(), uploads_.end(),
                      [&key](const Upload& u) { return u.key == key; });
}

Uploads::Step Uploads::take(Message message, Time now) {
  const auto refuse = [this](std::uint8_t code) {
    Step step;
    step.answer = plain(code);
    if (code == kTooLarge) {
      step.answer->add(option::kSize1, static_cast<std::uint32_t>(limits_.max_body_bytes));
    }
    return step;
  };
  if (!message.find(option::kBlock1)) {
    if (message.payload.size() > limits_.max_body_bytes) return refuse(kTooLarge);
    return {std::move(message), {}};
  }
  const auto block = block_at(message, option::kBlock1);
  if (!block || (block->more && message.payload.size() != block->size()) ||
      message.payload.size() > block->size()) {
    return refuse(code(4, 0));
  }
  const std::string key = transfer_key(message);
  auto upload = find(key, now);
  if (block->number == 0) {
    if (upload != uploads_.end()) drop(upload);
    if (uploads_.size() >= limits_.max_transfers) drop(uploads_.begin());
    upload = uploads_.insert(uploads_.end(), {key, {}, now});
  }
  if (upload == uploads_.end() || upload->body.size() != block->offset())
    return refuse(kIncomplete);
  const std::size_t size = block->offset() + message.payload.size();
  const std::size_t announced = message.unsigned_at(option::kSize1).value_or(0);
  if (std::max(size, announced) > limits_.max_body_bytes ||
      budget_.bytes + message.payload.size() > budget_.max_bytes) {
    drop(upload);
    return refuse(kTooLarge);
  }
  upload->body += message.payload;
  upload->last = now;
  budget_.bytes += message.payload.size();
  if (!block->more) {
    message.payload = upload->body;
    drop(upload);
    return {std::move(message), {}};
  }
  uploads_.splice(uploads_.end(), uploads_, upload);
  Step step;
  step.answer = plain(kContinue);
  step.answer->add(option::kBlock1, to_unsigned(*block));
  return step;
}

// --- Downloads
// ------------------------------------------------------------------------------------

Downloads::~Downloads() {
  while (!downloads_.empty()) drop(downloads_.begin());
}

void Downloads::drop(std::list<Download>::iterator download) {
  budget_.bytes -= download->whole.payload.size();
  downloads_.erase(download);
}

Message Downloads::begin(const Message& request, Message whole, std::size_t room, Time now) {
  const auto wish = block_at(request, option::kBlock2);
  const std::size_t taken = whole.option_bytes();
  Block block;
  block.exponent = fitting_exponent(room, taken);
  if (wish) {
    block.exponent = std::min(block.exponent, wish->exponent);
    // The number counts blocks of the size that was asked for.
    block.number = wish->number << (wish->exponent - block.exponent);
  }
  const bool fits = taken + whole.payload.size() <= room;
  const bool in_one = wish ? whole.payload.size() <= block.size() : fits;
  if (block.number == 0 && in_one) return whole;
  if (block.offset() >= whole.payload.size()) return plain(code(4, 0));
  Message part = slice(whole, block);
  const std::string key = transfer_key(request);
  const auto same = std::find_if(downloads_.begin(), downloads_.end(),
                                 [&key](const Download& d) { return d.key == key; });
  if (same != downloads_.end()) drop(same);
  if (downloads_.size() >= limits_.max_transfers) drop(downloads_.begin());
  // Over budget nothing is kept: the request is then served again for each block.
  if (budget_.bytes + whole.payload.size() > budget_.max_bytes) return part;
  budget_.bytes += whole.payload.size();
  downloads_.push_back({key, std::move(whole), now});
  return part;
}

std::optional<Message> Downloads::next(const Message& request, std::size_t room, Time now) {
  while (!downloads_.empty() && downloads_.front().last + limits_.age < now) {
    drop(downloads_.begin());
  }
  auto wish = block_at(request, option::kBlock2);
  if (!wish || wish->number == 0) return std::nullopt;
  const std::string key = transfer_key(request);
  const auto kept = std::find_if(downloads_.begin(), downloads_.end(),
                                 [&key](const Download& d) { return d.key == key; });
  if (kept == downloads_.end()) return std::nullopt;
  const std::uint8_t most = fitting_exponent(room, kept->whole.option_bytes());
  if (wish->exponent > most) {
    wish->number <<= wish->exponent - most;
    wish->exponent = most;
  }
  if (wish->offset() >= kept->whole.payload.size()) return plain(code(4, 0));
  kept->last = now;
  Message part = slice(kept->whole, *wish);
  downloads_.splice(downloads_.end(), downloads_, kept);
  return part;
}

// --- Exchange
// -------------------------------------------------------------------------------------

Exchange::Exchange(Message request, std::size_t room, std::size_t max_body_bytes)
    : request_(std::move(request)), max_body_bytes_(max_body_bytes) {
  const std::size_t taken = request_.option_bytes();
  in_blocks_ = taken + request_.payload.size() > room;
  block_.exponent = fitting_exponent(room, taken);
  make_block();
}

void Exchange::make_block() {
  if (!in_blocks_) {
    current_ = request_;
    return;
  }
  current_.code = request_.code;
  current_.options = request_.options;
  current_.payload = request_.payload.substr(block_.offset(), block_.size());
  block_.more = block_.offset() + block_.size() < request_.payload.size();
  current_.add(option::kBlock1, to_unsigned(block_));
  if (block_.number == 0) {
    current_.add(option::kSize1, static_cast<std::uint32_t>(request_.payload.size()));
  }
}

Exchange::Step Exchange::on_continue(const Message& answer) {
  const auto echoed = block_at(answer, option::kBlock1);
  if (!in_blocks_ || !block_.more || !echoed || echoed->number != block_.number) {
    return {false, {}, "asks for a block that does not exist"};
  }
  const std::size_t sent = block_.offset() + block_.size();
  block_.exponent = std::min(block_.exponent, echoed->exponent);
  block_.number = static_cast<std::uint32_t>(sent / block_.size());
  make_block();
  return {true, {}, {}};
}

Exchange::Step Exchange::on_part(Message answer, const Block& part) {
  if (!answer_) {
    if (part.number != 0) return {false, {}, "does not begin with its first block"};
    answer_ = std::move(answer);
  } else {
    if (part.offset() != answer_->payload.size()) return {false, {}, "has its blocks out of order"};
    answer_->payload += answer.payload;
  }
  if (answer_->payload.size() > max_body_bytes_) return {false, {}, "is too large"};
  if (!part.more) {
    answer_->remove(option::kBlock2);
    answer_->remove(option::kSize2);
    return {false, std::move(answer_), {}};
  }
  if (answer_->payload.size() % part.size() != 0 || answer_->payload.empty()) {
    return {false, {}, "has a block of the wrong size"};
  }
  Block wish = part;
  wish.more = false;
  wish.number = static_cast<std::uint32_t>(answer_->payload.size() / part.size());
  current_.code = request_.code;
  current_.options = request_.options;
  current_.payload.clear();
  current_.remove(option::kContentFormat);
  current_.add(option::kBlock2, to_unsigned(wish));
  return {true, {}, {}};
}

Exchange::Step Exchange::on_answer(Message answer) {
  if (answer.code == kContinue) return on_continue(answer);
  const auto part = block_at(answer, option::kBlock2);
  if (!part) {
    if (answer_) return {false, {}, "breaks off before its last block"};
    return {false, std::move(answer), {}};
  }
  return on_part(std::move(answer), *part);
}

}  // namespace gatehouse::coap
