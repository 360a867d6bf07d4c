// The one table of the words of an enumeration: what a user writes, what a document says.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace wireproof {

template <typename Enum, std::size_t kCount>
using Words = std::array<std::pair<Enum, std::string_view>, kCount>;

// The table must have the value.
template <typename Enum, std::size_t kCount>
[[nodiscard]] constexpr std::string_view word_of(const Words<Enum, kCount>& words, Enum value) {
  for (const auto& [one, word] : words) {
    if (one == value) return word;
  }
  return words.front().second;
}

template <typename Enum, std::size_t kCount>
[[nodiscard]] constexpr std::optional<Enum> value_of(const Words<Enum, kCount>& words,
                                                     std::string_view text) {
  for (const auto& [value, word] : words) {
    if (word == text) return value;
  }
  return std::nullopt;
}

// "burst, precise"
template <typename Enum, std::size_t kCount>
[[nodiscard]] std::string all_words(const Words<Enum, kCount>& words) {
  std::string all;
  for (const auto& [value, word] : words) all.append(all.empty() ? "" : ", ").append(word);
  return all;
}

}  // namespace wireproof
