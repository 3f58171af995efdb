// Preloaded into the program (LD_PRELOAD): lets one of its calls that change the disk fail, or kills it there.
//
//   DISK_FAULTS_BELOW   only calls about files below this directory count
//   DISK_FAULTS_AT      the number of the call, from 1; 0: none
//   DISK_FAULTS_KIND    "EIO", "ENOSPC": that call fails; "full": it and all later ones that need space fail with
//   ENOSPC;
//                       "kill": SIGKILL instead of that call
//   DISK_FAULTS_COUNT   at the end the number of calls is written to this file
//   THREAD_FAULT_AT     the number of the thread, from 1, that cannot be started
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

std::string setting(const char* name) {
  const char* const value = getenv(name);
  return value == nullptr ? "" : value;
}

struct Plan {
  std::string below = setting("DISK_FAULTS_BELOW");
  long at = atol(setting("DISK_FAULTS_AT").c_str());
  std::string kind = setting("DISK_FAULTS_KIND");
  std::string count_file = setting("DISK_FAULTS_COUNT");
};

const Plan& plan() {
  static const Plan* const the_plan = new Plan;  // never destroyed: calls come until the very end
  return *the_plan;
}

std::atomic<long> calls{0};

enum class Needs { space, nothing };

/// The errno that this call is to fail with; 0: it is to take place.
int next_fault(Needs needs) {
  const long number = ++calls;
  const Plan& wanted = plan();
  if (wanted.at == 0 || number < wanted.at) return 0;
  if (wanted.kind == "full") return needs == Needs::space ? ENOSPC : 0;
  if (number > wanted.at) return 0;
  if (wanted.kind == "kill") kill(getpid(), SIGKILL);
  return wanted.kind == "ENOSPC" ? ENOSPC : EIO;
}

bool is_below(const char* path) {
  const std::string& below = plan().below;
  return !below.empty() && strncmp(path, below.c_str(), below.size()) == 0;
}

bool is_below(int descriptor) {
  char link[64];
  char path[PATH_MAX];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  const ssize_t size = readlink(link, path, sizeof path - 1);
  if (size < 0) return false;
  path[size] = '\0';
  return is_below(path);
}

bool is_below(int directory, const char* path) {
  return path[0] == '/' || directory == AT_FDCWD ? is_below(path) : is_below(directory);
}

template <class F>
F* real(const char* name) {
  return reinterpret_cast<F*>(dlsym(RTLD_NEXT, name));
}

/// Makes the call, or fails in its stead.
template <class F, class... A>
auto call(const char* name, bool counts, Needs needs, A... arguments) -> decltype(real<F>(name)(arguments...)) {
  const int fault = counts ? next_fault(needs) : 0;
  if (fault == 0) return real<F>(name)(arguments...);
  errno = fault;
  return -1;
}

bool writes(int flags) { return (flags & (O_CREAT | O_TRUNC)) != 0; }

struct WriteCount {
  ~WriteCount() {
    if (plan().count_file.empty() || calls == 0) return;  // none: the helper process that workers come from
    if (FILE* const file = fopen(plan().count_file.c_str(), "w"); file != nullptr) {
      fprintf(file, "%ld", calls.load());
      fclose(file);
    }
  }
};
const WriteCount write_count;

mode_t mode_of(int flags, va_list arguments) {
  return (flags & O_CREAT) != 0 ? static_cast<mode_t>(va_arg(arguments, int)) : 0;
}

}  // namespace

extern "C" {

#define OVERLAP_OPEN(name)                                                                                        \
  int name(const char* path, int flags, ...) {                                                                    \
    va_list arguments;                                                                                            \
    va_start(arguments, flags);                                                                                   \
    const mode_t mode = mode_of(flags, arguments);                                                                \
    va_end(arguments);                                                                                            \
    return call<int(const char*, int, mode_t)>(#name, writes(flags) && is_below(path), Needs::space, path, flags, \
                                               mode);                                                             \
  }
OVERLAP_OPEN(open)
OVERLAP_OPEN(open64)

#define OVERLAP_OPENAT(name)                                                                                         \
  int name(int directory, const char* path, int flags, ...) {                                                        \
    va_list arguments;                                                                                               \
    va_start(arguments, flags);                                                                                      \
    const mode_t mode = mode_of(flags, arguments);                                                                   \
    va_end(arguments);                                                                                               \
    return call<int(int, const char*, int, mode_t)>(#name, writes(flags) && is_below(directory, path), Needs::space, \
                                                    directory, path, flags, mode);                                   \
  }
OVERLAP_OPENAT(openat)
OVERLAP_OPENAT(openat64)

ssize_t write(int file, const void* bytes, size_t size) {
  return call<ssize_t(int, const void*, size_t)>("write", is_below(file), Needs::space, file, bytes, size);
}
ssize_t pwrite(int file, const void* bytes, size_t size, off_t at) {
  return call<ssize_t(int, const void*, size_t, off_t)>("pwrite", is_below(file), Needs::space, file, bytes, size, at);
}
ssize_t pwrite64(int file, const void* bytes, size_t size, off64_t at) {
  return call<ssize_t(int, const void*, size_t, off64_t)>("pwrite64", is_below(file), Needs::space, file, bytes, size,
                                                          at);
}
int ftruncate(int file, off_t size) noexcept {
  return call<int(int, off_t)>("ftruncate", is_below(file), Needs::space, file, size);
}
int ftruncate64(int file, off64_t size) noexcept {
  return call<int(int, off64_t)>("ftruncate64", is_below(file), Needs::space, file, size);
}
int fsync(int file) { return call<int(int)>("fsync", is_below(file), Needs::nothing, file); }
int fdatasync(int file) { return call<int(int)>("fdatasync", is_below(file), Needs::nothing, file); }
int syncfs(int file) noexcept { return call<int(int)>("syncfs", is_below(file), Needs::nothing, file); }
int mkdirat(int directory, const char* path, mode_t mode) noexcept {
  return call<int(int, const char*, mode_t)>("mkdirat", is_below(directory, path), Needs::space, directory, path, mode);
}
int renameat(int from, const char* old_name, int to, const char* new_name) noexcept {
  return call<int(int, const char*, int, const char*)>("renameat", is_below(from, old_name), Needs::nothing, from,
                                                       old_name, to, new_name);
}
int unlinkat(int directory, const char* path, int flags) noexcept {
  return call<int(int, const char*, int)>("unlinkat", is_below(directory, path), Needs::nothing, directory, path,
                                          flags);
}
int unlink(const char* path) noexcept { return call<int(const char*)>("unlink", is_below(path), Needs::nothing, path); }
int pthread_create(pthread_t* thread, const pthread_attr_t* attributes, void* (*start)(void*), void* argument) {
  static const long fault = atol(setting("THREAD_FAULT_AT").c_str());
  static std::atomic<long> asked{0};
  if (++asked == fault) return EAGAIN;
  using Create = int(pthread_t*, const pthread_attr_t*, void* (*)(void*), void*);
  return real<Create>("pthread_create")(thread, attributes, start, argument);
}
// Linux closes the descriptor also when it reports an error.
int close(int file) {
  const bool counts = is_below(file) && (fcntl(file, F_GETFL) & O_ACCMODE) != O_RDONLY;
  const int fault = counts ? next_fault(Needs::nothing) : 0;
  const int closed = real<int(int)>("close")(file);
  if (fault == 0) return closed;
  errno = fault;
  return -1;
}
}
