#include "schedule/explorer.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <utility>

#if !defined(__x86_64__)
#define PENSTOCK_SCHEDULE_UCONTEXT 1
#endif

#if defined(PENSTOCK_SCHEDULE_UCONTEXT)
#include <ucontext.h>
#else

// Leaves one stack, having put all there that a function must keep, and takes up another where it was left.
extern "C" void penstock_schedule_switch(void** left, void* taken_up);
asm(R"(
.text
.p2align 4
.globl penstock_schedule_switch
.type penstock_schedule_switch, @function
penstock_schedule_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size penstock_schedule_switch, . - penstock_schedule_switch
)");

#endif

namespace penstock::schedule {
namespace {

std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const Wide product = Wide{a ^ 0x2d358dccaa6c78a5} * (b ^ 0x8bb84b93962eacc9);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

std::uint64_t hash(const void* bytes, std::size_t size) {
  const auto* at = static_cast<const std::byte*>(bytes);
  std::uint64_t result = size;
  std::uint64_t words[2];
  for (; size >= 16; at += 16, size -= 16) {
    std::memcpy(words, at, 16);
    result = mix(words[0] ^ result, words[1] ^ 0x4b33a62ed433d4a3);
  }
  words[0] = words[1] = 0;
  std::memcpy(words, at, size);
  return mix(words[0] ^ result, words[1] ^ 0x1d8e4e27c47d124f);
}

Wide value_of(const void* cell, std::size_t size) {
  Wide value = 0;
  std::memcpy(&value, cell, size);  // the low bytes come first
  return value;
}

}  // namespace

// ---- fibers --------------------------------------------------------------------------------------------

// The stack on which all fibers run, one at a time.
class Explorer::Stack {
 public:
  // Of one that pauses. More would mean that somebody has put an array on it.
  static constexpr std::size_t kMostUsed = 4096;

  std::byte* top() { return bytes_ + sizeof bytes_; }

  // What is on it now is left by a fiber that has not begun. Returns the lowest byte in use, as do all here.
  std::byte* prepare(void (*main)()) {
    std::memset(bytes_, 0, sizeof bytes_);
#if defined(PENSTOCK_SCHEDULE_UCONTEXT)
    ucontext_t* const own = new (context()) ucontext_t;
    getcontext(own);
    own->uc_stack.ss_sp = bytes_;
    own->uc_stack.ss_size = static_cast<std::size_t>(reinterpret_cast<std::byte*>(own) - bytes_);
    own->uc_link = nullptr;
    makecontext(own, main, 0);
    return reinterpret_cast<std::byte*>(own) - 512;
#else
    // Six registers, where to return to, and where a caller would be.
    void** const frame = reinterpret_cast<void**>(top()) - 8;
    frame[6] = reinterpret_cast<void*>(main);
    return reinterpret_cast<std::byte*>(frame);
#endif
  }

  // Goes on where the stack was left.
  std::byte* go_on(std::byte* used) {
    // What a call leaves below the stack must not be taken for a part of the next one.
    std::memset(used - 1024, 0, 1024);
    used_ = used;
#if defined(PENSTOCK_SCHEDULE_UCONTEXT)
    swapcontext(&explorer_, context());
#else
    penstock_schedule_switch(&explorer_, used);
#endif
    return static_cast<std::byte*>(used_);
  }

  void leave() {
#if defined(PENSTOCK_SCHEDULE_UCONTEXT)
    // With what the call itself pushes. Where other registers than the stack pointer are kept, says the context.
    used_ = reinterpret_cast<std::byte*>(reinterpret_cast<std::uintptr_t>(__builtin_frame_address(0)) - 512);
    swapcontext(context(), &explorer_);
#else
    penstock_schedule_switch(&used_, explorer_);
#endif
  }

