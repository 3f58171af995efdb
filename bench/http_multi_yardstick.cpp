#include "http_multi_yardstick.hpp"

#include <curl/curl.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <vector>

namespace overlap::bench {
namespace {

using Clock = std::chrono::steady_clock;

std::size_t drop(char*, std::size_t, std::size_t size, void*) { return size; }

}  // namespace

struct MultiYardstick::State {
  CURLM* multi = curl_multi_init();
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  std::optional<Clock::time_point> deadline;
  std::vector<CURL*> handles;
  std::vector<CURL*> idle;

  static int on_interest(CURL*, curl_socket_t socket, int what, void* self, void* known) {
    auto* const state = static_cast<State*>(self);
    epoll_event event{};
    event.data.fd = socket;
    if ((what & CURL_POLL_IN) != 0) event.events |= EPOLLIN;
    if ((what & CURL_POLL_OUT) != 0) event.events |= EPOLLOUT;
    if (what == CURL_POLL_REMOVE) {
      epoll_ctl(state->epoll, EPOLL_CTL_DEL, socket, &event);
    } else {
      epoll_ctl(state->epoll, known != nullptr ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, socket, &event);
      if (known == nullptr) curl_multi_assign(state->multi, socket, state);
    }
    return 0;
  }

  static int on_deadline(CURLM*, long milliseconds, void* self) {
    auto* const state = static_cast<State*>(self);
    state->deadline.reset();
    if (milliseconds >= 0) state->deadline = Clock::now() + std::chrono::milliseconds(milliseconds);
    return 0;
  }

  int wait_time() const {
    if (!deadline) return -1;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - Clock::now()).count();
    return static_cast<int>(std::clamp<long>(left, 0, 60'000));
  }
};

MultiYardstick::MultiYardstick(std::string url, int in_flight) : state_(nullptr) {
  curl_global_init(CURL_GLOBAL_DEFAULT);
  state_ = new State;
  curl_multi_setopt(state_->multi, CURLMOPT_SOCKETFUNCTION, &State::on_interest);
  curl_multi_setopt(state_->multi, CURLMOPT_SOCKETDATA, state_);
  curl_multi_setopt(state_->multi, CURLMOPT_TIMERFUNCTION, &State::on_deadline);
  curl_multi_setopt(state_->multi, CURLMOPT_TIMERDATA, state_);
  for (int i = 0; i < in_flight; ++i) {
    CURL* const easy = curl_easy_init();
    curl_easy_setopt(easy, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, &drop);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 300'000L);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, 10'000L);
    state_->handles.push_back(easy);
  }
  state_->idle = state_->handles;
}

MultiYardstick::~MultiYardstick() {
  for (CURL* const easy : state_->handles) curl_easy_cleanup(easy);
  curl_multi_cleanup(state_->multi);
  close(state_->epoll);
  delete state_;
}

bool MultiYardstick::run(long requests) {
  State& state = *state_;
  long to_start = requests;
  long to_finish = requests;
  bool good = true;
  while (to_finish > 0) {
    while (to_start > 0 && !state.idle.empty()) {
      curl_multi_add_handle(state.multi, state.idle.back());
      state.idle.pop_back();
      --to_start;
    }
    std::array<epoll_event, 128> events;
    const int count = epoll_wait(state.epoll, events.data(), static_cast<int>(events.size()), state.wait_time());
    int running = 0;
    for (int i = 0; i < count; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      const int mask = ((event.events & EPOLLIN) != 0 ? CURL_CSELECT_IN : 0) |
                       ((event.events & EPOLLOUT) != 0 ? CURL_CSELECT_OUT : 0) |
                       ((event.events & (EPOLLERR | EPOLLHUP)) != 0 ? CURL_CSELECT_ERR : 0);
      curl_multi_socket_action(state.multi, event.data.fd, mask, &running);
    }
    if (state.deadline && Clock::now() >= *state.deadline) {
      state.deadline.reset();
      curl_multi_socket_action(state.multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
    int left = 0;
    while (CURLMsg* const message = curl_multi_info_read(state.multi, &left)) {
      CURL* const easy = message->easy_handle;
      good = good && message->data.result == CURLE_OK;
      curl_multi_remove_handle(state.multi, easy);
      state.idle.push_back(easy);
      --to_finish;
    }
  }
  return good;
}

}  // namespace overlap::bench
