// How a file is replaced:
// 1. open() sees that the file which is there may be written, and that its directory takes another. It leaves nothing
//    behind, so that no end of the run, not even a kill, has anything to tidy up.
// 2. write() makes a file beside it, with the owner and the mode of the one that is there, and writes that.
// 3. Once it is whole it takes the name. Until then any failure removes it.
#include "cli/output_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>
#include <ostream>
#include <utility>

#include "cli/escape.hpp"
#include "cli/same_file.hpp"

namespace overlap::cli {
namespace {

constexpr mode_t kNewFile = 0666;  // less the umask

/// A file with a name of its own that is removed at the end, unless it has got another name.
class Temporary {
 public:
  /// Beside `target`. Nothing, and errno, if none can be made.
  static std::optional<Temporary> beside(const std::string& target) {
    const std::filesystem::path directory = std::filesystem::path(target).parent_path();
    for (int i = 0;; ++i) {
      const std::string path = directory / fmt::format(".overlap-{}-{}", getpid(), i);
      const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, kNewFile);
      if (descriptor >= 0) return Temporary(path, descriptor);
      if (errno != EEXIST) return std::nullopt;
    }
  }
  Temporary(Temporary&& other) noexcept : path_(std::exchange(other.path_, {})), buffer_(std::move(other.buffer_)) {}
  Temporary& operator=(Temporary&&) = delete;
  ~Temporary() {
    if (!path_.empty()) unlink(path_.c_str());
  }

  DescriptorBuffer& buffer() { return *buffer_; }

  /// Best effort: who is not root may give no file away, and one of his own he has no need to.
  void take_after(const struct stat& other) {
    [[maybe_unused]] const int is_given = fchown(buffer_->descriptor(), other.st_uid, other.st_gid);
    fchmod(buffer_->descriptor(), other.st_mode & 07777);
  }

  /// 0 or errno.
  int rename_to(const std::string& target) {
    if (std::rename(path_.c_str(), target.c_str()) != 0) return errno;
    path_.clear();
    return 0;
  }

 private:
  Temporary(std::string path, int descriptor)
      : path_(std::move(path)), buffer_(std::make_unique<DescriptorBuffer>(descriptor)) {}

  std::string path_;
  std::unique_ptr<DescriptorBuffer> buffer_;
};

using Writer = std::function<void(std::ostream&)>;

/// 0 or errno.
int write_through(DescriptorBuffer& buffer, const Writer& writer) {
  std::ostream out(&buffer);
  writer(out);
  return buffer.close();
}

/// 0 or errno.
int replace(const std::string& target, const Writer& writer) {
  auto temporary = Temporary::beside(target);
  if (!temporary) return errno;
  struct stat earlier{};
  if (stat(target.c_str(), &earlier) == 0) temporary->take_after(earlier);
  const int error = write_through(temporary->buffer(), writer);
  return error != 0 ? error : temporary->rename_to(target);
}

std::unique_ptr<DescriptorBuffer> open_buffer(const std::string& target, int flags) {
  const int descriptor = ::open(target.c_str(), O_WRONLY | O_CLOEXEC | flags, kNewFile);
  return descriptor >= 0 ? std::make_unique<DescriptorBuffer>(descriptor) : nullptr;
}

/// A standard stream that is a file must go on where it is: nobody would see one that is put in its place. Null: it is
/// none.
std::unique_ptr<DescriptorBuffer> standard_stream(const struct stat& target) {
  for (const int standard : {STDOUT_FILENO, STDERR_FILENO}) {
    struct stat stream{};
    if (fstat(standard, &stream) != 0 || stream.st_dev != target.st_dev || stream.st_ino != target.st_ino) continue;
    const int descriptor = fcntl(standard, F_DUPFD_CLOEXEC, 0);
    if (descriptor >= 0) return std::make_unique<DescriptorBuffer>(descriptor);
  }
  return nullptr;
}

}  // namespace

std::expected<void, std::string> OutputFile::open(const std::string& name) {
  if (name.empty()) return {};
  name_ = name;
  target_ = followed(name);
  const auto cannot_write = [this](int error) {
    return std::unexpected(fmt::format("cannot write {}: {}", escape_for_terminal(name_), std::strerror(error)));
  };
  struct stat earlier{};
  const bool exists = stat(name.c_str(), &earlier) == 0;
  if (!exists && errno != ENOENT) return cannot_write(errno);
  if (exists) {
    direct_ = standard_stream(earlier);
    if (direct_) return {};
    auto opened = open_buffer(name, 0);
    if (!opened) return cannot_write(errno);
    if (!S_ISREG(earlier.st_mode)) direct_ = std::move(opened);
    if (direct_) return {};
  }
  is_replaced_ = Temporary::beside(target_).has_value();
  if (!is_replaced_ && !exists) return cannot_write(errno);
  return {};
}

std::expected<void, std::string> OutputFile::write(const Writer& writer) {
  if (name_.empty()) return {};
  std::fflush(stdout);  // what was printed before comes before, where both are one file
  if (!direct_ && !is_replaced_) direct_ = open_buffer(target_, O_CREAT | O_TRUNC);
  int error = 0;
  if (direct_) {
    error = write_through(*direct_, writer);
  } else {
    error = is_replaced_ ? replace(target_, writer) : errno;
  }
  if (error == 0) return {};
  return std::unexpected(fmt::format("cannot write {}: {}", escape_for_terminal(name_), std::strerror(error)));
}

}  // namespace overlap::cli
