#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

namespace overlap::http::detail {

/// Which requests of a session may be under way, when their number is limited in all or by origin. First come, first
/// served, but that those whose origin has no room let others pass.
class Admission {
  struct Origin;

 public:
  /// One who asks. It stays where it is until it has left.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(const Ticket&) = delete;
    Ticket& operator=(const Ticket&) = delete;

   private:
    friend class Admission;
    enum class State : std::uint8_t {
      outside,
      at_origin,  ///< waits for room at its origin
      at_door,    ///< has room there, and waits for room in all
      inside,
    };
    State state_ = State::outside;
    Origin* origin_ = nullptr;  // null when there is no limit by origin
    std::list<Ticket*>::iterator place_{};
  };

  /// Zero: no limit.
  Admission(std::size_t limit, std::size_t limit_by_origin) : limit_(limit), limit_by_origin_(limit_by_origin) {}

  bool limits_origins() const noexcept { return limit_by_origin_ != 0; }
  std::size_t waiting() const noexcept { return waiting_; }

  /// True: it is in. False: it waits until next() gives it.
  bool ask(Ticket& ticket, const std::string& origin);
  /// It is done, or does not want to wait any more. Nothing when it is outside.
  void leave(Ticket& ticket);
  /// One that waited and now is in; null when none may enter.
  Ticket* next();

 private:
  struct Origin {
    const std::string* key = nullptr;
    std::size_t places_taken = 0;  // by those at the door and inside
    std::list<Ticket*> waiting;
  };

  bool has_room() const noexcept { return limit_ == 0 || inside_ < limit_; }
  void enter(Ticket& ticket) noexcept;
  void wait(Ticket& ticket, Ticket::State state, std::list<Ticket*>& queue);
  void give_up_place(Ticket& ticket);

  const std::size_t limit_;
  const std::size_t limit_by_origin_;
  std::size_t inside_ = 0;
  std::size_t waiting_ = 0;
  std::unordered_map<std::string, Origin> origins_;  // those with a place taken; its elements do not move
  std::list<Ticket*> door_;
};

}  // namespace overlap::http::detail
