#include "http/admission.hpp"

#include <utility>

namespace overlap::http::detail {

bool Admission::ask(Ticket& ticket, const std::string& origin) {
  if (limit_by_origin_ != 0) {
    const auto [found, added] = origins_.try_emplace(origin);
    Origin& mine = found->second;
    mine.key = &found->first;
    ticket.origin_ = &mine;
    if (mine.places_taken >= limit_by_origin_) {
      wait(ticket, Ticket::State::at_origin, mine.waiting);
      return false;
    }
    ++mine.places_taken;
  }
  if (!has_room()) {
    wait(ticket, Ticket::State::at_door, door_);
    return false;
  }
  enter(ticket);
  return true;
}

void Admission::enter(Ticket& ticket) noexcept {
  ticket.state_ = Ticket::State::inside;
  ++inside_;
}

void Admission::wait(Ticket& ticket, Ticket::State state, std::list<Ticket*>& queue) {
  ticket.place_ = queue.insert(queue.end(), &ticket);
  ticket.state_ = state;
  ++waiting_;
}

void Admission::leave(Ticket& ticket) {
  switch (std::exchange(ticket.state_, Ticket::State::outside)) {
    case Ticket::State::outside:
      return;
    case Ticket::State::at_origin:
      --waiting_;
      ticket.origin_->waiting.erase(ticket.place_);
      ticket.origin_ = nullptr;
      return;
    case Ticket::State::at_door:
      --waiting_;
      door_.erase(ticket.place_);
      break;
    case Ticket::State::inside:
      --inside_;
      break;
  }
  give_up_place(ticket);
}

// To the next who waits at that origin, or back to it.
void Admission::give_up_place(Ticket& ticket) {
  Origin* const origin = std::exchange(ticket.origin_, nullptr);
  if (origin == nullptr) return;
  if (!origin->waiting.empty()) {
    Ticket& heir = *origin->waiting.front();
    door_.splice(door_.end(), origin->waiting, origin->waiting.begin());
    heir.state_ = Ticket::State::at_door;
  } else if (--origin->places_taken == 0) {
    origins_.erase(*origin->key);
  }
}

Admission::Ticket* Admission::next() {
  if (door_.empty() || !has_room()) return nullptr;
  Ticket* const ticket = door_.front();
  door_.pop_front();
  --waiting_;
  enter(*ticket);
  return ticket;
}

}  // namespace overlap::http::detail
