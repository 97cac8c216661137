#include "tsc_clock.h"

#include <atomic>
#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "catch.h"

namespace penstock {
namespace {

using namespace std::chrono_literals;

__extension__ typedef __int128 Wide;

constexpr std::int64_t kBillion = 1'000'000'000;

// A machine with a counter and a reference clock of any rates, which can be told to jump. To read them takes time,
// as it does in life, and `meanwhile` may happen in the middle of it.
class Machine {
 public:
  explicit Machine(std::int64_t hertz = 2'600'000'000, std::uint64_t counter = 0)
      : hertz_(hertz), counter_(Wide{counter} * kBillion) {}

  void advance(Duration time) {
    counter_ += Wide{time.count()} * hertz_;
    reference_ += Wide{time.count()} * (kBillion + slew_);
  }

  void jump(std::int64_t ticks) { counter_ += Wide{ticks} * kBillion; }
  void set_hertz(std::int64_t hertz) { hertz_ = hertz; }
  void set_slew(std::int64_t parts_per_billion) { slew_ = parts_per_billion; }
  std::int64_t hertz() const { return hertz_; }

  std::uint64_t ticks() const { return static_cast<std::uint64_t>(counter_ / kBillion); }
  Duration reference() const { return Duration(static_cast<std::int64_t>(reference_ / kBillion)); }

  // What else happens while the counter (or the reference) is read, once, just before or just after the reading;
  // not the first `skip` times.
  enum When { before_ticks, after_ticks, before_reference, after_reference };
  void meanwhile(When when, std::function<void()> what, int skip = 0) {
    when_ = when;
    what_ = std::move(what);
    skip_ = skip;
  }
  // Each reading costs `some` of time at random, if this is not null.
  std::function<Duration()> noise;

  void passes(When when, Duration cost) {
    advance(cost);
    if (noise) advance(noise());
    if (what_ && when == when_ && skip_-- == 0) std::exchange(what_, nullptr)();
  }

 private:
  std::int64_t hertz_;
  std::int64_t slew_ = 0;
  Wide counter_;                                       // in 10^-9 of a tick
  Wide reference_ = Wide{kBillion} * kBillion * 1000;  // in 10^-9 of a ns; it begins at 1000 s
  When when_ = before_ticks;
  std::function<void()> what_;
  int skip_ = 0;
};

struct FakeSource {
  Machine* machine;

  std::uint64_t ticks() const {
    machine->passes(Machine::before_ticks, 5ns);
    const std::uint64_t ticks = machine->ticks();
    machine->passes(Machine::after_ticks, 5ns);
    return ticks;
  }
  std::uint64_t ticks_ordered() const { return ticks(); }
  std::int64_t reference() const {
    machine->passes(Machine::before_reference, 13ns);
    const std::int64_t time = machine->reference().count();
    machine->passes(Machine::after_reference, 13ns);
    return time;
  }
};

using FakeClock = TscClock<FakeSource>;

// Reads a clock and keeps account of what it says.
class Reader {
 public:
  Reader(Machine& machine, const Clock& clock) : machine_(machine), clock_(clock) {}

  Duration read(bool ordered = false) {
    const Duration before = machine_.reference();
    const Duration time = ordered ? clock_.now_ordered() : clock_.now();
    const Duration after = machine_.reference();
    ahead_ = std::max(ahead_, time - after);
    behind_ = std::max(behind_, before - time);
    back_ = std::max(back_, last_ - time);
    last_ = std::max(last_, time);
    return time;
  }

  // Reads every `step` until `time` has passed.
  void read_for(Duration time, Duration step) {
    const Duration end = machine_.reference() + time;
    while (machine_.reference() < end) {
      read();
      machine_.advance(step);
    }
  }

  Duration ahead() const { return ahead_; }    // the most that a reading was later than the reference
  Duration behind() const { return behind_; }  // the most that it was earlier
  Duration back() const { return back_; }      // the most that it was earlier than the one before
  Duration error() const { return std::max(ahead_, behind_); }
  void forget_errors() { ahead_ = behind_ = Duration::zero(); }

