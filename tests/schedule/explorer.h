// Tries every schedule of a few threads that share a few words and a clock.
//
// A step of a thread is one access to a Cell or one reading of the clock. Between any two steps any other thread
// may go, and at each reading the clock may have advanced to any later of its instants. (So it need not advance
// anywhere else: time that nobody reads is time that nobody saw.) Each thread is a fiber, and a fiber that waits
// for its next step is nothing but the bytes on its stack; so the explorer can go back to any state by putting
// those bytes back, and it walks the tree of choices depth first.
//
// No state is visited twice. A state is what the cells hold, the clock, the stack of each thread, and what the
// judge has noted (World::notes). From equal states equal things follow, for the same bytes on the same stack at
// the same address make the same program; so where a state has been before, all that can follow has been seen, or
// will have been before the search ends. What equal states are is thus not a matter of judgement. (Stacks also hold
// bytes that nobody will read again. That some states are walked more than once for it does no harm.) All fibers
// take turns on one stack, so two threads with the same to do are the same thread by another name: states that
// differ by such names only are one state.
//
// States are told apart by 64 bits of a hash. Of n states some two are taken for one with a probability of
// n^2 / 2^65: of 10 million, 3 in a million; and to hide an error it must be one on each way there.
//
// Three things are no steps of their own:
//
//   - A load of a cell that nobody ever writes, for it is always the same. All cells are taken for such until one
//     is written; then the search starts anew knowing better, until a whole walk has brought no news.
//   - The moment with which a call begins. A caller may have it from a CachedClock or share it with a batch, so any
//     instant will do, up to the clock's; and so it can as well be chosen when the call's first access is made.
//   - Where a line's hints say that a tag stands (find_tag). They may be old, so they may say "nowhere" at any
//     time. They may also name a place; but if the tag is not there when the place is looked at, then the caller
//     goes on as if the hints had said nowhere, and who was told that looks at every word himself. So "nowhere, or
//     a place where the tag is at the call's first access" leaves nothing out, however often a call asks. It would
//     if the caller did not look: one case reads the hints step by step instead.
//
// A state that comes again on one path means threads that take steps forever while no call ends. So the search also
// shows that as long as any threads go on, some call ends (it is lock free).

#ifndef PENSTOCK_TESTS_SCHEDULE_EXPLORER_H_
#define PENSTOCK_TESTS_SCHEDULE_EXPLORER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "penstock/detail/algorithm/arithmetic.h"

namespace penstock::schedule {

using algorithm::Time;
using algorithm::Wide;

// The hints that a call will read: of `places` cells, `is_there` tells which has the tag.
struct Hints {
  const void* line = nullptr;
  int places = 0;
  Wide tag = 0;
  bool (*is_there)(const void* line, int place, Wide tag) = nullptr;
};

struct Access {
  enum class Kind : std::uint8_t { kBegin, kClock, kLoad, kStore, kExchange };
  Kind kind = Kind::kBegin;
  const void* cell = nullptr;
  bool exchanged = false;
  Wide before = 0, after = 0;
  Time now = 0;
  int hint = -1;
};

// What is explored. Everything that one schedule leaves behind is in cells, in fibers or in the notes.
class World {
 public:
  virtual ~World() = default;

  virtual int threads() const = 0;
  // The first thread that has the same to do as this one.
  virtual int like(int thread) const = 0;
  // What the clock shows, one after another.
  virtual std::span<const Time> instants() const = 0;
  // Makes the world anew, at the same addresses. Runs on no fiber, as does `end`.
  virtual void begin() = 0;
  // All that a thread does.
  virtual void run(int thread) = 0;
  // All threads have finished.
  virtual void end() = 0;
  // Plain bytes, without padding. Who changes them calls Explorer::noted.
  virtual std::span<std::byte> notes() = 0;
  // Follows each exchange, on the stack of who made it.
  virtual void exchanged(const void* cell, Wide before, Wide after, bool exchanged) = 0;
  virtual std::string describe(const Access& access) const = 0;
};

struct Options {
  std::uint64_t most_states = 100'000'000;
  int most_preemptions = -1;  // how often a thread may be left in the midst of a call; -1: no bound
};

struct Report {
  bool complete = false;  // everything was tried, and nothing was found
  std::string violation;  // empty if there was none
  std::string schedule;   // that leads there, a line a step
  std::uint64_t states = 0;
  std::uint64_t steps = 0;
  double schedules = 0;  // from the beginning to the end of all threads
  double seconds = 0;    // of this process
};

class Explorer {
 public:
  Explorer();
  ~Explorer();

