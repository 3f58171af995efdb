#include "serve/faults.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "cli/units.hpp"

namespace overlap::serve {
namespace {

namespace h = fault_handlers;

constexpr std::array kFaults{
    Fault{"truncate", "truncate[/N]", "announces N bytes, sends half, closes", h::truncate},
    Fault{"reset", "reset[/N]", "announces N bytes, sends half, resets the connection", h::reset},
    Fault{"content-length", "content-length/conflicting|repeated|negative|chunked", "a wrong Content-Length",
          h::content_length},
    Fault{"bad-chunk", "bad-chunk[/size|overflow|unterminated]", "wrong chunked encoding", h::bad_chunk},
    Fault{"gzip", "gzip/broken|truncated|stacked", "a Content-Encoding that cannot be undone", h::gzip},
    Fault{"bomb", "bomb/N", "a small body that inflates to N bytes", h::bomb},
    Fault{"endless", "endless", "a body without length or end", h::endless},
    Fault{"slow", "slow/BYTES_PER_SEC/N", "N bytes of body at that rate", h::slow},
    Fault{"slow-headers", "slow-headers/BYTES_PER_SEC", "a head at that rate", h::slow_headers},
    Fault{"header", "header/huge|nul|bare-cr|no-colon", "a header that is not one", h::header},
    Fault{"garbage", "garbage", "an answer that is not HTTP", h::garbage},
    Fault{"error-page", "error-page", "an HTML error page under status 200", h::error_page},
    Fault{"drop", "drop", "closes without an answer", h::drop},
    Fault{"hang", "hang", "never answers", h::hang},
    Fault{"reset-next", "reset-next", "answers, and resets when the connection is used again", h::reset_next},
    Fault{"status", "status/CODE[?retry-after=V&location=V]", "that status, with those headers", h::status},
    Fault{"flaky", "flaky/N/KEY", "503 for the first N requests of this KEY, then 200", h::flaky},
    Fault{"redirect", "redirect/loop|no-location", "a redirect that leads nowhere", h::redirect},
    Fault{"resume", "resume/good|ignored|shifted|changed|replaced|multipart|unsatisfiable[/N]",
          "N bytes cut short at half the first time; how a request for the rest is answered", h::resume},
    Fault{"disposition", "disposition?name=V", "Content-Disposition with that file name", h::disposition},
};

}  // namespace

std::uint64_t FaultState::count(std::string_view key) {
  const detail::MutexLock lock(mutex_);
  if (counts_.size() >= kMaxKeys) counts_.clear();
  return ++counts_[std::string(key)];
}

std::optional<std::uint64_t> FaultCall::size_arg(std::size_t index, std::uint64_t otherwise) const {
  if (index >= args.size()) return otherwise;
  const auto size = cli::parse_size(args[index]);
  if (!size) return std::nullopt;
  return *size;
}

std::span<const Fault> faults() { return kFaults; }

std::optional<Reply> fault_reply(std::string_view text, const Target& target, const Request& request,
                                 std::uint64_t seed, FaultState& state) {
  const std::vector<std::string_view> parts = split_path(text);
  const auto* fault = std::ranges::find(kFaults, parts[0], &Fault::name);
  if (fault == kFaults.end()) return std::nullopt;
  return fault->handler({request, target, std::span(parts).subspan(1), seed, state});
}

}  // namespace overlap::serve
