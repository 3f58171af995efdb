// 160 page downloads from two sites: pages MODEL SITE SITE
#include <overlap/http.hpp>
#include <overlap/overlap.hpp>

#include <cstdio>
#include <string>
#include <vector>

#include "model.hpp"

overlap::Task<std::size_t> download_site(std::string url) {
  auto response = co_await overlap::http::get(url);  // by the session of this thread's loop: connections are reused
  co_return response.body.size();
}

int main(int argc, char** argv) {
  overlap::main_guard guard(argc, argv);
  if (argc != 4) return std::fprintf(stderr, "usage: pages inline|threads|loop|processes SITE SITE\n"), 2;
  std::vector<std::string> sites;
  for (int i = 0; i < 80; ++i) sites.insert(sites.end(), {argv[2], argv[3]});

  auto executor = executor_for(argv[1]);
  const auto begin = overlap::Clock::now();
  std::size_t total = 0;
  for (std::size_t size : executor->map(download_site, sites)) total += size;
  std::printf("Downloaded %zu in %.2f seconds (%zu bytes)\n", sites.size(), seconds_since(begin), total);
}
