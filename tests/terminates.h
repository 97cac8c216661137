// Whether something ends the program by std::terminate: it is run in a child.

#ifndef PENSTOCK_TESTS_TERMINATES_H_
#define PENSTOCK_TESTS_TERMINATES_H_

#include <sys/wait.h>
#include <unistd.h>

#include <exception>

namespace penstock {

template <class Run>
bool terminates(const Run& run) {
  constexpr int kTerminated = 7;
  const pid_t child = fork();
  if (child == 0) {
    std::set_terminate([] { _exit(kTerminated); });
    alarm(10);
    try {
      run();
    } catch (...) {
      _exit(1);
    }
    _exit(2);
  }
  int status = -1;
  waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == kTerminated;
}

}  // namespace penstock

#endif  // PENSTOCK_TESTS_TERMINATES_H_
