#include "get/output_directory.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>

#include "cli/escape.hpp"
#include "get/safe_name.hpp"

namespace overlap::get {
namespace {

constexpr const char* kMeta = ".overlap";
constexpr const char* kTmp = ".overlap/tmp";
constexpr const char* kLock = "lock";
constexpr std::string_view kPartPrefix = "part-";
constexpr int kMaxNamesTried = 10'000;

std::string next_part_name() {
  static std::atomic<std::uint64_t> counter{0};
  return fmt::format("{}{}-{}", kPartPrefix, ::getpid(), counter.fetch_add(1, std::memory_order_relaxed));
}

/// The process that wrote its number into the lock file.
std::optional<int> read_pid(const FileDescriptor& file) {
  std::array<char, 16> text{};
  const ssize_t got = ::pread(file.get(), text.data(), text.size(), 0);
  int pid = 0;
  if (got <= 0 || std::from_chars(text.data(), text.data() + got, pid).ec != std::errc() || pid <= 0)
    return std::nullopt;
  return pid;
}

/// For whoever finds the directory locked. No more than a hint, so failing to leave it is no error.
void write_pid(const FileDescriptor& file) {
  const std::string text = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.get(), 0) != 0) return;
  [[maybe_unused]] const ssize_t written = ::pwrite(file.get(), text.data(), text.size(), 0);
}

/// Next to none where this process has few descriptors: the requests need them.
std::size_t directories_to_keep() {
  constexpr rlim_t kFew = 256;
  rlimit limit{};
  const bool are_few = getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < kFew;
  return are_few ? static_cast<std::size_t>(limit.rlim_cur) / 32 : SIZE_MAX;
}

DiskError locked_by(const FileDescriptor& file, const std::string& directory) {
  const auto pid = read_pid(file);
  return {DiskErrorCode::locked, 0,
          fmt::format("another run{} is writing to {}", pid ? fmt::format(" (process {})", *pid) : "",
                      cli::escape_for_terminal(directory))};
}

/// Whether the opened file is one that a run made: writing to a second name of some other file would damage that.
bool is_own_file(const FileDescriptor& file) {
  struct stat status{};
  return ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink == 1;
}

}  // namespace

std::expected<OutputDirectory, DiskError> OutputDirectory::open(const std::string& directory, Options options) {
  const auto failed = [&directory](int error) {
    return std::unexpected(make_disk_error(error, "write to", directory));
  };
  std::error_code error;
  std::filesystem::create_directories(directory, error);  // what it finds wrong, open() finds too, and says it better
  FileDescriptor root(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!root.is_open()) return failed(error ? error.value() : errno);

  const std::size_t kept = std::min(options.max_open_directories, directories_to_keep());
  auto tree = std::make_shared<OutputTree>(directory, std::move(root), options.resolver, kept);
  const auto meta = tree->below.make(kMeta, Sync::none);
  if (!meta) return failed(meta.error());
  const auto tmp = tree->below.make(kTmp, Sync::none);
  if (!tmp) return failed(tmp.error());
  tree->meta = *meta;
  tree->tmp = *tmp;
  return OutputDirectory(std::move(tree));
}

