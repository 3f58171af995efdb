#include "compare/process_tree.hpp"

#include <sys/resource.h>
#include <sys/types.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

namespace overlap::compare {
namespace {

std::optional<pid_t> parse_pid(const std::string& text) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), pid);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return pid;
}

/// Field 4 of /proc/PID/stat. The name before it may hold anything, also spaces and parentheses.
std::optional<pid_t> parent_of(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const auto name_end = line.rfind(')');
  if (name_end == std::string::npos || line.size() < name_end + 5) return std::nullopt;
  const auto begin = name_end + 4;  // ") S "
  return parse_pid(line.substr(begin, line.find(' ', begin) - begin));
}

/// By parent; /proc/PID/task/TID/children would say it at once, but not every kernel has it.
std::multimap<pid_t, pid_t> children_of_all() {
  std::multimap<pid_t, pid_t> children;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
    const auto pid = parse_pid(entry.path().filename().string());
    if (!pid) continue;
    if (const auto parent = parent_of(*pid)) children.emplace(*parent, *pid);
  }
  return children;
}

std::vector<pid_t> descendants() {
  const auto children = children_of_all();
  std::vector<pid_t> found;
  const auto add_children_of = [&](pid_t parent) {
    const auto [first, last] = children.equal_range(parent);
    for (auto it = first; it != last; ++it) found.push_back(it->second);
  };
  add_children_of(getpid());
  for (std::size_t i = 0; i < found.size(); ++i) add_children_of(found[i]);
  return found;
}

Duration read_clock(clockid_t clock) {
  timespec time{};
  if (clock_gettime(clock, &time) != 0) return {};
  return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

Duration duration_of(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

/// Of a file in which a name is followed by a number of KiB; 0 if it is not there.
std::uint64_t bytes_in(pid_t pid, const char* file_name, std::string_view name) {
  std::ifstream file(fmt::format("/proc/{}/{}", pid, file_name));
  std::uint64_t kib = 0;
  for (std::string word; file >> word;) {
    if (word == name && file >> kib) break;
  }
  return kib * 1024;
}

void add_process(TreeMemory& memory, pid_t pid) {
  ++memory.processes;
  memory.bytes += bytes_in(pid, "smaps_rollup", "Pss:");
  memory.peak = std::max(memory.peak, bytes_in(pid, "status", "VmHWM:"));
}

}  // namespace

Duration cpu_of_this_process() { return read_clock(CLOCK_PROCESS_CPUTIME_ID); }

Duration stalled_so_far() {
  std::ifstream file("/proc/thread-self/schedstat");  // nanoseconds on a CPU, nanoseconds waiting for one, turns
  std::int64_t ran = 0;
  std::int64_t waited = 0;
  return file >> ran >> waited ? Duration(waited) : Duration{};
}

MachineTicks ticks_of_machine() {
  std::ifstream file("/proc/stat");  // cpu user nice system idle iowait irq softirq steal
  std::string word;
  file >> word;
  MachineTicks ticks;
  std::uint64_t count = 0;
  for (int column = 0; column < 8 && file >> count; ++column) {
    const bool is_idle = column == 3 || column == 4;
    ticks.all += count;
    if (!is_idle) ticks.busy += count;
  }
  return ticks;
}

Duration cpu_of_process(pid_t pid) {
  clockid_t clock{};
  return clock_getcpuclockid(pid, &clock) == 0 ? read_clock(clock) : Duration{};
}

Duration cpu_of_processes_below() {
  rusage waited_for{};
  getrusage(RUSAGE_CHILDREN, &waited_for);
  Duration sum = duration_of(waited_for.ru_utime) + duration_of(waited_for.ru_stime);
  for (const pid_t pid : descendants()) sum += cpu_of_process(pid);
  return sum;
}

TreeMemory memory_of_process_tree() {
  TreeMemory memory;
  add_process(memory, getpid());
  for (const pid_t pid : descendants()) add_process(memory, pid);
  return memory;
}

}  // namespace overlap::compare
