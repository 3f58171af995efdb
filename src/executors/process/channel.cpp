#include "executors/process/channel.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>

#include <overlap/core/detail/trace_point.hpp>

#include "executors/process/helper_protocol.hpp"

namespace overlap::detail {
namespace {

[[noreturn]] void throw_errno(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

/// What a message that carries descriptors says, so that what a task wrote to a wrong descriptor is told from it.
constexpr std::uint64_t kFilesMark = 0x6f766c7066696c65;

/// 0, or errno.
int send_files(int socket, const Message& message, int flags) noexcept {
  std::array<int, Encoder::kMostAttached + 1> fds{};
  std::size_t count = 0;
  if (message.large) fds[count++] = message.large->fd();
  for (const SharedFilePtr& file : message.attached) fds[count++] = file->fd();
  if (count == 0) return 0;
  return send_message(socket, bytes_of(kFilesMark), std::span(fds).first(count), flags) ? 0 : errno;
}

/// The files of a frame, which were sent before it. Without descriptors for them the frame counts as too large.
void receive_files(int socket, Frame& frame) {
  if (frame.header.files == 0) return;
  std::uint64_t mark = 0;
  std::array<UniqueFd, Encoder::kMostAttached + 1> fds;
  const ssize_t size = receive_message(socket, std::as_writable_bytes(std::span(&mark, 1)), fds, MSG_DONTWAIT);
  if (size != sizeof mark || mark != kFilesMark) throw MalformedFrame();
  try {
    for (std::size_t i = 0; i < frame.header.files; ++i) {
      if (!fds[i]) throw std::bad_alloc();
      frame.files.push_back(std::make_shared<SharedFile>(fds[i].get()));
      fds[i].release();
    }
  } catch (const std::bad_alloc&) {
    frame.too_large = true;
  }
}

/// The header of a message with its sizes.
FrameHeader header_of(FrameHeader header, const Message& message) noexcept {
  header.length = message.bytes.size() + message.segments.size() * sizeof(Segment);
  header.segments = static_cast<std::uint32_t>(message.segments.size());
  header.files = static_cast<std::uint32_t>(message.attached.size() + (message.large ? 1 : 0));
  return header;
}

/// The bytes of a frame, piece by piece in their order.
std::array<std::span<const char>, 3> pieces_of(const FrameHeader& header, const Message& message) noexcept {
  const auto chars = [](const void* data, std::size_t size) { return std::span(static_cast<const char*>(data), size); };
  return {chars(&header, sizeof header), message.bytes,
          chars(message.segments.data(), message.segments.size() * sizeof(Segment))};
}

/// Feeds what is there to the parser, up to the end of a frame. True when that was reached; `wake` when the writer is
/// to be told of the room.
bool parse(RingReader& in, FrameParser& parser, bool& wake) {
  while (!parser.has_frame()) {
    const std::span<const char> bytes = in.readable();
    if (bytes.empty()) return false;
    if (in.take(parser.feed(bytes))) wake = true;
  }
  return true;
}

}  // namespace

// ---- The pool's end

Channel::Channel(UniqueFd socket, std::shared_ptr<Shared<ChannelMemory>> shared)
    : socket_(std::move(socket)),
      memory_(std::move(shared)),
      out_(memory().to_worker, memory().bytes_to_worker),
      in_(memory().from_worker, memory().bytes_from_worker) {}

std::pair<Channel, Channel::WorkerEnd> Channel::open() {
  std::array<int, 2> sockets{};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets.data()) != 0) throw_errno("socketpair");
  UniqueFd ours = take_fd(sockets[0]);
  UniqueFd workers = take_fd(sockets[1]);
  if (!ours || !workers) throw_errno("fcntl");
  UniqueFd memory = Shared<ChannelMemory>::create("overlap-channel");
  auto mapped = std::make_shared<Shared<ChannelMemory>>(memory.get(), SharedRegion::ForkedChildren::lose_it);
  return {Channel(std::move(ours), std::move(mapped)), WorkerEnd{std::move(workers), std::move(memory)}};
}