std::expected<RunLock, DiskError> OutputDirectory::lock() const {
  auto file = DirectoryTree::open_file(*tree_->meta, kLock, O_RDWR | O_CREAT | O_NONBLOCK);
  if (!file && file.error() != ELOOP) return std::unexpected(make_disk_error(file.error(), "lock", path()));
  if (!file || !is_own_file(*file)) {
    return std::unexpected(DiskError{DiskErrorCode::other, 0,
                                     fmt::format("cannot lock {}: its {}/{} is not a file of ours",
                                                 cli::escape_for_terminal(path()), kMeta, kLock)});
  }
  while (::flock(file->get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return std::unexpected(locked_by(*file, path()));
    if (errno != EINTR) return std::unexpected(make_disk_error(errno, "lock", path()));
  }
  write_pid(*file);
  remove_leftovers();
  return RunLock(*std::move(file));
}

/// Holding the lock: no run is alive that could still need them. What is not named like a part is not ours to remove.
void OutputDirectory::remove_leftovers() const {
  auto listed = DirectoryTree::open_file(*tree_->tmp, ".", O_RDONLY | O_DIRECTORY);
  if (!listed) return;
  const std::unique_ptr<DIR, decltype([](DIR* stream) { ::closedir(stream); })> stream(::fdopendir(listed->get()));
  if (!stream) return;
  listed->release();  // the stream's from here on
  while (const dirent* const entry = ::readdir(stream.get())) {
    const std::string_view name(entry->d_name);
    if (name.starts_with(kPartPrefix)) ::unlinkat(tree_->tmp->get(), entry->d_name, 0);
  }
}

std::expected<PartFile, DiskError> OutputDirectory::create_part() const {
  for (int tried = 0;; ++tried) {
    std::string name = next_part_name();
    auto file = DirectoryTree::open_file(*tree_->tmp, name, O_RDWR | O_CREAT | O_EXCL);
    if (file) return PartFile(tree_, *std::move(file), std::move(name));
    // Taken: by a process of the same number, in another container or on another host.
    if (file.error() != EEXIST || tried == kMaxNamesTried) {
      return std::unexpected(make_disk_error(file.error(), "create a file in", path()));
    }
  }
}

std::expected<void, DiskError> OutputDirectory::commit_part(std::string part, std::string_view path,
                                                            CommitOptions options) const {
  PartFile file(tree_, FileDescriptor(), std::move(part));
  if (!is_safe_path(path)) return std::unexpected(unsafe_name_error(path));
  return file.move_to(path, options);
}

std::expected<PartFile, DiskError> OutputDirectory::reopen_part(std::string part, std::uint64_t size) const {
  const auto failed = [this](int error) {
    return std::unexpected(make_disk_error(error, "open what was received in", path()));
  };
  auto file = DirectoryTree::open_file(*tree_->tmp, part, O_RDWR);
  if (!file) return failed(file.error());
  struct stat status{};
  if (::fstat(file->get(), &status) != 0) return failed(errno);
  if (static_cast<std::uint64_t>(status.st_size) != size) return failed(ESTALE);
  if (::lseek(file->get(), 0, SEEK_END) < 0) return failed(errno);
  PartFile reopened(tree_, *std::move(file), std::move(part));
  reopened.size_ = size;
  return reopened;
}

void OutputDirectory::drop_part(std::string part) const { PartFile(tree_, FileDescriptor(), std::move(part)); }

std::expected<std::optional<std::uint64_t>, DiskError> OutputDirectory::size_at(std::string_view path) const {
  if (!is_safe_path(path)) return std::unexpected(unsafe_name_error(path));
  const auto failed = [&](int error) {
    return std::unexpected(make_disk_error(error, "store", fmt::format("{}/{}", this->path(), path)));
  };
  const std::size_t slash = path.rfind('/');
  const auto parent = tree_->below.find(slash == std::string_view::npos ? std::string_view() : path.substr(0, slash));
  if (!parent && parent.error() == ENOENT) return std::nullopt;
  if (!parent) return failed(parent.error());

  const std::string leaf(path.substr(slash == std::string_view::npos ? 0 : slash + 1));
  struct stat status{};
  const bool is_there = ::fstatat((*parent)->get(), leaf.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  if (!is_there && errno != ENOENT) return failed(errno);
  if (is_there && S_ISDIR(status.st_mode)) return failed(EISDIR);
  if (!is_there) return std::nullopt;
  return static_cast<std::uint64_t>(status.st_size);
}

std::expected<void, DiskError> OutputDirectory::sync_all() const {
  if (::syncfs(tree_->below.root()->get()) == 0) return {};
  return std::unexpected(make_disk_error(errno, "write to", path()));
}

std::string OutputDirectory::meta_file(const std::string& name) const {
  std::error_code error;
  const std::filesystem::path link = fmt::format("/proc/self/fd/{}", tree_->meta->get());
  std::filesystem::path directory = std::filesystem::read_symlink(link, error);
  if (error) directory = std::filesystem::absolute(std::filesystem::path(path()) / kMeta);  // no /proc here
  return directory / name;
}

}  // namespace overlap::get
