// Threads that are started while this lives never run the program's signal handlers.

#ifndef PENSTOCK_REDIS_SIGNALS_H_
#define PENSTOCK_REDIS_SIGNALS_H_

#include <pthread.h>
#include <signal.h>

namespace penstock::redis {

class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

}  // namespace penstock::redis

#endif  // PENSTOCK_REDIS_SIGNALS_H_