 private:
  alignas(64) std::byte bytes_[256 * 1024];
  void* used_ = nullptr;
#if defined(PENSTOCK_SCHEDULE_UCONTEXT)
  // It lies on the stack that it belongs to, so it is put aside with it.
  ucontext_t* context() { return reinterpret_cast<ucontext_t*>(top() - (sizeof(ucontext_t) + 63) / 64 * 64); }
  ucontext_t explorer_;
#else
  void* explorer_ = nullptr;
#endif
};

// A thread while others are on the stack.
struct Explorer::Fiber {
  std::array<std::byte, Stack::kMostUsed> image;  // of the stack in use
  std::byte* used = nullptr;                      // its lowest byte, there
  std::size_t size = 0;
  Step step;
  std::uint64_t hash = 0;
};

void Explorer::fiber_main() {
  explorer->world_->run(explorer->world_->like(explorer->running_));
  for (;;) explorer->pause({.kind = Step::Kind::kDone});
}

void Explorer::pause(const Step& step) {
  fibers_[static_cast<std::size_t>(running_)].step = step;
  stack_->leave();
}

void Explorer::pause_for_access() {
  if (!std::exchange(passes_, false)) pause({.kind = Step::Kind::kAccess});
}

// Makes one step.
void Explorer::take(int thread, int alternative) {
  Fiber& fiber = fibers_[static_cast<std::size_t>(thread)];
  std::memcpy(fiber.used, fiber.image.data(), fiber.size);
  chosen_ = alternative;
  passes_ = false;
  running_ = thread;
  fiber.used = stack_->go_on(fiber.used);
  running_ = -1;
  fiber.size = static_cast<std::size_t>(stack_->top() - fiber.used);
  if (fiber.size > fiber.image.size()) {
    fail("a fiber uses more of its stack than is put aside");
    fiber.size = fiber.image.size();
  }
  std::memcpy(fiber.image.data(), fiber.used, fiber.size);
  fiber.hash = hash(fiber.image.data(), fiber.size);
}

// ---- the states that were visited ----------------------------------------------------------------------

// A set of hashes, and for each how many schedules lead from there to the end.
class Explorer::States {
 public:
  static constexpr float kOnThisPath = -1;

  States() : keys_(std::size_t{1} << 12, 0), schedules_(keys_.size(), 0) {}

  std::uint64_t size() const { return size_; }

  // Where the schedules of the state are kept until the next is added; `added` tells whether it is new.
  float& find(std::uint64_t key, bool& added) {
    if (size_ * 4 >= keys_.size() * 3) grow();
    const std::size_t place = place_of(key);
    added = keys_[place] == 0;
    if (added) {
      keys_[place] = key;
      schedules_[place] = kOnThisPath;
      ++size_;
    }
    return schedules_[place];
  }

 private:
  std::size_t place_of(std::uint64_t key) const {
    std::size_t place = key & (keys_.size() - 1);
    while (keys_[place] != 0 && keys_[place] != key) place = (place + 1) & (keys_.size() - 1);
    return place;
  }

  void grow() {
    std::vector<std::uint64_t> keys(keys_.size() * 2, 0);
    std::vector<float> schedules(keys.size(), 0);
    keys.swap(keys_);
    schedules.swap(schedules_);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (keys[i] == 0) continue;
      const std::size_t place = place_of(keys[i]);
      keys_[place] = keys[i];
      schedules_[place] = schedules[i];
    }
  }

  std::vector<std::uint64_t> keys_;  // 0: none
  std::vector<float> schedules_;
  std::uint64_t size_ = 0;
};

// ---- the search ----------------------------------------------------------------------------------------

// A state on the path that is being walked, and the choice that was made there.
struct Explorer::Level {
  std::uint64_t key;
  double schedules = 0;
  int last;         // who made the step that led here
  int preemptions;  // on the way here
  int turn = 0;     // threads are tried from `last` on, so the first path has the fewest changes
  int thread = -1;
  int alternative = -1;

  // What it takes to come back.
  std::size_t writes;
  std::size_t clock;
  std::uint64_t notes_hash;
  std::size_t images;  // where the notes are, and then the stack of the thread
  int saved_thread = -1;
  std::byte* saved_used = nullptr;
  std::size_t saved_size = 0;
  Step saved_step = {};
  std::uint64_t saved_hash = 0;
};

