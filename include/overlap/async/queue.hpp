#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include <overlap/async/detail/wait_line.hpp>
#include <overlap/async/task.hpp>
#include <overlap/core/errors.hpp>

namespace overlap {

/// put() into a queue that is closed.
struct QueueClosed : Error {
  QueueClosed() : Error("the queue is closed") {}
};

/// A bounded queue between the tasks of one loop: first in, first out, and so are those who wait at either end.
///
///     while (auto item = co_await queue.get()) use(*item);   // until it is closed and empty
///
/// T need only be movable. For the tasks of one loop: it belongs to the thread that first uses it, and use on another
/// throws std::logic_error. Tasks that wait may outlive it.
template <class T>
class Queue {
 public:
  /// `capacity`: how many items it holds before put() waits; 0: no bound.
  explicit Queue(std::size_t capacity) : state_(std::make_shared<State>(capacity)) {}
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;

  /// Waits, suspended, until there is room. Throws QueueClosed if the queue is closed, also meanwhile. A task that is
  /// cancelled while it waits gets operation_aborted, and the item is not put; an item that was taken in by then is,
  /// and the await says so.
  Task<void> put(T item) { return put(state_, std::move(item)); }
  /// Puts it if there is room; otherwise leaves `item` as it was and returns false. Throws QueueClosed.
  bool try_put(T&& item);

  /// Waits, suspended, for an item; nothing when the queue is closed and empty. A task that is cancelled while it waits
  /// gets operation_aborted and takes none; an item that it was given by then is its own, and the next await throws.
  Task<std::optional<T>> get() { return get(state_); }
  /// An item if there is one; never waits.
  std::optional<T> try_get();

  /// No more is put; what it holds may still be got. Those who wait to put get QueueClosed. May be called again.
  void close();

  bool closed() const noexcept { return state_->closed; }
  std::size_t size() const noexcept { return state_->items.size(); }
  std::size_t capacity() const noexcept { return state_->capacity; }

 private:
  /// One who waits: with an item to put, or for one.
  struct Place : detail::WaitLine::Place {
    Place(detail::WaitLine& line, std::optional<T> own) : detail::WaitLine::Place(line), item(std::move(own)) {}
    std::optional<T> item;
  };

  // What stays true: nobody waits to get while there are items, nor to put while there is room.
  struct State {
    explicit State(std::size_t bound) : capacity(bound) {}
    bool has_room() const noexcept { return capacity == 0 || items.size() < capacity; }
    void put(T&& item);
    T get();

    const std::size_t capacity;
    bool closed = false;
    std::deque<T> items;
    detail::WaitLine putting;
    detail::WaitLine getting;
    detail::OneThread thread;
  };

  static Place* first(detail::WaitLine& line) noexcept { return static_cast<Place*>(line.first()); }
  static Task<void> put(std::shared_ptr<State> state, T item);
  static Task<std::optional<T>> get(std::shared_ptr<State> state);

  std::shared_ptr<State> state_;
};

/// To the one who has waited longest, or else into the queue, which has room.
template <class T>
void Queue<T>::State::put(T&& item) {
  if (Place* const waiting = first(getting)) {
    waiting->item.emplace(std::move(item));
    waiting->serve();
  } else {
    items.push_back(std::move(item));
  }
}

/// The oldest item, of which there is one; the item of the one who has waited longest to put takes its room.
template <class T>
T Queue<T>::State::get() {
  T item = std::move(items.front());
  items.pop_front();
  if (Place* const waiting = first(putting)) {
    items.push_back(std::move(*waiting->item));
    waiting->item.reset();
    waiting->serve();
  }
  return item;
}

template <class T>
Task<void> Queue<T>::put(std::shared_ptr<State> state, T item) {
  state->thread.check("Queue");
  if (state->closed) throw QueueClosed();
  if (state->has_room()) {
    state->put(std::move(item));
    co_return;
  }
  Place place(state->putting, std::move(item));
  co_await place.wait();
  if (place.item) throw QueueClosed();  // nobody took it
}

template <class T>
bool Queue<T>::try_put(T&& item) {
  state_->thread.check("Queue");
  if (state_->closed) throw QueueClosed();
  if (!state_->has_room()) return false;
  state_->put(std::move(item));
  return true;
}

template <class T>
Task<std::optional<T>> Queue<T>::get(std::shared_ptr<State> state) {
  state->thread.check("Queue");
  std::optional<T> item;
  if (!state->items.empty()) {
    item.emplace(state->get());
  } else if (!state->closed) {
    Place place(state->getting, std::nullopt);
    co_await place.wait();
    item = std::move(place.item);
  }
  co_return item;
}

template <class T>
std::optional<T> Queue<T>::try_get() {
  state_->thread.check("Queue");
  if (state_->items.empty()) return std::nullopt;
  return state_->get();
}

template <class T>
void Queue<T>::close() {
  state_->thread.check("Queue");
  state_->closed = true;
  while (Place* const waiting = first(state_->getting)) waiting->serve();
  while (Place* const waiting = first(state_->putting)) waiting->serve();
}

}  // namespace overlap
