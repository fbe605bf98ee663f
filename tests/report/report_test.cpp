#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kiln/base/result.hpp"
#include "report/screen.hpp"
#include "report/table.hpp"
#include "report/units.hpp"

namespace kiln::report {
namespace {

TEST(Numbers, KeepThreeSignificantDigitsOrWholeNumbers) {
  EXPECT_EQ(number(16960.4), "16,960");
  EXPECT_EQ(number(99.96), "100");
  EXPECT_EQ(number(12.345), "12.3");
  EXPECT_EQ(number(9.999), "10.0");
  EXPECT_EQ(number(1.2345), "1.23");
  EXPECT_EQ(number(0.99999), "1.00");
  EXPECT_EQ(number(0.012345), "0.0123");
  EXPECT_EQ(number(0), "0");
  EXPECT_EQ(number(-3.14159), "-3.14");
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(percent(0.5512), "55.1 %");
  EXPECT_EQ(bytes(999), "999 B");
  EXPECT_EQ(bytes(3650000000), "3.65 GB");
}

TEST(Table, AlignsTheFirstColumnLeftAndTheOthersRight) {
  Table table({"unit", "cycles", "<note"});
  table.row({"a", "1,000", "x"});
  table.row({"longer", "1", "yy"});
  EXPECT_EQ(table.text(),
            "unit    cycles  note\n"
            "------  ------  ----\n"
            "a        1,000  x\n"
            "longer       1  yy\n");
  EXPECT_THROW(table.row({"too few"}), base::BugError);
}

TEST(Units, AreTheLargestInWhichTheValueIsAtLeastOne) {
  EXPECT_EQ(seconds(0), "0 s");
  EXPECT_EQ(seconds(344), "344 s");
  EXPECT_EQ(seconds(1), "1.00 s");
  EXPECT_EQ(seconds(0.9996), "1.00 s");
  EXPECT_EQ(seconds(0.9994), "999 ms");
  EXPECT_EQ(seconds(0.0138), "13.8 ms");
  EXPECT_EQ(milliseconds(13.8), "13.8 ms");
  EXPECT_EQ(microseconds(763.2), "763 µs");
  EXPECT_EQ(microseconds(1234), "1.23 ms");
  EXPECT_EQ(seconds(2.5e-9), "2.50 ns");
  EXPECT_EQ(seconds(2.5e-11), "0.025 ns");
  EXPECT_EQ(seconds(-0.002), "-2.00 ms");
  EXPECT_EQ(joules(3.316), "3.32 J");
  EXPECT_EQ(millijoules(2.184), "2.18 mJ");
  EXPECT_EQ(millijoules(0.0473), "47.3 µJ");
  EXPECT_EQ(millijoules(1.28e-6), "1.28 nJ");
  EXPECT_EQ(joules(4e-12), "4.00 pJ");
}

TEST(Units, OfARangeAreTheTypicalValues) {
  EXPECT_EQ(millijoules(base::Range{0.647, 2.18, 5.86}), "2.18 mJ (0.647 to 5.86)");
  EXPECT_EQ(millijoules(base::Range{0.0156, 0.0473, 1.08}), "47.3 µJ (15.6 to 1,080)");
}

TEST(Screen, ShowsFourGpusUnlessMoreAreAskedFor) {
  using Names = std::vector<std::string>;
  const Names known = {"a100", "b200", "h100-sxm", "h200", "l4", "rtx-4090"};
  EXPECT_EQ(shown_gpus({}, known), Names({"h100-sxm", "h200", "b200", "rtx-4090"}));
  EXPECT_EQ(shown_gpus({}, {"own", "h200", "other"}), Names({"h200", "own", "other"}));
  Screen screen;
  screen.gpus = {"l4", "a100", "l4", "h200", "b200", "h100-sxm", "none"};
  EXPECT_EQ(shown_gpus(screen, known), Names({"l4", "a100", "h200", "b200", "h100-sxm"}));
  screen.all_gpus = true;
  EXPECT_EQ(shown_gpus(screen, known), known);
  EXPECT_EQ(hidden_gpus_line(4, 4, true), "");
  EXPECT_THAT(hidden_gpus_line(4, 6, false), testing::StartsWith("4 of 6 GPUs: --gpu all"));
}

TEST(Prose, IsBrokenAtSpaces) {
  EXPECT_EQ(wrapped("one two three", 8), "one two\n  three\n");
  EXPECT_EQ(wrapped("a_word_that_is_longer b", 8), "a_word_that_is_longer\n  b\n");
  EXPECT_EQ(wrapped("µµ µµ", 5), "µµ µµ\n");
  EXPECT_EQ(wrapped("", 5), "\n");
  EXPECT_EQ(hanging("  --set X   change one value", 12, 20),
            "  --set X   change\n            one\n            value\n");
  EXPECT_EQ(hanging("short", 12, 20), "short\n");
  EXPECT_EQ(hanging("a_word_that_is_longer_than_all", 4, 20), "a_word_that_is_longer_than_all\n");
  EXPECT_EQ(listed({"a", "b", "c"}), "a, b and c");
  EXPECT_EQ(listed({"a"}), "a");
}

TEST(Table, CountsCharactersNotBytes) {
  Table table({"a", "b"});
  table.row({"\xC3\xA9", "1"});
  EXPECT_EQ(table.text(), "a  b\n-  -\n\xC3\xA9  1\n");
}

}  // namespace
}  // namespace kiln::report
