// A race, shown and cured: race [unprotected|atomic|mutex|sums]
//
// "counter = counter + 1" is three steps: read, add, write. Two threads that read the same value write the same value,
// and one of the two additions is lost. Build this with -fsanitize=thread and the unprotected way is reported.
#include <overlap/overlap.hpp>

#include <atomic>
#include <cstdio>
#include <latch>
#include <mutex>
#include <string_view>
#include <thread>
#include <vector>

constexpr int kTasks = 8;
constexpr long kSteps = 200'000;

std::latch all_ready(kTasks);  // the unprotected tasks begin together, however long their threads take to start
long unprotected_counter = 0;
std::atomic<long> atomic_counter = 0;
long guarded_counter = 0;
std::mutex guard_of_counter;

long add_unprotected() {
  all_ready.arrive_and_wait();
  for (long i = 0; i < kSteps; ++i) {
    const long seen = unprotected_counter;
    if (i % 1000 == 0) std::this_thread::yield();  // let others in between the reading and the writing
    *const_cast<volatile long*>(&unprotected_counter) = seen + 1;
  }
  return 0;
}
long add_atomically() {
  for (long i = 0; i < kSteps; ++i) atomic_counter.fetch_add(1, std::memory_order_relaxed);
  return 0;
}
long add_under_mutex() {
  for (long i = 0; i < kSteps; ++i) {
    const std::lock_guard lock(guard_of_counter);
    ++guarded_counter;
  }
  return 0;
}
long add_to_own_sum() {
  long sum = 0;  // nothing is shared: each task has its own
  for (long i = 0; i < kSteps; ++i) ++sum;
  return sum;
}

long run_tasks(long (*add)()) {
  overlap::ThreadPoolExecutor executor({.max_workers = kTasks});
  std::vector<overlap::Future<long>> tasks;
  for (int i = 0; i < kTasks; ++i) tasks.push_back(executor.submit(add));
  long sum = 0;
  for (const auto& task : tasks) sum += task.result();
  return sum;
}

void show(const char* way, long got) {
  std::printf("%-12s expected %ld, got %ld, lost %ld\n", way, kTasks * kSteps, got, kTasks * kSteps - got);
}

int main(int argc, char** argv) {
  overlap::main_guard guard(argc, argv);
  const std::string_view only = argc > 1 ? argv[1] : "";
  const auto wanted = [&](std::string_view way) { return only.empty() || only == way; };
  if (wanted("unprotected")) show("unprotected", (run_tasks(add_unprotected), unprotected_counter));
  if (wanted("atomic")) show("atomic", (run_tasks(add_atomically), atomic_counter.load()));
  if (wanted("mutex")) show("mutex", (run_tasks(add_under_mutex), guarded_counter));
  if (wanted("sums")) show("sums", run_tasks(add_to_own_sum));
}
