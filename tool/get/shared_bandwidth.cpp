#include "get/shared_bandwidth.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace overlap::get {
namespace {

// What may be read at once after a time of rest: as much as is due in this time.
constexpr std::int64_t kRest = 50'000'000;
constexpr std::uint64_t kPiecesASecond = 20;
constexpr std::uint64_t kSmallestPiece = 1024;
constexpr std::uint64_t kLargestPiece = 128 * 1024;

std::uint64_t piece_of(std::uint64_t rate) noexcept {
  return std::clamp(rate / kPiecesASecond, kSmallestPiece, kLargestPiece);
}

std::int64_t now_in_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch()).count();
}

}  // namespace

std::shared_ptr<SharedBandwidth> SharedBandwidth::create(std::uint64_t rate) {
  FileDescriptor file(memfd_create("overlap-bandwidth", MFD_CLOEXEC));
  if (!file.is_open() || ftruncate(file.get(), sizeof(Due)) != 0) {
    throw std::system_error(errno, std::generic_category(), "memory to share a bandwidth in");
  }
  auto made = map(std::move(file), rate);
  if (!made) throw std::system_error(errno, std::generic_category(), "memory to share a bandwidth in");
  return made;
}

std::shared_ptr<SharedBandwidth> SharedBandwidth::open(const std::string& path, std::uint64_t rate) {
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  return file.is_open() ? map(std::move(file), rate) : nullptr;
}

// Memory of zeros is a Due of 0, long past.
std::shared_ptr<SharedBandwidth> SharedBandwidth::map(FileDescriptor file, std::uint64_t rate) {
  void* const memory = mmap(nullptr, sizeof(Due), PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  if (memory == MAP_FAILED) return nullptr;
  return std::shared_ptr<SharedBandwidth>(new SharedBandwidth(std::move(file), static_cast<Due*>(memory), rate));
}

SharedBandwidth::~SharedBandwidth() { munmap(due_, sizeof(Due)); }

std::string SharedBandwidth::path() const { return fmt::format("/proc/{}/fd/{}", getpid(), file_.get()); }

TimePoint SharedBandwidth::take(std::size_t bytes) noexcept {
  const auto cost = static_cast<std::int64_t>(static_cast<double>(bytes) * 1e9 / static_cast<double>(rate_));
  const std::int64_t earliest = now_in_nanoseconds() - kRest;
  std::int64_t due = due_->load(std::memory_order_relaxed);
  std::int64_t next = 0;
  do {
    next = std::max(due, earliest) + cost;
  } while (!due_->compare_exchange_weak(due, next, std::memory_order_relaxed));  // guards nothing but itself
  return TimePoint(std::chrono::nanoseconds(next));
}

std::size_t SharedBandwidth::most_at_once() const noexcept { return static_cast<std::size_t>(piece_of(rate_)); }

Duration SharedBandwidth::turn(std::uint64_t rate) noexcept {
  const double seconds = static_cast<double>(piece_of(rate)) / static_cast<double>(rate);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

}  // namespace overlap::get
