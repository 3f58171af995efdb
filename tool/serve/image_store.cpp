#include "serve/image_store.hpp"

#include <exception>
#include <utility>

#include "serve/jpeg.hpp"
#include "serve/mix.hpp"

namespace overlap::serve {

ImageStore::~ImageStore() {
  std::thread worker;
  {
    const detail::MutexLock lock(mutex_);
    closing_ = true;
    worker = std::move(worker_);
  }
  changed_.notify_all();
  if (worker.joinable()) worker.join();
}

DocumentPtr ImageStore::find(std::string_view path) {
  const detail::MutexLock lock(mutex_);
  return made_.find(path);
}

void ImageStore::make(std::string_view path, Callback done) {
  DocumentPtr made;
  {
    const detail::MutexLock lock(mutex_);
    made = made_.find(path);
    if (!made) {
      const auto [entry, is_new] = waiting_.try_emplace(std::string(path));
      entry->second.push_back(std::move(done));
      if (is_new) orders_.emplace_back(path);
      if (!worker_.joinable()) worker_ = std::thread([this] { run(); });
    }
  }
  changed_.notify_one();
  if (made) done(std::move(made));  // made since the caller looked
}

void ImageStore::run() {
  for (;;) {
    std::string path;
    {
      detail::MutexLock lock(mutex_);
      while (orders_.empty() && !closing_) changed_.wait(lock);
      if (closing_) return;
      path = std::move(orders_.front());
      orders_.pop_front();
    }
    const DocumentPtr document = encode(path);
    std::vector<Callback> callbacks;
    {
      const detail::MutexLock lock(mutex_);
      if (document) made_.insert(path, document, document->content.size());
      callbacks = std::move(waiting_.extract(path).mapped());
    }
    for (Callback& callback : callbacks) callback(document);
  }
}

DocumentPtr ImageStore::encode(std::string_view path) const {
  try {
    const Target target = split_target(path);
    const Route route = route_of(target);
    return make_document(make_content(target, route, seed_), etag_for(target, route, seed_));
  } catch (const std::exception&) {
    return nullptr;  // out of memory; those who wait are told
  }
}

}  // namespace overlap::serve
