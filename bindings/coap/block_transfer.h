#pragma once
#include <chrono>
#include <list>
#include <optional>
#include <string>

#include "bindings/coap/message.h"

/// Block-wise transfer (RFC 7959), without sockets or clock. libcoap's own is switched off: it
/// bounds neither the number nor the size of bodies, and mixes up transfers of different paths.
namespace gatehouse::coap {

using Time = std::chrono::steady_clock::time_point;

struct TransferLimits {
  std::size_t max_body_bytes = 8u << 20;
  std::size_t max_transfers = 4;          ///< of one peer at a time; the oldest gives way
  std::chrono::milliseconds age{60'000};  ///< a transfer without a new block ends after it
};

/// Bytes held by all transfers of a server.
struct TransferBudget {
  std::size_t max_bytes = 256u << 20;
  std::size_t bytes = 0;
};

/// Bodies that one peer is sending us, block by block, in order (Block1).
class Uploads {
 public:
  Uploads(TransferLimits limits, TransferBudget& budget) : limits_(limits), budget_(budget) {}
  ~Uploads();
  Uploads(const Uploads&) = delete;
  Uploads& operator=(const Uploads&) = delete;

  struct Step {
    std::optional<Message> whole;   ///< all there: the request, its payload complete
    std::optional<Message> answer;  ///< else: 2.31, 4.08 (a block is missing), 4.13
  };
  /// Takes a request, with Block1 or without.
  Step take(Message message, Time now);

 private:
  struct Upload {
    std::string key, body;
    Time last;
  };
  std::list<Upload>::iterator find(const std::string& key, Time now);
  void drop(std::list<Upload>::iterator upload);

  TransferLimits limits_;
  TransferBudget& budget_;
  std::list<Upload> uploads_;  ///< the one used last at the end
};

/// Answers too large for one message that one peer is fetching (Block2).
class Downloads {
 public:
  Downloads(TransferLimits limits, TransferBudget& budget) : limits_(limits), budget_(budget) {}
  ~Downloads();
  Downloads(const Downloads&) = delete;
  Downloads& operator=(const Downloads&) = delete;

  /// The first part of `whole`, which is kept for the rest if there is more. `room`: bytes that
  /// options and payload may take.
  Message begin(const Message& request, Message whole, std::size_t room, Time now);
  /// The block that `request` asks for, of an answer kept before; nullopt: there is none, it is a
  /// new request.
  std::optional<Message> next(const Message& request, std::size_t room, Time now);

 private:
  struct Download {
    std::string key;
    Message whole;
    Time last;
  };
  void drop(std::list<Download>::iterator download);

  TransferLimits limits_;
  TransferBudget& budget_;
  std::list<Download> downloads_;
};

/// One request of ours and its answer, each in as many blocks as it takes.
class Exchange {
 public:
  /// `room`: bytes that options and payload of one message may take.
  Exchange(Message request, std::size_t room, std::size_t max_body_bytes);

  const Message& current() const { return current_; }  ///< what to send, or to send next
  struct Step {
    bool send = false;             ///< current() is the next message
    std::optional<Message> whole;  ///< the answer is complete
    std::string failure;           ///< not empty: what is wrong with the peer's blocks
  };
  Step on_answer(Message answer);

 private:
  void make_block();
  Step on_continue(const Message& answer);
  Step on_part(Message answer, const Block& part);

  Message request_;  ///< payload complete
  Message current_;
  std::size_t max_body_bytes_;
  bool in_blocks_ = false;
  Block block_;
  std::optional<Message> answer_;  ///< as far as it has come
};

/// The largest exponent of a block that fits beside so many bytes of options.
std::uint8_t fitting_exponent(std::size_t room, std::size_t option_bytes);

/// What makes two messages parts of one transfer: the method and all options but those of blocks
/// and the Content-Format, which a request for a further block of the answer need not repeat.
/// Source: RFC 7959 clause 2.
std::string transfer_key(const Message& message);

}  // namespace gatehouse::coap
