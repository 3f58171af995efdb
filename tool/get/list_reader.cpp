#include "get/list_reader.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "cli/escape.hpp"

namespace overlap::get {
namespace {

// Reads for one answer of is_ready(): a line or a run of comments without end must not keep the caller for ever.
constexpr int kMaxFills = 16;

std::string cannot_read(std::string_view name, std::string_view why) {
  return fmt::format("cannot read {}: {}", cli::escape_for_terminal(name), why);
}

/// What the first line tells of a file that holds no text list: an error for the file is worth more than a million bad
/// lines.
std::optional<std::string_view> find_foreign_format(std::string_view first_line) {
  if (first_line.starts_with("\x1F\x8B"))
    return "it is compressed with gzip twice; pipe it in, decompressed, with -i -";
  if (first_line.starts_with("\x28\xB5\x2F\xFD"))
    return "it is compressed with zstd; pipe it in, decompressed, with -i -";
  if (first_line.starts_with("\xFF\xFE") || first_line.starts_with("\xFE\xFF")) return "it is UTF-16; save it as UTF-8";
  return std::nullopt;
}

}  // namespace

std::expected<ListReader, std::string> ListReader::open(const std::string& file, Options options) {
  const bool is_stdin = file == "-";
  const std::string name = is_stdin ? "standard input" : file;
  // A duplicate, so that the descriptor is ours to close in either case.
  FileDescriptor descriptor(is_stdin ? ::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
                                     : ::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
  if (!descriptor.is_open()) return std::unexpected(cannot_read(name, std::strerror(errno)));
  struct stat status{};
  if (::fstat(descriptor.get(), &status) != 0) return std::unexpected(cannot_read(name, std::strerror(errno)));
  if (S_ISDIR(status.st_mode)) return std::unexpected(cannot_read(name, "it is a directory"));
  if (options.format == ListFormat::automatic) options.format = format_of_name(file);
  const bool has_own_limit = options.lines.max_line_bytes != LineReader::Options().max_line_bytes;
  if (!has_own_limit) options.lines.max_line_bytes = max_line_bytes(options.format);
  return from_descriptor(std::move(descriptor), name, std::move(options));
}

ListReader ListReader::from_descriptor(FileDescriptor descriptor, std::string name, Options options) {
  ListReader reader;
  reader.name_ = std::move(name);
  reader.lines_.emplace(ByteSource(std::move(descriptor)), options.lines);
  reader.decoder_ = make_list_decoder(options.format, options.columns);
  reader.next_ordinal_ = options.first_ordinal;
  return reader;
}

ListReader ListReader::from_arguments(std::vector<std::string> urls, std::uint64_t first_ordinal) {
  ListReader reader;
  reader.arguments_ = std::move(urls);
  reader.next_ordinal_ = first_ordinal;
  return reader;
}

std::optional<ListEntry> ListReader::next() {
  while (!is_ready()) lines_->fill();
  return std::exchange(pending_, std::nullopt);
}

bool ListReader::is_ready(std::chrono::milliseconds patience) {
  if (is_known()) return true;  // most lines are here already, and a look at the clock costs as much as they do
  using Clock = std::chrono::steady_clock;
  const auto deadline = Clock::now() + patience;
  for (int fills = 0; fills < kMaxFills; ++fills) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
    if (!lines_->is_readable(std::max(left, std::chrono::milliseconds(0)))) return false;
    lines_->fill();
    if (is_known()) return true;
  }
  return false;
}

/// Whether what was read tells what comes next.
bool ListReader::is_known() {
  while (!pending_ && !has_ended_) {
    if (!lines_) {
      take_argument();
    } else if (!take_line()) {
      return false;
    }
  }
  return true;
}

void ListReader::take_argument() {
  if (next_argument_ == arguments_.size()) return end(std::nullopt);
  offer(make_url_entry(arguments_[next_argument_++], 0));
}

/// Decodes the next line, or notices the end. False if neither can be told without more bytes.
bool ListReader::take_line() {
  if (auto entry = decoder_->more()) {
    offer(std::move(entry));
    return true;
  }
  if (decoder_->error()) {
    end(fmt::format("{}: {}", cli::escape_for_terminal(name_), *decoder_->error()));
    return true;
  }
  const auto line = lines_->take();
  if (!line && !lines_->at_end()) return false;
  if (!line) {
    take_end();
    return true;
  }
  const auto foreign = line->number == 1 ? find_foreign_format(line->text) : std::nullopt;
  if (foreign) {
    end(cannot_read(name_, *foreign));
  } else {
    offer(decoder_->feed(*line));
  }
  return true;
}

void ListReader::take_end() {
  if (lines_->error()) return end(cannot_read(name_, *lines_->error()));
  auto last = decoder_->finish();
  if (!last) last = decoder_->more();
  if (last) return offer(std::move(last));
  if (!decoder_->error()) end(std::nullopt);  // else the next call says it
}

void ListReader::offer(std::optional<ListEntry> entry) {
  if (!entry) return;
  std::visit([this](auto& numbered) { numbered.ordinal = next_ordinal_++; }, *entry);
  pending_ = std::move(entry);
}

void ListReader::end(std::optional<std::string> error) {
  has_ended_ = true;
  error_ = std::move(error);
}

}  // namespace overlap::get