Explorer::Explorer() : stack_(std::make_unique<Stack>()) { explorer = this; }
Explorer::~Explorer() { explorer = nullptr; }

Report Explorer::explore(World& world, const Options& options) {
  const std::clock_t begin = std::clock();
  world_ = &world;
  options_ = options;
  written_.clear();
  do {
    search();
  } while (news_);
  states_.reset();
  if (failed()) tell_schedule();
  report_.seconds = static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  return report_;
}

void Explorer::start() {
  report_ = {};
  events_.clear();
  levels_.clear();
  images_used_ = 0;
  clock_ = 0;
  running_ = -1;
  world_->begin();
  news_ = false;
  writes_.clear();
  cells_hash_ = 0;
  for (const WrittenCell& cell : written_) flip_hash_of(cell.cell);
  noted_ = true;
  fibers_.assign(static_cast<std::size_t>(world_->threads()), {});
  for (std::size_t i = 0; i < fibers_.size(); ++i) {
    Fiber& fiber = fibers_[i];
    fiber.used = stack_->prepare(fiber_main);
    fiber.size = static_cast<std::size_t>(stack_->top() - fiber.used);
    std::memcpy(fiber.image.data(), fiber.used, fiber.size);
    take(static_cast<int>(i), 0);
  }
}

void Explorer::enter(std::uint64_t key, int last, int preemptions) {
  const auto notes = world_->notes();
  const std::size_t room = images_used_ + notes.size() + Stack::kMostUsed;
  if (images_.size() < room) images_.resize(2 * room);
  std::memcpy(images_.data() + images_used_, notes.data(), notes.size());
  levels_.push_back({.key = key,
                     .last = last,
                     .preemptions = preemptions,
                     .writes = writes_.size(),
                     .clock = clock_,
                     .notes_hash = notes_hash_,
                     .images = images_used_});
  images_used_ += notes.size();
}

void Explorer::search() {
  start();
  states_ = std::make_unique<States>();
  bool added = false;
  const std::uint64_t root = key(0, 0);
  states_->find(root, added);
  enter(root, 0, 0);

  while (!levels_.empty()) {
    Level& level = levels_.back();
    if (!next(level)) {
      const double schedules = level.schedules;
      states_->find(level.key, added) = static_cast<float>(schedules);
      images_used_ = level.images;
      levels_.pop_back();
      if (levels_.empty()) {
        report_.schedules = schedules;
      } else {
        levels_.back().schedules += schedules;
        undo(levels_.back());
      }
      continue;
    }
    const int thread = level.thread;
    const bool preempts = thread != level.last && leaves_midst_of_call(level.last);
    if (preempts && level.preemptions == options_.most_preemptions) continue;
    save(level);
    take(thread, level.alternative);
    ++report_.steps;
    if (news_) return;
    if (failed()) break;

    const int preemptions = level.preemptions + preempts;
    const std::uint64_t reached = key(thread, preemptions);
    float& schedules = states_->find(reached, added);
    if (!added) {
      if (schedules == States::kOnThisPath) {
        fail("this state has been on the way: threads go round in circles, and no call ends");
        break;
      }
      level.schedules += static_cast<double>(schedules);
      undo(level);
    } else if (all_done()) {
      schedules = 1;
      level.schedules += 1;
      world_->end();
      if (failed()) break;
      undo(level);
    } else if (states_->size() > options_.most_states) {
      report_.states = states_->size();
      return;
    } else {
      enter(reached, thread, preemptions);
    }
  }
  report_.states = states_->size();
  report_.complete = !failed();
}