  Report explore(World& world, const Options& options);

  // ---- for cells and worlds, on any stack; what is done on no fiber happens at once ----

  void load(const void* cell, std::size_t size);
  void store(void* cell, std::size_t size, Wide desired);
  bool exchange(void* cell, std::size_t size, Wide& expected, Wide desired);

  // Only on a fiber.
  struct Beginning {
    Time now;
    int hint;  // the place; -1: nowhere
  };
  Beginning begin_call(const Hints& hints);
  Time read_clock();

  int running() const { return running_; }  // the thread; -1: none
  Time now() const { return world_->instants()[clock_]; }
  std::size_t instant() const { return clock_; }

  void noted() { noted_ = true; }
  void fail(const std::string& violation);
  bool failed() const { return !report_.violation.empty(); }
  bool tells() const { return tells_; }
  void tell(const std::string& event);

  // What cells hold now, and back.
  std::size_t mark() const { return writes_.size(); }
  void roll_back(std::size_t mark);

 private:
  // What a thread does next, as soon as it may.
  struct Step {
    enum class Kind : std::uint8_t { kBegin, kClock, kAccess, kDone };
    Kind kind = Kind::kDone;
    Hints hints = {};
  };
  struct Fiber;
  struct Level;
  class Stack;
  class States;

  struct Write {
    void* cell;
    std::size_t size;
    Wide before;
  };
  struct WrittenCell {
    const void* cell;
    std::size_t size;
  };

  [[noreturn]] static void fiber_main();
  void pause(const Step& step);
  void pause_for_access();
  void write(void* cell, std::size_t size, Wide value);
  void flip_hash_of(const void* cell);
  bool is_written(const void* cell) const;

  void start();
  void search();
  void enter(std::uint64_t key, int last, int preemptions);
  bool next(Level& level) const;
  bool leaves_midst_of_call(int thread) const;
  void save(Level& level);
  void take(int thread, int alternative);
  void undo(Level& level);
  std::uint64_t key(int last, int preemptions);
  bool all_done() const;
  void tell_schedule();
  void tell_access(const Access& access);

  World* world_ = nullptr;
  Options options_;
  Report report_;
  std::unique_ptr<Stack> stack_;
  std::vector<Fiber> fibers_;
  std::unique_ptr<States> states_;
  std::vector<Level> levels_;
  std::vector<std::byte> images_;  // what levels have put aside; only grows
  std::size_t images_used_ = 0;

  std::vector<Write> writes_;
  std::vector<WrittenCell> written_;  // ever, since exploring began
  bool news_ = false;                 // a cell was written that was not known to be
  std::uint64_t cells_hash_ = 0;
  std::uint64_t notes_hash_ = 0;
  bool noted_ = false;

  std::size_t clock_ = 0;
  int running_ = -1;
  int chosen_ = 0;
  bool passes_ = false;  // the next access belongs to the step that is being made
  bool tells_ = false;
  std::string events_;
};

// The one that cells belong to.
inline Explorer* explorer = nullptr;

// A cell whose accesses are steps.
template <class Word>
struct Cell {
  Word hint() const { return load(); }
  Word load() const {
    explorer->load(this, sizeof(Word));
    return word;
  }
  void store(Word desired) { explorer->store(this, sizeof(Word), desired); }
  bool exchange(Word& expected, Word desired) {
    Wide value = expected;
    const bool exchanged = explorer->exchange(this, sizeof(Word), value, desired);
    expected = static_cast<Word>(value);
    return exchanged;
  }

  Word word;
};

}  // namespace penstock::schedule

#endif  // PENSTOCK_TESTS_SCHEDULE_EXPLORER_H_
