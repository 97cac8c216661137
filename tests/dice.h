// Random numbers that are the same in every run and on every system.

#ifndef PENSTOCK_TESTS_DICE_H_
#define PENSTOCK_TESTS_DICE_H_

#include <cstdint>
#include <initializer_list>
#include <random>

namespace penstock {

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint64_t bits() { return engine_(); }
  // 0 to `most`.
  std::uint64_t upto(std::uint64_t most) { return most == ~std::uint64_t{0} ? engine_() : engine_() % (most + 1); }
  // 0 to n - 1.
  std::uint64_t below(std::uint64_t n) { return upto(n - 1); }
  bool one_in(std::uint64_t n) { return below(n) == 0; }
  template <class T>
  T of(std::initializer_list<T> values) {
    return values.begin()[upto(values.size() - 1)];
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace penstock

#endif  // PENSTOCK_TESTS_DICE_H_
