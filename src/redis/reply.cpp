#include "redis/reply.h"

#include <hiredis/read.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>

namespace penstock::redis {

ReplyScanner::Finding ReplyScanner::scan(std::string_view bytes, std::size_t& used) {
  used = 0;
  while (used < bytes.size()) {
    Finding finding = Finding::more;
    if (state_ == State::bulk) {
      const std::size_t take = std::min<std::uint64_t>(pending_, bytes.size() - used);
      used += take;
      size_ += take;
      pending_ -= take;
      if (pending_ == 0) state_ = State::bulk_end;
    } else {
      ++size_;
      finding = step(bytes[used++]);
    }
    if (finding != Finding::more) return finding;
  }
  return Finding::more;
}

ReplyScanner::Finding ReplyScanner::step(char c) {
  switch (state_) {
    case State::type:
      if (std::string_view("+-:$*").find(c) == std::string_view::npos) return refuse("a reply of unknown type");
      type_ = c;
      after_cr_ = negative_ = false;
      digits_ = 0;
      number_ = 0;
      if (!open_.empty()) --announced_;
      state_ = c == '+' || c == '-' ? State::line : State::number;
      return fits(2) ? Finding::more : refuse("a reply above the byte limit");
    case State::line:
      if (after_cr_ && c == '\n') return end_of_element();
      after_cr_ = c == '\r';
      return fits(after_cr_ ? 1 : 2) ? Finding::more : refuse("a reply above the byte limit");
    case State::number:
      if (after_cr_) return c == '\n' ? end_of_number() : refuse("a number that does not end");
      if (c == '\r') {
        after_cr_ = true;
        return digits_ > 0 ? Finding::more : refuse("a number without digits");
      }
      if (c == '-' && digits_ == 0 && !negative_) {
        negative_ = true;
        return Finding::more;
      }
      // 19 digits are enough for every integer, and cannot wrap around.
      if (c < '0' || c > '9' || ++digits_ > 19) return refuse("a number that is none");
      number_ = number_ * 10 + static_cast<std::uint64_t>(c - '0');
      return fits(2) ? Finding::more : refuse("a reply above the byte limit");
    case State::bulk_end:
      if (!after_cr_) {
        after_cr_ = c == '\r';
        return after_cr_ ? Finding::more : refuse("a string longer than announced");
      }
      return c == '\n' ? end_of_element() : refuse("a string longer than announced");
    case State::bulk:
      break;
  }
  return refuse("an impossible state");
}

ReplyScanner::Finding ReplyScanner::end_of_number() {
  if (type_ == ':') return end_of_element();
  if (negative_) return number_ == 1 ? end_of_element() : refuse("a negative length");
  if (type_ == '$') {
    // The comparison comes first: number_ + 2 could wrap around otherwise.
    if (number_ > limits_.bytes || !fits(number_ + 2)) return refuse("a string above the byte limit");
    pending_ = number_;
    after_cr_ = false;
    state_ = pending_ == 0 ? State::bulk_end : State::bulk;
    return Finding::more;
  }
  if (open_.size() >= limits_.depth) return refuse("arrays nested too deep");
  if (number_ > limits_.bytes || !fits(3 * number_)) return refuse("an array above the byte limit");
  if (number_ == 0) return end_of_element();
  announced_ += number_;
  open_.push_back(number_);
  state_ = State::type;
  return Finding::more;
}

ReplyScanner::Finding ReplyScanner::end_of_element() {
  if (!fits(0)) return refuse("a reply above the byte limit");
  state_ = State::type;
  while (!open_.empty() && --open_.back() == 0) open_.pop_back();
  if (!open_.empty()) return Finding::more;
  size_ = 0;
  return Finding::complete;
}

ReplyScanner::Finding ReplyScanner::refuse(const char* reason) {
  reason_ = reason;
  return Finding::refused;
}

bool ReplyScanner::fits(std::uint64_t more) const { return size_ + 3 * announced_ + more <= limits_.bytes; }

// Memory for the nodes and the text of one reply, used again for the next.
struct ReplyReader::Arena {
  static constexpr std::size_t kBlock = std::size_t{16} * 1024;
  struct Block {
    std::unique_ptr<std::byte[]> bytes;
    std::size_t size;
  };

  void clear() {
    // A rare large reply must not stay for ever.
    blocks.resize(!blocks.empty() && blocks.front().size == kBlock ? 1 : 0);
    used = 0;
  }

  void* allocate(std::size_t size) {
    size = (size + alignof(std::max_align_t) - 1) / alignof(std::max_align_t) * alignof(std::max_align_t);
    if (blocks.empty() || used + size > blocks.back().size) {
      const std::size_t room = std::max(size, kBlock);
      blocks.push_back({std::make_unique<std::byte[]>(room), room});
      used = 0;
    }
    void* const memory = blocks.back().bytes.get() + used;
    used += size;
    return memory;
  }

