// 1000 calls of a JSON API: api MODEL BASE_URL
#include <overlap/http.hpp>
#include <overlap/overlap.hpp>

#include <boost/json.hpp>
#include <cstdio>
#include <ranges>
#include <string>

#include "model.hpp"

overlap::Task<std::int64_t> read_record(std::string base, int id) {
  auto response = co_await overlap::http::get(base + "/json/" + std::to_string(id));
  co_return boost::json::parse(response.body).at("id").to_number<std::int64_t>();
}

int main(int argc, char** argv) {
  overlap::main_guard guard(argc, argv);
  if (argc != 3) return std::fprintf(stderr, "usage: api inline|threads|loop|processes BASE_URL\n"), 2;
  const auto ids = std::views::iota(0, 1000);
  const std::vector<std::string> bases(1000, argv[2]);

  auto executor = executor_for(argv[1]);
  const auto begin = overlap::Clock::now();
  std::int64_t sum = 0;
  for (std::int64_t id : executor->map(read_record, bases, ids)) sum += id;
  std::printf("1000 calls in %.2f seconds, the ids sum up to %lld\n", seconds_since(begin),
              static_cast<long long>(sum));
}
