#include "support/lock_count.h"

#include <dlfcn.h>
#include <pthread.h>

namespace {

thread_local std::uint64_t locks = 0;

template <typename Function>
Function next(const char* name) {
  return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

}  // namespace

// The dynamic linker finds these before the C library's; each counts and calls the real one.
extern "C" {

int pthread_mutex_lock(pthread_mutex_t* mutex) noexcept {
  static const auto real = next<int (*)(pthread_mutex_t*)>("pthread_mutex_lock");
  ++locks;
  return real(mutex);
}

int pthread_rwlock_rdlock(pthread_rwlock_t* lock) noexcept {
  static const auto real = next<int (*)(pthread_rwlock_t*)>("pthread_rwlock_rdlock");
  ++locks;
  return real(lock);
}

int pthread_rwlock_wrlock(pthread_rwlock_t* lock) noexcept {
  static const auto real = next<int (*)(pthread_rwlock_t*)>("pthread_rwlock_wrlock");
  ++locks;
  return real(lock);
}

int pthread_spin_lock(pthread_spinlock_t* lock) noexcept {
  static const auto real = next<int (*)(pthread_spinlock_t*)>("pthread_spin_lock");
  ++locks;
  return real(lock);
}

}  // extern "C"

namespace wireproof {

std::uint64_t locks_of_this_thread() {
  return locks;
}

}  // namespace wireproof