 private:
  Machine& machine_;
  const Clock& clock_;
  Duration ahead_ = Duration::zero();
  Duration behind_ = Duration::zero();
  Duration back_ = Duration::zero();
  Duration last_ = Duration::zero();
};

std::unique_ptr<FakeClock> make(Machine& machine) {
  auto clock = FakeClock::make({&machine});
  REQUIRE(clock != nullptr);
  return clock;
}

// A clock that has settled, and has just begun a segment of its longest length.
struct Settled {
  explicit Settled(std::uint64_t counter = 0)
      : machine(2'600'000'000, counter), clock(make(machine)), reader(machine, *clock) {
    reader.read_for(2s, 1ms);
    machine.advance(1s);
    reader.read();
  }
  Machine machine;
  std::unique_ptr<FakeClock> clock;
  Reader reader;
};

std::int64_t ticks_in(const Machine& machine, Duration time) {
  return static_cast<std::int64_t>(Wide{time.count()} * machine.hertz() / kBillion);
}

TEST_CASE("a TSC clock agrees with its reference, whatever the counter's rate and value") {
  const std::int64_t hertz =
      GENERATE(as<std::int64_t>{}, 63'000'000, 1'000'000'000, 2'096'000'000, 2'599'999'999, 15'900'000'000);
  const std::uint64_t counter =
      GENERATE(std::uint64_t{0}, (std::uint64_t{1} << 63) - 1'000'000'000, std::uint64_t{0} - 1'000'000'000);
  CAPTURE(hertz, counter);
  Machine machine(hertz, counter);
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  reader.read_for(1200ms, 1us);
  CHECK(reader.error() <= 1us);
  reader.forget_errors();
  reader.read_for(10s, 10us);  // the counter passes its 64 bits here
  CHECK(reader.error() <= 60ns);
  CHECK(reader.back() <= Duration::zero());
  CHECK(clock->segment().jumps == 0);
}

TEST_CASE("a TSC clock is made in a millisecond, and in four on a busy machine") {
  Machine machine;
  Duration start = machine.reference();
  make(machine);
  CHECK(machine.reference() - start >= 1ms);
  CHECK(machine.reference() - start < 1010us);

  machine.noise = [] { return 2us; };
  start = machine.reference();
  const auto clock = make(machine);
  CHECK(machine.reference() - start > 4ms);
  CHECK(machine.reference() - start < 4100us);
}

TEST_CASE("no TSC clock is made of a counter at an unlikely rate") {
  const std::int64_t hertz = GENERATE(as<std::int64_t>{}, -2'000'000'000, 0, 1, 62'000'000, 16'100'000'000);
  CAPTURE(hertz);
  Machine machine(hertz, std::uint64_t{1} << 62);
  CHECK(FakeClock::make({&machine}) == nullptr);
}

TEST_CASE("no TSC clock is made beside a reference that stands still") {
  Machine machine;
  machine.set_slew(-kBillion);
  CHECK(FakeClock::make({&machine}) == nullptr);
}

TEST_CASE("a TSC clock is compared after 10 ms, 100 ms and then every second") {
  Machine machine;
  const auto clock = make(machine);
  std::vector<std::int64_t> lengths;
  std::uint64_t last = 0;
  for (const Duration start = machine.reference(); machine.reference() < start + 4s; machine.advance(1us)) {
    clock->now();
    const Segment segment = clock->segment();
    if (segment.start != last) lengths.push_back(static_cast<std::int64_t>(segment.length) * 10 / 26);
    last = segment.start;
  }
  REQUIRE(lengths.size() == 6);
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    CHECK(std::abs(lengths[i] - kSpans[std::min<std::size_t>(i, 2)]) < 10'000);
  }
}

TEST_CASE("a TSC clock knows its rate better with every comparison") {
  Machine machine(2'599'999'999);
  const auto clock = make(machine);
  const auto off = [&] {  // in 10^-9
    const Wide right = (Wide{kBillion} << 32) / machine.hertz();
    return std::abs(static_cast<std::int64_t>((Wide{clock->segment().rate} - right) * kBillion / right));
  };
  CHECK(off() <= 40'000);
  for (const auto& [time, bound] : {std::pair{15ms, 4'000}, {150ms, 400}, {1100ms, 40}, {1100ms, 40}}) {
    machine.advance(time);
    clock->now();
    CAPTURE(time.count());
    CHECK(clock->segment().rate_error <= static_cast<std::uint64_t>(bound));
    CHECK(off() <= bound);
  }
}

TEST_CASE("the first reading after any pause is right") {
  const Duration pause = GENERATE(Duration(0), Duration(999us), Duration(9999us), Duration(10ms), Duration(1s),
                                  Duration(2s), Duration(1min), Duration(24h), Duration(24h * 365));
  const Duration before = GENERATE(Duration(0), Duration(15ms), Duration(3s));
  CAPTURE(pause.count(), before.count());
  Machine machine;
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  reader.read_for(before, 100us);
  machine.advance(pause);
  reader.read();
  reader.read_for(3s, 1ms);
  CHECK(reader.error() <= 1us);
  CHECK(reader.back() <= Duration::zero());
  CHECK(clock->segment().jumps == 0);
}

TEST_CASE("a thread that is stopped in the middle of a reading tells a time within it") {
  const Machine::When when =
      GENERATE(Machine::before_ticks, Machine::after_ticks, Machine::before_reference, Machine::after_reference);
  const int comparisons = GENERATE(0, 1, 2, 6, 7, 8, 9, 40);
  const bool at_the_end = GENERATE(false, true);  // of a segment, so that the stopped thread is comparing
  CAPTURE(when, comparisons, at_the_end);
  Machine machine;
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  reader.read_for(2s, 1ms);
  if (at_the_end) machine.advance(2s);
  const Duration start = machine.reference();
  machine.meanwhile(when, [&] {
    for (int i = 0; i < comparisons; ++i) {
      machine.advance(1500ms);
      reader.read();
    }
  });
  const Duration time = clock->now();
  machine.meanwhile(when, nullptr);
  CHECK(time >= start - 1us);
  CHECK(time <= machine.reference() + 1us);
  // Whoever reads after it has returned reads no less.
  CHECK(reader.read() >= time);
  reader.read_for(3s, 10ms);
  CHECK(reader.back() <= Duration::zero());
  CHECK(reader.error() <= 1us);
  CHECK(clock->segment().jumps == 0);
}

TEST_CASE("of two threads that compare at once, one begins the next segment") {
  Machine machine;
  const auto clock = make(machine);
  for (int i = 0; i < 50; ++i) {
    machine.advance(2s);
    Segment winners;
    machine.meanwhile(Machine::before_reference, [&] {
      clock->now();
      winners = clock->segment();
    });
    const Duration time = clock->now();
    CHECK(winners.start != 0);
    CHECK(clock->segment().start == winners.start);
    CHECK(time >= Duration(winners.value));
  }
}

TEST_CASE("nobody reads a segment that another thread failed to begin") {
  Machine machine;
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  reader.read_for(2s, 1ms);
  while (clock->segment().length < static_cast<std::uint64_t>(ticks_in(machine, 999ms))) machine.advance(1s);
  machine.advance(1s);
  // One thread stops before it reads the counter, with the segment now over in its hands.
  machine.meanwhile(Machine::before_ticks, [&] {
    // A second one compares, and stops just before it publishes ...
    machine.meanwhile(
        Machine::after_reference,
        [&] {
          // ... what is wrong by now; a third one publishes what is right. The slot of the first is free again,
          machine.jump(ticks_in(machine, 500ms));
          clock->now();
        },
        3);
    // and the second has put there what nobody wants.
    clock->now();
  });
  reader.read();
  CHECK(reader.error() <= 1us);
  CHECK(reader.back() <= Duration::zero());
}

TEST_CASE("a reading that is overtaken by a new segment counts as its start") {
  Machine machine;
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  reader.read_for(2s, 1ms);
  machine.advance(1s);
  reader.read();
  const Segment segment = clock->segment();
  const std::int64_t early = GENERATE(as<std::int64_t>{}, 1, 100, 10'000);
  const std::int64_t lag =
      static_cast<std::int64_t>(machine.ticks() - segment.start) + early + ticks_in(machine, 5ns);
  machine.jump(-lag);  // the lagging counter of another processor
  CHECK(clock->now() == Duration(segment.value));
  machine.jump(lag);
  CHECK(clock->segment().start == segment.start);
  CHECK(clock->segment().jumps == 0);
  CHECK(reader.read() >= Duration(segment.value));
}

TEST_CASE("threads that are stopped while they compare are no jumps, and do no harm") {
  const unsigned seed = GENERATE(range(1U, 201U));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Machine machine;
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  // Up to 1 ms in every second reading of counter or reference: hardly any sample is any good.
  machine.noise = [&] { return random() % 2 == 0 ? Duration(random() % 1'000'000) : 0ns; };
  reader.read_for(60s, 10ms);
  CHECK(clock->segment().jumps == 0);
  CHECK(reader.back() <= Duration::zero());
  CHECK(reader.error() <= 500us);
  // A quiet while later all is well.
  machine.noise = nullptr;
  reader.read_for(2s, 1ms);
  reader.forget_errors();
  reader.read_for(2s, 1ms);
  CHECK(reader.error() <= 1us);
}

TEST_CASE("a TSC clock that is stopped while it is made is right soon after") {
  const int reading = GENERATE(range(0, 30));  // which reading of the counter takes long
  const Duration pause = GENERATE(10us, 500us, 20ms);
  CAPTURE(reading, pause.count());
  Machine machine;
  int readings = 0;
  machine.noise = [&] { return ++readings / 24 == reading / 3 ? pause : 0ns; };  // all four tries of one sample
  const auto clock = make(machine);
  machine.noise = nullptr;
  Reader reader(machine, *clock);
  reader.read_for(150ms, 100us);
  reader.forget_errors();
  reader.read_for(2s, 1ms);
  CHECK(reader.error() <= 1us);
  CHECK(reader.back() <= Duration::zero());
  CHECK(clock->segment().jumps == 0);
}

TEST_CASE("while the reference changes its rate by r ppm, a TSC clock is off by r us at most") {
  const unsigned seed = GENERATE(range(1U, 11U));
  const std::int64_t slew_max = GENERATE(as<std::int64_t>{}, 1, 25, 500);  // ppm, each way
  CAPTURE(seed, slew_max);
  std::mt19937_64 random(seed);
  Machine machine;
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  for (int i = 0; i < 50; ++i) {
    std::uniform_int_distribution<std::int64_t> slew(-slew_max * 1000, slew_max * 1000);
    machine.set_slew(slew(random));
    reader.read_for(Duration(random() % 3'000'000'000), 5ms);
  }
  CHECK(reader.error() <= 1us + slew_max * 2us);
  CHECK(reader.back() <= Duration::zero());
  CHECK(clock->segment().jumps == 0);
}

TEST_CASE("a TSC clock learns a new rate of its reference, however well it knew the old one") {
  Machine machine;
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  reader.read_for(2s, 1ms);
  machine.advance(24h);
  reader.read();
  machine.set_slew(300'000);
  reader.read_for(4s, 1ms);
  reader.forget_errors();
  reader.read_for(4s, 1ms);
  CHECK(reader.error() <= 1us);
}

// Time from 1 ns to 100 s, each order of magnitude as likely.
Duration any_time(std::mt19937_64& random) {
  return Duration(std::int64_t{1} << random() % 37) + Duration(random() % 7);
}

TEST_CASE("whatever the threads and the scheduler do, a TSC clock is monotone and right") {
  const unsigned seed = GENERATE(range(1U, 51U));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Machine machine(static_cast<std::int64_t>(100'000'000 + random() % 5'000'000'000), random());
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  for (int i = 0; i < 2000; ++i) {
    machine.advance(any_time(random));
    if (random() % 4 == 0) {
      machine.meanwhile(static_cast<Machine::When>(random() % 4), [&, again = random() % 10] {
        machine.advance(any_time(random));
        for (std::uint64_t j = 0; j < again; ++j) {
          reader.read();
          machine.advance(any_time(random));
        }
      });
      const Duration start = machine.reference();
      const Duration time = clock->now();
      machine.meanwhile(Machine::before_ticks, nullptr);
      CHECK(time >= start - 1us);
      CHECK(time <= machine.reference() + 1us);
      CHECK(reader.read() >= time);
    }
    reader.read(random() % 2 == 0);
  }
  CHECK(reader.back() <= Duration::zero());
  CHECK(reader.error() <= 1us);
  CHECK(clock->segment().jumps == 0);
}

TEST_CASE("a counter that jumps ahead makes the clock stand still until its reference catches up") {
  const Duration jump = GENERATE(2ms, 50ms, 500ms, 800ms, 5s, 24h);
  CAPTURE(jump.count());
  Settled settled;
  auto& [machine, clock, reader] = settled;
  machine.advance(100ms);
  machine.jump(ticks_in(machine, jump));
  reader.read_for(2s, 1ms);
  // A reading ahead by more than what is left of the segment is not believed.
  CHECK(reader.ahead() <= std::min(jump, Duration(900ms)) + 1us);
  CHECK(reader.ahead() >= std::min(jump, Duration(800ms)) - 1us);
  CHECK(reader.behind() <= 1us);
  reader.forget_errors();
  reader.read_for(3s, 1ms);
  CHECK(reader.error() <= 1us);
  CHECK(reader.back() <= Duration::zero());
  CHECK(clock->segment().jumps == 1);
  CHECK(clock->trusts_counter());
}

TEST_CASE("a clock ahead by less than a millisecond slows down by a thousandth at most") {
  const Duration jump = GENERATE(2us, 300us, 990us);
  const Duration before = GENERATE(Duration(0), Duration(3s));  // segments are short, or long
  CAPTURE(jump.count(), before.count());
  Machine machine;
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  reader.read_for(before, 1ms);
  machine.jump(ticks_in(machine, jump));
  // Somebody reads just before the end, and just after.
  const std::uint64_t start = clock->segment().start;
  const auto left = static_cast<std::int64_t>(start + clock->segment().length - machine.ticks());
  machine.advance(Duration(left * kBillion / machine.hertz()) - 500ns);
  while (clock->segment().start == start) reader.read();
  const Segment segment = clock->segment();
  const auto slower = static_cast<double>(segment.rate - segment.slope) / static_cast<double>(segment.rate);
  const auto span = static_cast<double>(kSpans[segment.step]);
  CHECK(slower == Approx(std::min(static_cast<double>(jump.count()) / span, 0.001)).epsilon(0.05));
  reader.read_for(4s, 1us);
  CHECK(reader.ahead() <= jump + 1us);
  reader.forget_errors();
  reader.read_for(2s, 1ms);
  CHECK(reader.error() <= 1us);
  CHECK(reader.back() <= Duration::zero());
  if (before > 0s) CHECK(clock->segment().jumps == 0);  // at first it may be taken for another rate, and then back
}

TEST_CASE("a counter that jumps back beyond its segment makes the clock stand still for a second at most") {
  const Duration jump = GENERATE(200ms, 1s, 24h, 24h * 300);
  CAPTURE(jump.count());
  Settled settled(std::uint64_t{1} << 40);
  auto& [machine, clock, reader] = settled;
  machine.advance(100ms);
  reader.read();
  machine.jump(-ticks_in(machine, jump));
  reader.read_for(2s, 1ms);
  CHECK(reader.ahead() <= 1s);
  CHECK(reader.behind() <= 1us);
  CHECK(reader.back() <= Duration::zero());
  reader.forget_errors();
  reader.read_for(3s, 1ms);
  CHECK(reader.error() <= 1us);
  CHECK(reader.back() <= Duration::zero());
  CHECK(clock->segment().jumps == 1);
}

TEST_CASE("a counter that jumps back within its segment takes the clock along until the next comparison") {
  const Duration jump = GENERATE(2ms, 300ms, 490ms);
  CAPTURE(jump.count());
  Settled settled;
  auto& [machine, clock, reader] = settled;
  machine.advance(500ms);
  reader.read();
  machine.jump(-ticks_in(machine, jump));
  reader.read_for(500ms, 1ms);
  CHECK(reader.back() <= jump);
  CHECK(reader.behind() <= jump + 1us);
  CHECK(reader.ahead() <= 1us);
  reader.read_for(jump + 1ms, 1ms);  // the segment ends so much later
  reader.forget_errors();
  reader.read_for(2s, 1ms);
  CHECK(reader.error() <= 1us);
  CHECK(clock->segment().jumps == 1);
}

TEST_CASE("a counter that differs from processor to processor is soon given up") {
  Machine machine(2'600'000'000, std::uint64_t{1} << 50);
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  reader.read_for(2s, 1ms);
  const std::int64_t lag = GENERATE(as<std::int64_t>{}, 1, 3600) * machine.hertz();
  CAPTURE(lag);
  for (int i = 0; i < 20; ++i) {
    reader.read();
    machine.jump(-lag);  // it reads the counter of one processor, and is moved to another
    machine.meanwhile(Machine::after_ticks, [&] { machine.jump(lag); });
    reader.read();
    machine.meanwhile(Machine::after_ticks, nullptr);
    machine.advance(100us);
  }
  CHECK_FALSE(clock->trusts_counter());
  CHECK(reader.back() <= Duration::zero());
  CHECK(reader.ahead() <= 1s);
}

TEST_CASE("a sample that was taken on two processors is as good as one taken at once") {
  const Sample first = {.before = 1000, .reference = 1'000'000, .after = 1000};
  const Sample second = {.before = 2'001'000, .reference = 2'000'000, .after = 2'001'000};
  const Segment segment = first_segment(first, second);
  CHECK(segment.value == 2'000'000);
  const Segment next = next_segment(segment, {.before = 42'001'200, .reference = 22'000'000, .after = 42'001'100});
  CHECK(next.truth == 22'000'000);
  CHECK(next.value == 22'000'000);
  CHECK(next.rate_error == 0);
  CHECK(next.jumps == 0);
}

TEST_CASE("a process that is moved to a machine with another counter finds its rate again") {
  const std::int64_t hertz = GENERATE(as<std::int64_t>{}, 2'000'000'000, 2'599'000'000, 3'500'000'000);
  const Duration jump = GENERATE(-10min, 10min);
  CAPTURE(hertz, jump.count());
  Machine machine(2'600'000'000, std::uint64_t{1} << 45);
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  reader.read_for(2s, 1ms);
  machine.jump(ticks_in(machine, jump));
  machine.set_hertz(hertz);
  reader.read_for(3s, 1ms);
  CHECK(reader.ahead() <= 1s);
  CHECK(reader.behind() <= 4ms);
  reader.forget_errors();
  reader.read_for(3s, 1ms);
  CHECK(reader.error() <= 1us);
  CHECK(reader.back() <= Duration::zero());
  CHECK(clock->segment().jumps <= 2);
}

TEST_CASE("a counter that has jumped eight times is never asked again") {
  const std::int64_t sign = GENERATE(as<std::int64_t>{}, -1, 1);
  CAPTURE(sign);
  Machine machine(2'600'000'000, std::uint64_t{1} << 50);
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  for (std::uint64_t i = 0; i < 8; ++i) {
    CHECK(clock->trusts_counter());
    CHECK(clock->segment().jumps == i);
    machine.jump(sign * ticks_in(machine, 1h));
    reader.read();
    reader.read_for(3s, 1ms);
  }
  CHECK_FALSE(clock->trusts_counter());
  reader.forget_errors();
  for (int i = 0; i < 100; ++i) {
    machine.jump(-sign * ticks_in(machine, 24h));
    machine.advance(1s);
    reader.read(i % 2 == 0);
  }
  CHECK(reader.error() == Duration::zero());
  CHECK(reader.back() <= Duration::zero());
  CHECK_FALSE(clock->trusts_counter());
}

TEST_CASE(
    "whatever a counter does at comparisons, the clock never steps back and is never more than a second ahead") {
  const unsigned seed = GENERATE(range(1U, 51U));
  CAPTURE(seed);
  std::mt19937_64 random(seed);
  Machine machine(2'600'000'000, std::uint64_t{1} << 50);
  const auto clock = make(machine);
  Reader reader(machine, *clock);
  for (int i = 0; i < 12; ++i) {
    reader.read_for(any_time(random) / 16, 7ms);
    // Beyond the segment either way; a jump within it is measured above.
    const std::int64_t distance = ticks_in(machine, 3s + any_time(random));
    machine.jump(random() % 2 == 0 ? distance : -distance);
    reader.read();
  }
  CHECK(reader.back() <= Duration::zero());
  CHECK(reader.ahead() <= 1s);
  CHECK(reader.behind() <= 1us);
}

// A time that goes so much faster that threads meet at comparisons all the time.
struct FastSource {
  std::int64_t factor;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();

  std::uint64_t ticks() const { return static_cast<std::uint64_t>(reference()) * 3; }
  std::uint64_t ticks_ordered() const { return ticks(); }
  std::int64_t reference() const { return Duration(std::chrono::steady_clock::now() - start).count() * factor; }
};

TEST_CASE("threads that hand a time on find no earlier one") {
  const std::int64_t factor = GENERATE(as<std::int64_t>{}, 1000, 100'000, 1'000'000);
  CAPTURE(factor);
  const auto clock = TscClock<FastSource>::make({factor});
  REQUIRE(clock != nullptr);
  std::atomic<std::int64_t> handed = 0;
  std::atomic<std::int64_t> back = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.emplace_back([&] {
        for (int i = 0; i < 100'000; ++i) {
          std::int64_t last = handed.load(std::memory_order_acquire);
          const std::int64_t time = clock->now_ordered().count();
          if (time < last) back.fetch_add(1);
          while (last < time && !handed.compare_exchange_weak(last, time)) {
          }
        }
      });
    }
  }
  CHECK(back == 0);
}

}  // namespace
}  // namespace penstock
