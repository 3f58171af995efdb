#pragma once
/// What may cross a process boundary.

#include <overlap/core/detail/archive.hpp>
#include <overlap/core/detail/outcome.hpp>

namespace overlap {

namespace detail {

template <class T>
struct IsShippable
    : std::bool_constant<(std::is_arithmetic_v<T> || std::is_enum_v<T> || CrossesAsBytes<T> ||
                          (std::is_empty_v<T> && std::is_default_constructible_v<T> && !cereal_knows<T>) ||
                          (std::is_class_v<T> && cereal_knows<T> && std::is_default_constructible_v<T>))> {};

// Cereal says yes to a container of anything and then fails to compile: look inside.
template <class... T>
inline constexpr bool all_shippable = (IsShippable<T>::value && ...);

template <>
struct IsShippable<void> : std::true_type {};
template <class C, class Traits, class Allocator>
struct IsShippable<std::basic_string<C, Traits, Allocator>> : std::is_arithmetic<C> {};
template <class T, class A>
struct IsShippable<std::vector<T, A>> : IsShippable<T> {};
template <class T, class A>
struct IsShippable<std::deque<T, A>> : IsShippable<T> {};
template <class T, std::size_t N>
struct IsShippable<std::array<T, N>> : IsShippable<T> {};
template <class T>
struct IsShippable<std::optional<T>> : IsShippable<T> {};
template <class A, class B>
struct IsShippable<std::pair<A, B>> : std::bool_constant<all_shippable<A, B>> {};
template <class... T>
struct IsShippable<std::tuple<T...>> : std::bool_constant<all_shippable<T...>> {};
template <class... T>
struct IsShippable<std::variant<T...>> : std::bool_constant<all_shippable<T...>> {};
template <class K, class V, class C, class A>
struct IsShippable<std::map<K, V, C, A>> : std::bool_constant<all_shippable<K, V>> {};
template <class K, class V, class H, class E, class A>
struct IsShippable<std::unordered_map<K, V, H, E, A>> : std::bool_constant<all_shippable<K, V>> {};
template <class T, class C, class A>
struct IsShippable<std::set<T, C, A>> : IsShippable<T> {};
template <class T, class H, class E, class A>
struct IsShippable<std::unordered_set<T, H, E, A>> : IsShippable<T> {};
template <class K, class V, class C, class A>
struct IsShippable<std::multimap<K, V, C, A>> : std::bool_constant<all_shippable<K, V>> {};
template <class K, class V, class H, class E, class A>
struct IsShippable<std::unordered_multimap<K, V, H, E, A>> : std::bool_constant<all_shippable<K, V>> {};
template <class T, class C, class A>
struct IsShippable<std::multiset<T, C, A>> : IsShippable<T> {};
template <class T, class H, class E, class A>
struct IsShippable<std::unordered_multiset<T, H, E, A>> : IsShippable<T> {};
template <class R, class P>
struct IsShippable<std::chrono::duration<R, P>> : IsShippable<R> {};
template <class T>
struct IsShippable<Outcome<T>> : IsShippable<T> {};

/// A part of a call itself may be a function pointer too.
template <class T>
inline constexpr bool shippable_part = is_function_pointer<T> || IsShippable<T>::value;
/// The inputs of one call among those of a chunk.
template <class... T>
struct IsShippable<Outcome<std::tuple<T...>>> : std::bool_constant<(shippable_part<T> && ...)> {};

/// A callable that can be named in another process: a function pointer, or a type that is all there is to it.
template <class F>
inline constexpr bool shippable_callable =
    is_function_pointer<F> || (std::is_empty_v<F> && std::is_default_constructible_v<F>);

}  // namespace detail

/// True for what can be an argument or a result of work in another process: numbers, enums, strings, the standard
/// containers, tuples, optionals and variants of such; captureless lambdas; plain structs; every class that cereal can
/// save and load; and, as an argument itself, a function pointer. Other pointers and references can't.
template <class T>
inline constexpr bool is_shippable = detail::shippable_part<T>;

}  // namespace overlap
