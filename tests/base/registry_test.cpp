// A table that programs add to: names are unique, entries stay where they are, threads may add at the same time.
#include "base/registry.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

namespace kiln::base {
namespace {

TEST(Registry, KeepsTheOrderAndRefusesANameTwice) {
  Registry<int> numbers({{"one", 1}, {"two", 2}});
  EXPECT_TRUE(numbers.add("three", 3));
  EXPECT_FALSE(numbers.add("one", 11));
  EXPECT_EQ(*numbers.find("one"), 1);
  EXPECT_EQ(numbers.find("four"), nullptr);
  EXPECT_EQ(numbers.find(""), nullptr);
  EXPECT_THAT(numbers.names(), ::testing::ElementsAre("one", "two", "three"));
}

TEST(Registry, AnEntryStaysWhereItIs) {
  Registry<int> numbers({{"first", 7}});
  const int* first = numbers.find("first");
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(numbers.add(std::to_string(i), i));
  EXPECT_EQ(numbers.find("first"), first);
  EXPECT_EQ(*first, 7);
}

TEST(Registry, OfManyWhoAddOneNameAtOnceOneSucceeds) {
  Registry<int> numbers({});
  std::atomic<int> added = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int name = 0; name < 100; ++name) {
        added += numbers.add(std::to_string(name), i) ? 1 : 0;
        (void)numbers.find(std::to_string(name / 2));
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(added, 100);
  EXPECT_EQ(numbers.names().size(), 100U);
}

}  // namespace
}  // namespace kiln::base