// The next choice that can be made. The present instant comes first, then later ones, then those gone by.
bool Explorer::next(Level& level) const {
  const int threads = static_cast<int>(fibers_.size());
  const int instants = static_cast<int>(world_->instants().size());
  for (; level.turn < threads; ++level.turn, level.alternative = -1) {
    level.thread = (level.last + level.turn) % threads;
    const Step& step = fibers_[static_cast<std::size_t>(level.thread)].step;
    ++level.alternative;
    switch (step.kind) {
      case Step::Kind::kDone:
        break;
      case Step::Kind::kAccess:
        if (level.alternative == 0) return true;
        break;
      case Step::Kind::kClock:
        if (level.alternative < instants - static_cast<int>(clock_)) return true;
        break;
      case Step::Kind::kBegin: {
        const Hints& hints = step.hints;
        const int choices = 1 + hints.places;
        for (; level.alternative < instants * choices; ++level.alternative) {
          const int place = level.alternative % choices - 1;
          if (place < 0 || hints.is_there(hints.line, place, hints.tag)) return true;
        }
        break;
      }
    }
  }
  return false;
}

bool Explorer::leaves_midst_of_call(int thread) const {
  const Step::Kind next = fibers_[static_cast<std::size_t>(thread)].step.kind;
  return next != Step::Kind::kBegin && next != Step::Kind::kDone;
}

bool Explorer::all_done() const {
  return std::all_of(fibers_.begin(), fibers_.end(),
                     [](const Fiber& fiber) { return fiber.step.kind == Step::Kind::kDone; });
}

void Explorer::save(Level& level) {
  if (level.saved_thread == level.thread) return;
  const Fiber& fiber = fibers_[static_cast<std::size_t>(level.thread)];
  level.saved_thread = level.thread;
  level.saved_used = fiber.used;
  level.saved_size = fiber.size;
  level.saved_step = fiber.step;
  level.saved_hash = fiber.hash;
  const std::size_t at = level.images + world_->notes().size();
  std::memcpy(images_.data() + at, fiber.image.data(), fiber.size);
  images_used_ = at + fiber.size;
}

void Explorer::undo(Level& level) {
  roll_back(level.writes);
  clock_ = level.clock;
  const auto notes = world_->notes();
  if (noted_ || notes_hash_ != level.notes_hash) {
    std::memcpy(notes.data(), images_.data() + level.images, notes.size());
    notes_hash_ = level.notes_hash;
    noted_ = false;
  }
  Fiber& fiber = fibers_[static_cast<std::size_t>(level.saved_thread)];
  fiber.used = level.saved_used;
  fiber.size = level.saved_size;
  fiber.step = level.saved_step;
  fiber.hash = level.saved_hash;
  std::memcpy(fiber.image.data(), images_.data() + level.images + notes.size(), fiber.size);
}

std::uint64_t Explorer::key(int last, int preemptions) {
  if (std::exchange(noted_, false)) {
    const auto notes = world_->notes();
    notes_hash_ = hash(notes.data(), notes.size());
  }
  std::uint64_t result = mix(cells_hash_ ^ clock_, notes_hash_);
  if (options_.most_preemptions >= 0) {
    for (const Fiber& fiber : fibers_) result = mix(result, fiber.hash);
    result = mix(result ^ static_cast<std::uint64_t>(last), static_cast<std::uint64_t>(preemptions));
  } else {
    // Of threads that have the same to do it does not matter which is which.
    for (std::size_t i = 0; i < fibers_.size(); ++i) {
      if (world_->like(static_cast<int>(i)) != static_cast<int>(i)) continue;
      std::uint64_t sum = 0;
      for (std::size_t j = i; j < fibers_.size(); ++j) {
        if (world_->like(static_cast<int>(j)) == static_cast<int>(i)) sum += mix(fibers_[j].hash, 0);
      }
      result = mix(result, sum);
    }
  }
  return result != 0 ? result : 1;
}

// Goes the way that led to the failure once more.
void Explorer::tell_schedule() {
  std::vector<std::pair<int, int>> path;
  for (const Level& level : levels_) path.emplace_back(level.thread, level.alternative);
  const Report report = std::move(report_);
  tells_ = true;
  start();
  for (const auto& [thread, alternative] : path) take(thread, alternative);
  if (all_done()) world_->end();
  tells_ = false;
  report_ = report;
  report_.schedule = std::move(events_);
}