int Channel::send(const FrameHeader& header, Payload message) {
  if (ended_) return 0;
  if (const int error = send_files(socket_.get(), *message, MSG_DONTWAIT); error != 0) return error;
  header_ = header_of(header, *message);
  unsent_ = std::move(message);
  sent_ = 0;
  copy_unsent();
  return 0;
}

void Channel::flush() {
  if (unsent_ && copy_unsent()) memory().worker.ring();
}

/// As far as there is room. True when the worker has something to read.
bool Channel::copy_unsent() {
  bool copied = false;
  std::size_t before = 0;  // where a piece begins
  for (const std::span<const char> piece : pieces_of(header_, *unsent_)) {
    while (sent_ < before + piece.size()) {
      const std::size_t count = out_.put(piece.subspan(sent_ - before));
      sent_ += count;
      copied = copied || count != 0;
      if (count != 0) continue;
      out_.publish();
      if (!out_.wants_room()) return copied;
    }
    before += piece.size();
  }
  out_.publish();
  unsent_.reset();
  return true;
}

void Channel::end_sending() noexcept {
  if (std::exchange(ended_, true)) return;
  unsent_.reset();
  memory().ended.store(1, std::memory_order_release);  // after what was published, which the worker reads first
  memory().worker.ring();
}

std::optional<Frame> Channel::receive() {
  bool wake = false;
  const bool whole = parse(in_, parser_, wake);
  if (wake) memory().worker.ring();
  if (!whole) return std::nullopt;
  Frame frame = parser_.take();
  receive_files(socket_.get(), frame);
  return frame;
}

bool Channel::has_begun(std::uint64_t task) const noexcept {
  // acquire: pairs with the release in WorkerChannel::begin().
  return memory().begun.load(std::memory_order_acquire) == task;
}

// ---- The worker's end

WorkerChannel::WorkerChannel(Channel::WorkerEnd end, Bell& pool)
    : socket_(std::move(end.socket)),
      memory_(end.memory.get(), SharedRegion::ForkedChildren::keep_it),
      pool_(pool),
      out_(memory_->from_worker, memory_->bytes_from_worker),
      in_(memory_->to_worker, memory_->bytes_to_worker) {}

std::optional<Frame> WorkerChannel::receive() {
  while (true) {
    const std::uint32_t heard = memory_->worker.listen();
    const bool ended = memory_->ended.load(std::memory_order_acquire) != 0;  // before the ring: what is in it counts
    bool wake = false;
    const bool whole = parse(in_, parser_, wake);
    if (wake) pool_.ring();
    if (whole) {
      Frame frame = parser_.take();
      receive_files(socket_.get(), frame);
      return frame;
    }
    if (ended) return std::nullopt;
    if (!wake) memory_->worker.wait(heard, std::nullopt);
  }
}

void WorkerChannel::send(const FrameHeader& header, const Message& message) {
  if (const int error = send_files(socket_.get(), message, 0); error != 0) {
    throw std::system_error(error, std::generic_category(), "shared memory cannot be handed to the program");
  }
  const FrameHeader whole = header_of(header, message);
  for (const std::span<const char> piece : pieces_of(whole, message)) write(piece);
  out_.publish();
  pool_.ring();
}

/// Copies into the ring, and waits for room when it is full.
void WorkerChannel::write(std::span<const char> bytes) {
  while (!bytes.empty()) {
    const std::uint32_t heard = memory_->worker.listen();
    const std::size_t count = out_.put(bytes);
    bytes = bytes.subspan(count);
    if (count != 0) continue;
    out_.publish();
    pool_.ring();
    if (!out_.wants_room()) memory_->worker.wait(heard, std::nullopt);
  }
}

void WorkerChannel::begin(std::uint64_t task) noexcept {
  memory_->begun_at.store(trace_now(), std::memory_order_relaxed);
  memory_->begun.store(task, std::memory_order_release);
}

}  // namespace overlap::detail