  Reply* nodes(std::size_t count) {
    // hiredis takes null for "out of memory", so no elements are one node.
    auto* const first = static_cast<Reply*>(allocate(std::max<std::size_t>(count, 1) * sizeof(Reply)));
    for (std::size_t i = 0; i < count; ++i) new (first + i) Reply;
    return first;
  }

  std::string_view text(const char* bytes, std::size_t size) {
    if (size == 0) return {};
    auto* const copy = static_cast<char*>(allocate(size));
    std::memcpy(copy, bytes, size);
    return {copy, size};
  }

  std::vector<Block> blocks;
  std::size_t used = 0;  // of the last block
};

namespace {

using Arena = ReplyReader::Arena;

// The node that a task of hiredis is about: an element of its parent, which is there already, or the whole reply.
Reply* node(const redisReadTask* task) {
  auto& arena = *static_cast<Arena*>(task->privdata);
  if (task->parent == nullptr) return arena.nodes(1);
  const auto& parent = *static_cast<const Reply*>(task->parent->obj);
  // The elements are ours and were made by nodes() just before.
  return const_cast<Reply*>(&parent.children[static_cast<std::size_t>(task->idx)]);
}

void* make_text(const redisReadTask* task, char* bytes, std::size_t size) {
  Reply* const reply = node(task);
  reply->kind = task->type == REDIS_REPLY_ERROR    ? Reply::Kind::error
                : task->type == REDIS_REPLY_STATUS ? Reply::Kind::status
                                                   : Reply::Kind::string;
  reply->text = static_cast<Arena*>(task->privdata)->text(bytes, size);
  return reply;
}

// The count is an int in hiredis 0.14 and a size_t since 1.0.
template <class Count>
void* make_array(const redisReadTask* task, Count count) {
  Reply* const reply = node(task);
  reply->kind = Reply::Kind::array;
  const auto size = static_cast<std::size_t>(count);
  reply->children = {static_cast<Arena*>(task->privdata)->nodes(size), size};
  return reply;
}

void* make_integer(const redisReadTask* task, long long value) {
  Reply* const reply = node(task);
  reply->kind = Reply::Kind::integer;
  reply->integer = value;
  return reply;
}

void* make_nil(const redisReadTask* task) { return node(task); }

void free_nothing(void*) {}

redisReplyObjectFunctions& functions() {
  static redisReplyObjectFunctions functions = [] {
    redisReplyObjectFunctions f{};
    f.createString = make_text;
    f.createArray = make_array;
    f.createInteger = make_integer;
    f.createNil = make_nil;
    f.freeObject = free_nothing;
    return f;
  }();
  return functions;
}

}  // namespace

void ReplyReader::Free::operator()(redisReader* reader) const { redisReaderFree(reader); }

ReplyReader::ReplyReader(const ReplyLimits& limits)
    : arena_(std::make_unique<Arena>()), reader_(redisReaderCreateWithFunctions(&functions())), scanner_(limits) {
  if (reader_) {
    reader_->privdata = arena_.get();
  } else {
    error_ = absl::ResourceExhaustedError("out of memory");
  }
}

ReplyReader::~ReplyReader() = default;

void ReplyReader::feed(std::string_view bytes) {
  if (!error_.ok()) return;
  buffer_.erase(0, begin_);
  seen_ -= begin_;
  begin_ = 0;
  buffer_.append(bytes.data(), bytes.size());
}

absl::StatusOr<const Reply*> ReplyReader::next() {
  if (!error_.ok()) return error_;
  std::size_t used = 0;
  const ReplyScanner::Finding finding = scanner_.scan(std::string_view(buffer_).substr(seen_), used);
  seen_ += used;
  if (finding == ReplyScanner::Finding::more) return nullptr;
  if (finding == ReplyScanner::Finding::complete) {
    arena_->clear();
    void* reply = nullptr;
    const int fed = redisReaderFeed(reader_.get(), buffer_.data() + begin_, seen_ - begin_);
    const int got = redisReaderGetReply(reader_.get(), &reply);
    begin_ = seen_;
    // Anything but exactly one reply would mean that the two readers disagree about where it ends.
    if (fed == REDIS_OK && got == REDIS_OK && reply != nullptr && reader_->pos == reader_->len) {
      return static_cast<const Reply*>(reply);
    }
    error_ = absl::DataLossError("protocol error: not a RESP2 reply");
  } else {
    error_ = absl::DataLossError(std::string("protocol error: ") + scanner_.reason());
  }
  buffer_ = std::string();
  begin_ = seen_ = 0;
  return error_;
}

}  // namespace penstock::redis