// ---- what cells and worlds ask for ---------------------------------------------------------------------

bool Explorer::is_written(const void* cell) const {
  for (const WrittenCell& written : written_) {
    if (written.cell == cell) return true;
  }
  return false;
}

// Takes the value of a cell into the hash of all, or out of it.
void Explorer::flip_hash_of(const void* cell) {
  for (std::size_t i = 0; i < written_.size(); ++i) {
    if (written_[i].cell != cell) continue;
    const Wide value = value_of(cell, written_[i].size);
    cells_hash_ ^= mix(mix(static_cast<std::uint64_t>(value), static_cast<std::uint64_t>(value >> 64)), i);
  }
}

void Explorer::load(const void* cell, std::size_t size) {
  if (running_ < 0 || !is_written(cell)) return;
  pause_for_access();
  if (tells_) tell_access({.kind = Access::Kind::kLoad, .cell = cell, .before = value_of(cell, size)});
}

void Explorer::write(void* cell, std::size_t size, Wide value) {
  if (running_ >= 0 && !is_written(cell)) {
    written_.push_back({cell, size});
    news_ = true;
  }
  flip_hash_of(cell);
  writes_.push_back({cell, size, value_of(cell, size)});
  std::memcpy(cell, &value, size);
  flip_hash_of(cell);
}

void Explorer::store(void* cell, std::size_t size, Wide desired) {
  if (running_ >= 0) pause_for_access();
  if (tells_ && running_ >= 0) tell_access({.kind = Access::Kind::kStore, .cell = cell, .after = desired});
  write(cell, size, desired);
}

bool Explorer::exchange(void* cell, std::size_t size, Wide& expected, Wide desired) {
  if (running_ >= 0) pause_for_access();
  const Wide before = value_of(cell, size);
  const bool exchanged = before == expected;
  if (exchanged) write(cell, size, desired);
  expected = before;
  if (tells_ && running_ >= 0) {
    tell_access({.kind = Access::Kind::kExchange,
                 .cell = cell,
                 .exchanged = exchanged,
                 .before = before,
                 .after = desired});
  }
  world_->exchanged(cell, before, desired, exchanged);
  return exchanged;
}

Explorer::Beginning Explorer::begin_call(const Hints& hints) {
  pause({.kind = Step::Kind::kBegin, .hints = hints});
  const auto choices = static_cast<std::size_t>(1 + hints.places);
  const auto chosen = static_cast<std::size_t>(chosen_);
  const std::size_t instant = (clock_ + chosen / choices) % world_->instants().size();
  clock_ = std::max(clock_, instant);
  passes_ = true;
  const Beginning beginning{world_->instants()[instant], static_cast<int>(chosen % choices) - 1};
  if (tells_) tell_access({.kind = Access::Kind::kBegin, .now = beginning.now, .hint = beginning.hint});
  return beginning;
}

Time Explorer::read_clock() {
  passes_ = false;
  pause({.kind = Step::Kind::kClock});
  clock_ += static_cast<std::size_t>(chosen_);
  if (tells_) tell_access({.kind = Access::Kind::kClock, .now = now()});
  return now();
}

void Explorer::fail(const std::string& violation) {
  if (!failed()) report_.violation = violation;
  if (tells_) tell("VIOLATION: " + violation);
}

void Explorer::tell(const std::string& event) {
  if (!tells_) return;
  events_ += "    ";
  events_ += running_ < 0 ? "-" : std::string(1, static_cast<char>('A' + running_));
  events_ += "   " + event + "\n";
}

void Explorer::tell_access(const Access& access) { tell(world_->describe(access)); }

void Explorer::roll_back(std::size_t mark) {
  while (writes_.size() > mark) {
    const Write write = writes_.back();
    flip_hash_of(write.cell);
    std::memcpy(write.cell, &write.before, write.size);
    flip_hash_of(write.cell);
    writes_.pop_back();
  }
}

}  // namespace penstock::schedule
