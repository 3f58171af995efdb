// One round of the timer (on_timer):
//   1. Those that were ready when it rang are resumed, one after the other, then those whose time has come.
//   2. The timer is set to the next time; if somebody became ready meanwhile, it rings at once, which puts the next
//      round behind all that the loop has to run already, and behind its look at I/O.
// Between rounds the timer always waits. To wake somebody, or to have a shorter time noticed, its wait is cut short.

#include <overlap/async/detail/sleepers.hpp>

#include <overlap/async/loop.hpp>

namespace overlap::detail {

// ---- Sleeper

Sleeper::~Sleeper() {
  if (place_ != kNoPlace) sleepers_->leave_heap(*this);  // its coroutine was destroyed while it slept
}

Sleeper::Sleep Sleeper::until(TimePoint deadline) {
  until_ = deadline;
  cancelled_ = false;
  Loop* const loop = Loop::current();
  sleepers_ = loop != nullptr ? &loop->sleepers() : nullptr;
  if (sleepers_ != nullptr) sleepers_->prepare();
  return Sleep(*this);
}

void Sleeper::wake() noexcept {
  if (place_ != kNoPlace) sleepers_->end_sleep(*this);
}

void Sleeper::cancel() noexcept {
  cancelled_ = true;
  wake();
}

bool Sleeper::Sleep::Begin::is_here(const boost::asio::execution_context& context) const noexcept {
  Loop* const loop = Loop::current();
  return loop != nullptr && &context == &loop->context();
}

// ---- Sleepers

template <class T>
struct Sleepers::OperationAllocator {
  using value_type = T;
  explicit OperationAllocator(OperationMemory& from) noexcept : memory(&from) {}
  template <class U>
  OperationAllocator(const OperationAllocator<U>& other) noexcept : memory(other.memory) {}
  T* allocate(std::size_t count) {
    if (memory->in_use || count * sizeof(T) > memory->bytes.size()) return std::allocator<T>().allocate(count);
    memory->in_use = true;
    return reinterpret_cast<T*>(memory->bytes.data());
  }
  void deallocate(T* pointer, std::size_t count) noexcept {
    if (reinterpret_cast<std::byte*>(pointer) != memory->bytes.data()) {
      std::allocator<T>().deallocate(pointer, count);
    } else {
      memory->in_use = false;
    }
  }
  template <class U>
  friend bool operator==(const OperationAllocator& a, const OperationAllocator<U>& b) noexcept {
    return a.memory == b.memory;
  }
  OperationMemory* memory;
};

/// Asio asks a handler what memory its operation takes.
struct Sleepers::OnTimer {
  using allocator_type = OperationAllocator<void>;
  allocator_type get_allocator() const noexcept { return allocator_type(sleepers->memory_); }
  void operator()(const boost::system::error_code&) const { sleepers->on_timer(); }
  Sleepers* sleepers;
};

Sleepers::Sleepers(Loop& loop, OperationMemory& memory) : loop_(loop), memory_(memory), timer_(loop.context()) {}

Sleepers::~Sleepers() {
  while (!heap_.empty()) {
    Sleeper& sleeper = *heap_.front().sleeper;
    leave_heap(sleeper);
    sleeper.drop();
  }
  while (ready_ != 0) pop_ready().drop();
}

void Sleepers::prepare() {
  if (heap_.size() == heap_.capacity()) heap_.reserve(heap_.empty() ? 4 : 2 * heap_.size());
  if (!is_set_) set_timer(TimePoint::max());
  is_set_ = true;
}

void Sleepers::add(Sleeper& sleeper) noexcept {
  if (sleeper.until_ == TimePoint::min()) {
    make_ready(sleeper);
    return;
  }
  heap_.emplace_back();  // prepare() has made room
  sift_up(heap_.size() - 1, {sleeper.until_, &sleeper});
  if (sleeper.until_ < set_to_) ring();
}

void Sleepers::end_sleep(Sleeper& sleeper) noexcept {
  leave_heap(sleeper);
  make_ready(sleeper);
}

void Sleepers::make_ready(Sleeper& sleeper) noexcept {
  sleeper.next_ready_ = nullptr;
  (last_ready_ == nullptr ? first_ready_ : last_ready_->next_ready_) = &sleeper;
  last_ready_ = &sleeper;
  ++ready_;
  ring();
}

Sleeper& Sleepers::pop_ready() noexcept {
  Sleeper& sleeper = *std::exchange(first_ready_, first_ready_->next_ready_);
  if (first_ready_ == nullptr) last_ready_ = nullptr;
  --ready_;
  return sleeper;
}

void Sleepers::set_timer(TimePoint until) {
  set_to_ = until;
  timer_.expires_at(until);
  timer_.async_wait(OnTimer{this});
}

void Sleepers::ring() noexcept {
  if (set_to_ == TimePoint::min()) return;  // a round is on its way, or this is one
  set_to_ = TimePoint::min();
  // A round that was on its way before is too early for who became ready now: what was posted first runs first.
  rung_for_ = timer_.cancel() != 0 ? ready_ : 0;
}

void Sleepers::on_timer() {
  set_to_ = TimePoint::min();  // it is set below, whatever is added until then
  Loop::Turn turn(loop_);
  for (std::size_t left = std::exchange(rung_for_, 0); left != 0; --left) {
    pop_ready().resume();
    turn.next();
  }
  const TimePoint now = Clock::now();
  while (!heap_.empty() && heap_.front().until <= now) {
    Sleeper& sleeper = *heap_.front().sleeper;
    leave_heap(sleeper);
    sleeper.resume();
    turn.next();
  }
  set_timer(heap_.empty() ? TimePoint::max() : heap_.front().until);
  if (ready_ != 0) ring();
}

void Sleepers::leave_heap(Sleeper& sleeper) noexcept {
  const std::size_t place = std::exchange(sleeper.place_, Sleeper::kNoPlace);
  const Entry last = heap_.back();
  heap_.pop_back();
  if (last.sleeper == &sleeper) return;
  if (place != 0 && last.until < heap_[(place - 1) / 2].until) {
    sift_up(place, last);
  } else {
    sift_down(place, last);
  }
}

void Sleepers::put(std::size_t place, Entry entry) noexcept {
  heap_[place] = entry;
  entry.sleeper->place_ = place;
}

void Sleepers::sift_up(std::size_t place, Entry entry) noexcept {
  while (place != 0) {
    const std::size_t parent = (place - 1) / 2;
    if (heap_[parent].until <= entry.until) break;
    put(place, heap_[parent]);
    place = parent;
  }
  put(place, entry);
}

void Sleepers::sift_down(std::size_t place, Entry entry) noexcept {
  while (true) {
    std::size_t child = 2 * place + 1;
    if (child >= heap_.size()) break;
    if (child + 1 < heap_.size() && heap_[child + 1].until < heap_[child].until) ++child;
    if (entry.until <= heap_[child].until) break;
    put(place, heap_[child]);
    place = child;
  }
  put(place, entry);
}

}  // namespace overlap::detail
