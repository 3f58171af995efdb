// What may cross a process boundary is known to the compiler: these facts are static_asserts.

#include <overlap/core/shippable.hpp>

#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>

namespace overlap {
namespace {

struct Plain {
  int x;
  double y;
};
class NotPlain {
 public:
  explicit NotPlain(int) {}
  int x = 0;
};
struct ForCereal {
  std::string name;
  template <class Archive>
  void serialize(Archive& archive) {
    archive(name);
  }
};
class ForCerealButNotMadeOfNothing {
 public:
  explicit ForCerealButNotMadeOfNothing(int) {}
  template <class Archive>
  void serialize(Archive&) {}
};
enum class Colour { red };
struct Empty {};

static_assert(is_shippable<void>);
static_assert(is_shippable<int> && is_shippable<bool> && is_shippable<double> && is_shippable<char8_t>);
static_assert(is_shippable<Colour> && is_shippable<Empty> && is_shippable<Plain> && is_shippable<ForCereal>);
static_assert(is_shippable<std::string> && is_shippable<std::wstring>);
static_assert(is_shippable<std::vector<Plain>> && is_shippable<std::vector<std::vector<std::string>>>);
static_assert(is_shippable<std::vector<bool>> && is_shippable<std::deque<int>> && is_shippable<std::array<int, 3>>);
static_assert(is_shippable<std::map<std::string, Plain>> && is_shippable<std::unordered_map<int, ForCereal>>);
static_assert(is_shippable<std::multimap<int, std::string>> && is_shippable<std::unordered_multimap<int, int>>);
static_assert(is_shippable<std::set<int>> && is_shippable<std::unordered_set<std::string>>);
static_assert(is_shippable<std::multiset<int>> && is_shippable<std::unordered_multiset<int>>);
static_assert(is_shippable<std::pair<int, std::string>> && is_shippable<std::tuple<int, std::string>>);
static_assert(is_shippable<std::optional<Plain>> && is_shippable<std::variant<std::monostate, int, std::string>>);
static_assert(is_shippable<std::monostate> && is_shippable<std::tuple<>>);
static_assert(is_shippable<std::chrono::milliseconds>);
static_assert(is_shippable<int (*)(double)>, "as an argument itself");

static_assert(!is_shippable<int*> && !is_shippable<const char*> && !is_shippable<void*>);
static_assert(!is_shippable<int&> && !is_shippable<std::reference_wrapper<int>>);
static_assert(!is_shippable<std::nullptr_t> && !is_shippable<int Plain::*> && !is_shippable<void (Plain::*)()>);
static_assert(!is_shippable<std::string_view> && !is_shippable<std::span<int>>);
static_assert(!is_shippable<std::unique_ptr<int>> && !is_shippable<std::shared_ptr<int>>);
static_assert(!is_shippable<std::function<void()>> && !is_shippable<std::thread> && !is_shippable<std::mutex>);
static_assert(!is_shippable<NotPlain> && !is_shippable<ForCerealButNotMadeOfNothing>);
static_assert(!is_shippable<std::vector<int*>> && !is_shippable<std::vector<std::unique_ptr<int>>>);
static_assert(!is_shippable<std::deque<int*>> && !is_shippable<std::array<int*, 2>>);
static_assert(!is_shippable<std::map<int, int*>> && !is_shippable<std::map<std::string_view, int>>);
static_assert(!is_shippable<std::unordered_map<int, NotPlain>>);
static_assert(!is_shippable<std::multimap<int, int*>> && !is_shippable<std::unordered_multimap<int, NotPlain>>);
static_assert(!is_shippable<std::set<int*>> && !is_shippable<std::multiset<int*>>);
static_assert(!is_shippable<std::unordered_set<int*>> && !is_shippable<std::unordered_multiset<int*>>);
static_assert(!is_shippable<std::pair<int, int*>> && !is_shippable<std::tuple<int, NotPlain>>);
static_assert(!is_shippable<std::optional<int*>> && !is_shippable<std::variant<int, int*>>);
static_assert(!is_shippable<std::vector<int (*)()>>, "a function pointer crosses only by itself");

template <class F>
constexpr bool callable(F) {
  return detail::shippable_callable<F>;
}

static_assert(callable([] {}) && callable(std::plus<>()) && callable(+[](int) {}));
static_assert(!callable([x = 1] { return x; }));
static_assert(!callable(&Plain::x));

TEST(Shippable, IsKnownToTheCompiler) { SUCCEED(); }

}  // namespace
}  // namespace overlap
